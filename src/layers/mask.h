/* The mask of a coupling layer: which values of a sample are part a, which the layer passes, and
 * which are part b. A part is a list of runs of values side by side, so that a layer works on dense
 * arrays (n, size) of its values, whatever the mask. */
#ifndef NF_LAYERS_MASK_H
#define NF_LAYERS_MASK_H

#include "layers/conditioner.h"

/* A run is the part's channels at one pixel. Run r begins at x[in_x[r]] of a sample, and at
 * input[in_net[r]] of the network for part a. For part b, with c_b channels in the part,
 * output[in_net[r] + j·c_b] is where the network's numbers j for it begin. */
typedef struct {
  size_t size; /* runs · run values */
  size_t run, runs;
  uint32_t *in_x, *in_net;
} nf_part;

/* The runs of part a, or of b, pixel by pixel, beside a network of net_c channels;
 * false when memory is out. Free it in either case. */
bool nf_part_list(nf_shape shape, nf_mask mask, bool b, size_t net_c, nf_part *p);
void nf_part_free(nf_part *p);

/* c_a or c_b: the channels of a part at the pixels where it has any */
size_t nf_mask_channels(nf_shape shape, nf_mask mask, bool b);

/* The runs of a part in an array of n samples: run r of sample i begins at data[i·row + first[r]],
 * or where a sample is a column at data[first[r]·n + i]. */
typedef struct {
  size_t n;
  nf_real *data;
  const uint32_t *first;
  size_t row; /* values of a sample */
  bool columns;
} nf_runs;

nf_runs nf_runs_of_batch(const nf_part *p, const nf_batch *x);
/* In the net's output from `offset` values on */
nf_runs nf_runs_of_output(const nf_part *p, const nf_net *net, size_t n, nf_real *output,
                          size_t offset);

typedef enum { NF_GATHER, NF_SCATTER } nf_way;
/* From the runs to a dense array (n, size), or back */
void nf_move(nf_way way, const nf_part *p, nf_runs of, nf_real *dense);
/* Of every run `numbers` values from its beginning, to planes, one for each of these, or back:
 * number k of run r of sample i at planes[(k·runs + r)·n + i]. */
void nf_move_planes(nf_way way, const nf_part *p, nf_runs of, size_t numbers, nf_real *planes);

/* act->output = net(x_a), of b's net; under a checkerboard it sees 0 at part b. */
int nf_part_run(const nf_bijector *b, const nf_part *a, const nf_batch *x, bool need_hidden,
                nf_activation *act, nf_work *work);
/* dx_a = dz_a + (∂net/∂x_a)ᵀ doutput */
int nf_part_backward(const nf_bijector *b, const nf_part *a, nf_batch *dz, const nf_activation *act,
                     const nf_real *doutput, const nf_turn *turn, nf_work *work);

/* Whether the shape has two parts, and the net maps that of part a to `out`; else *e says what
 * does not fit. */
bool nf_mask_fits(nf_shape shape, nf_mask mask, nf_shape out, const nf_net *net, nf_error *e);

#endif
