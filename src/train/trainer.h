/* Maximum likelihood (NOTES 4): make the data probable, one mini-batch at a time.
 *
 *   L(θ) = -(1/n) Σ_i log p(x_i; θ)      g = ∂L/∂θ      g ← g·min(1, clip/‖g‖)
 *   θ ← Adam(θ, g)                        θ̄ ← θ̄ + (1-d)(θ - θ̄),   d = min(ema, (1+t)/(10+t))
 *
 * After a step everything is determined by what a checkpoint saves: the flow's two arrays, m, v
 * and average (n_param each), step and plateau. From the same numbers and batches follow the same
 * weights, bit for bit, at any number of threads. */
#ifndef NF_TRAIN_TRAINER_H
#define NF_TRAIN_TRAINER_H

#include "flow/flow.h"
#include "train/adam.h"
#include "train/schedule.h"

typedef struct {
  nf_adam adam;
  nf_schedule schedule;
  double clip; /* the largest ‖g‖; 0: not clipped */
  /* Adam within backward, stage by stage: θ, m and v are all that is as long as the parameters, and
   * the bits are the same. Needs clip = 0, since ‖g‖ is known only when all is done. */
  bool fused;
  double ema; /* decay of the averaged weights, in [0, 1); 0: the weights themselves */
} nf_train_settings;

/* Adam at a constant rate of 0.001, nothing clipped or averaged: start here. */
nf_train_settings nf_train_default(void);

typedef struct {
  nf_train_settings set; /* may be changed between steps, but an ema of 0 stays 0 */
  nf_flow *flow;         /* not owned */
  uint64_t step;         /* steps done */
  nf_plateau plateau;
  nf_real *m, *v;    /* n_param each */
  bool averages;     /* ema > 0 when it was made */
  nf_real *average;  /* n_param; flow->param itself when nothing is averaged */
  nf_real *gradient; /* n_param, of the last step; nothing to save. NULL when fused */
  double *square;    /* the gradient's, slice by slice or, when fused, stage by stage */
} nf_trainer;

typedef struct {
  double loss; /* nats per sample, before the step */
  double norm; /* ‖g‖ before clipping */
  double rate;
} nf_train_stats;

/* Starts from the flow's weights: let them observe data first (nf_flow_observe).
 * errors  NF_EINVAL (a setting out of its range), NF_ENOMEM */
int nf_trainer_new(nf_trainer **trainer, nf_flow *flow, const nf_train_settings *set);
void nf_trainer_free(nf_trainer *t); /* not the flow; NULL is fine */

/* One step on a batch. Noise that the flow adds belongs to (x->draw, x->first + i): number the
 * batches so that it does not repeat, as by first = step·n.
 * errors  NF_ENONFINITE (loss or gradient; nf_flow_culprit may name the layer), NF_EINVAL, and
 *         those of nf_flow_gradient; all but `gradient` is then as it was. Only if fused, and if
 *         the loss is finite but its gradient is not, have stages above that place moved: go back
 *         to a checkpoint. stats may be NULL. */
int nf_train_step(nf_trainer *t, const nf_batch *x, nf_train_stats *stats);

/* The second half of a step, for those who put together loss and t->gradient themselves, from
 * several machines say. NF_EINVAL when fused. */
int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats);

/* Exchanges the flow's weights and the averaged ones, to evaluate, sample or save; a second call
 * puts them back. Train only with them in their places. */
void nf_trainer_swap_average(nf_trainer *t);

#endif
