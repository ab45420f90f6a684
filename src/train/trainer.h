/* A trainer from within. After a step everything is determined by what a checkpoint saves: the
 * flow's parameters and constants, m, v and ema, step and plateau. */
#ifndef NF_TRAIN_TRAINER_H
#define NF_TRAIN_TRAINER_H

#include "flow/flow.h"
#include "train/optim.h"

struct nf_trainer {
  nf_train_settings settings;
  nf_flow *flow; /* not owned */
  uint64_t step; /* done */
  nf_plateau plateau;
  nf_real *m, *v;    /* n_param each */
  bool has_ema;      /* settings.ema > 0 when it was made */
  nf_real *ema;      /* θ̄, n_param; NULL without */
  nf_real *gradient; /* n_param, of the last step; NULL when fused */
  double *square;    /* Σ g² by slice or, when fused, by stage */
};

/* Flow matching (matching.c): loss and gradient (n_param) on a batch, for a caller between enter
 * and leave. The flow must fit: its last layer is continuous. errors  as nf_gradient */
bool nf_matching_fits(const nf_flow *f);
int nf_matching_gradient(nf_flow *f, uint64_t seed, const nf_batch *x, double *loss,
                         nf_real *gradient, nf_error *e);

/* Loss and gradient of what the trainer minimises, into t->gradient. errors  as nf_flow_gradient */
int nf_train_gradient_batch(nf_trainer *t, const nf_batch *x, double *loss, nf_error *e);

/* nf_train_step on samples with given numbers, on which their noise depends. */
int nf_train_step_batch(nf_trainer *t, const nf_batch *x, nf_train_stats *stats, nf_error *e);

/* A step from a loss and t->gradient that the caller has put together, from several machines say.
 * errors  NF_EINVAL (fused), NF_ENONFINITE */
int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats, nf_error *e);

#endif
