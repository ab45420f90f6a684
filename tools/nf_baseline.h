/* What a flow must beat: two densities that anyone can fit, to exactly the samples on which the
 * flow was trained, and without descent.
 *
 *   independent pixels   log P(x) = Σ_j log (count_j(x_j) + 1)/(n + levels)
 *   one Gaussian         of the pixels after the flow's own dequantisation and logit
 *
 * The first is a histogram at every place, with one sample of each level added so that none is
 * impossible, and exact. The second is a flow itself (train/gaussian.h), so that it is judged as
 * one: by the same bound, on the same draws of the noise. */
#ifndef NF_TOOLS_BASELINE_H
#define NF_TOOLS_BASELINE_H

#include "nf_tool.h"

typedef struct {
  nf_data data;
  size_t *order; /* of the whole set */
  size_t n;      /* samples trained on, which are the last of order */
} nf_seen;       /* start from {0} */

/* The samples on which the flow in c, saved as path, was trained; spec is their set's name.
 * errors  those of nf_data_load, NF_EINVAL (it was another set) */
int nf_seen_load(const nf_checkpoint *c, const char *path, const char *spec, nf_seen *out,
                 char message[NF_MESSAGE]);
void nf_seen_free(nf_seen *s);

/* log P(x), nats, of samples index[0 … n-1] of images of the same shape.   errors  NF_ENOMEM */
int nf_baseline_pixels(const nf_seen *s, const nf_data *data, size_t n, const size_t *index,
                       double *log_p);

/* m is the model beside which it stands. *shrinkage is the λ of nf_gaussian_fit.
 * errors  those of nf_gaussian_fit, NF_ESHAPE (more than 4096 dimensions) */
int nf_baseline_gaussian(const nf_seen *s, const nf_model *m, nf_flow **out, double *shrinkage);

#endif
