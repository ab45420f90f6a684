/* MADE, the masked autoencoder (Germain et al. 2015): the MLP without the weights on any path from
 * an input to an output that must not depend on it (NOTES (10.10)). Every unit has a degree:
 *
 *   inputs    1 … d, a permutation, the order in which the values follow one another
 *   hidden    1 … d-1, rising, in equal shares
 *   outputs   that of the value they belong to
 *
 * A weight to a hidden unit of degree m remains from units of degree m and below, one to an output
 * of degree m from those below m: the outputs of the first value are constants, those of value i
 * depend on all values before it in the order, and on nothing else. */
#ifndef NF_NETS_MADE_H
#define NF_NETS_MADE_H

#include "nf/net.h"

/* The parameters of nf_mlp_new with n_raw outputs a value: output k·d + i is number k of value i.
 * nf_made_mask must give it an order before it runs. */
nf_net *nf_made_new(nf_shape in, size_t n_raw, size_t width, nf_error *e);

/* Takes the inputs' degrees (d), and sets the weights that must not be there to 0. Their gradient
 * is 0. */
void nf_made_mask(nf_net *net, const size_t *degree);

/* A part of forward, for n samples: y (n_raw, n), the outputs of value i, whose degree is m, and
 * the hidden units of degree m-1 that they need. x (d, n) has all values of a degree below m; the
 * others may be any finite numbers. hidden (n·n_hidden) has the units of steps before. Steps m = 1
 * … d together have the cost of forward. */
void nf_made_step(const nf_net *net, size_t i, size_t n, const nf_real *x, nf_real *hidden,
                  nf_real *y);

#endif
