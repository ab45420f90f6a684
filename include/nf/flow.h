/* A flow: a bijector f and the base density N(0, I). It owns the bijector and all its parameters.
 *
 *   log p_X(x) = log p_Z(f(x)) + log|det ∂f(x)/∂x|       nats; NOTES (1.5)
 *   x = f⁻¹(T·z),  z ~ N(0, I)                           samples at temperature T
 *
 * Arrays of samples are (n, D), row-major: x[i·D … (i+1)·D) is sample i, with D = h·w·c and a
 * sample in the order row, column, channel. Inputs are const and never changed; the arrays for
 * outputs are written only when the whole call succeeds.
 *
 * Threads. A flow spreads the samples of one call over its own threads (nf_flow_set_threads); the
 * results are the same bits for any number of them. One flow serves one caller at a time: a call
 * from a second thread while another runs returns NF_EBUSY. Different flows are independent. After
 * fork() the child has the flow, but none of its threads: calls in the child run on the calling
 * thread, with the same results. Fork while no call is running. */
#ifndef NF_FLOW_H
#define NF_FLOW_H

#include "nf/layer.h"

NF_BEGIN_DECLS

typedef struct nf_flow nf_flow;

/* Takes ownership of b, also when it fails; parameters are initialised from `seed`. 1 thread.
 * Returns NULL and sets *e on failure.   errors  NF_ENOMEM, NF_EINVAL (b is NULL) */
nf_flow *nf_flow_new(nf_bijector *b, uint64_t seed, nf_error *e);
void nf_flow_free(nf_flow *f); /* NULL is fine */

nf_shape nf_flow_shape(const nf_flow *f);   /* of one sample */
size_t nf_flow_dim(const nf_flow *f);       /* D */
size_t nf_flow_condition(const nf_flow *f); /* C; 0: p(x), not p(x | y) */
size_t nf_flow_n_param(const nf_flow *f);
/* All parameters, n_param values, in the order of the layers. They may be changed between calls. */
nf_real *nf_flow_param(nf_flow *f);

/* 1 to 1024 threads, the calling one included.   errors  NF_EINVAL, NF_ENOMEM, NF_EBUSY */
int nf_flow_set_threads(nf_flow *f, int threads, nf_error *e);

/* Data-dependent initialisation: every layer that has one, such as actnorm, and has not been
 * initialised yet, takes it from the samples as the layers before it map them (Kingma & Dhariwal
 * 2018, 3.1). Call it once before training, with some hundred samples. On an error all parameters
 * are as they were.   errors  NF_EINVAL (no samples), and those below */
int nf_flow_init_from_data(nf_flow *f, size_t n, const nf_real *x, nf_error *e);

/* log_p[i] = log p_X(x_i), nats, n values. With a dequantise layer first and pixels as x it is the
 * lower bound of log P(image) with one draw of the noise.
 * errors  NF_EINVAL (f or x is NULL, or the density is conditional), NF_EDOM, NF_ENONFINITE,
 *         NF_ESINGULAR, NF_EFORMAT (a constant), NF_ENOMEM, NF_EBUSY: so for all that follow */
int nf_flow_log_prob(nf_flow *f, size_t n, const nf_real *x, double *log_p, nf_error *e);

/* z = f(x), (n, D);   log_det[i] = log|det ∂f/∂x| at x_i, nats. Either output may be NULL. */
int nf_flow_forward(nf_flow *f, size_t n, const nf_real *x, nf_real *z, double *log_det,
                    nf_error *e);
/* x = f⁻¹(z), (n, D);   log_det[i] = log|det ∂f⁻¹/∂z| at z_i. Either output may be NULL. */
int nf_flow_inverse(nf_flow *f, size_t n, const nf_real *z, nf_real *x, double *log_det,
                    nf_error *e);

/* x_i = f⁻¹(T·z_i), z_i ~ N(0, I) by (seed, i): sample i is the same whatever n.
 * errors  NF_EINVAL too for T, which is finite and 0 or more */
int nf_flow_sample(nf_flow *f, size_t n, uint64_t seed, double temperature, nf_real *x,
                   nf_error *e);

/* Maximum likelihood (NOTES (5.1)): *loss = -(1/n) Σ log p_X(x_i), nats, and
 * gradient[k] = ∂loss/∂θ_k, n_param values. On an error *loss is as it was, gradient undefined.
 * errors  NF_EINVAL too for n = 0, and for a layer without backward */
int nf_flow_gradient(nf_flow *f, size_t n, const nf_real *x, double *loss, nf_real *gradient,
                     nf_error *e);

/* --- conditional flows ----------------------------------------------------------------------- */

/* A flow with conditional layers (nf_coupling_new) is a density p(x | y) for every y, and the
 * functions above do not serve it: y (n, C) has one condition a sample, such as a class as 1 of C
 * numbers and 0 the others.
 *
 *   log p_X(x | y) = log p_Z(f(x; y)) + log|det ∂f(x; y)/∂x|            NOTES (8.5)
 *
 * errors  NF_EINVAL (y is NULL), NF_ESHAPE (the flow has no condition), NF_ENONFINITE, and those of
 *         the functions without y */
int nf_flow_init_from_data_given(nf_flow *f, size_t n, const nf_real *x, const nf_real *y,
                                 nf_error *e);
int nf_flow_log_prob_given(nf_flow *f, size_t n, const nf_real *x, const nf_real *y, double *log_p,
                           nf_error *e);
int nf_flow_sample_given(nf_flow *f, size_t n, const nf_real *y, uint64_t seed, double temperature,
                         nf_real *x, nf_error *e);

/* bits/dim = -log p/(D log 2). Preprocessing is part of the flow, so there is no offset. */
double nf_bits_per_dim(double log_p, size_t d);

NF_END_DECLS

#endif
