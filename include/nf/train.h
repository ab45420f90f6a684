/* Training by maximum likelihood (NOTES (5.1)), one mini-batch at a time.
 *
 *   L(θ) = -(1/n) Σ_i log p(x_i; θ)      g = ∂L/∂θ      g ← g·min(1, clip/‖g‖)
 *   θ ← Adam(θ, g)                       θ̄ ← θ̄ + (1-d)(θ - θ̄),   d = min(ema, (1+t)/(10+t))
 *
 * From the same settings, seed and batches follow the same weights, bit for bit, at any number of
 * threads, and also across nf_save and nf_load_into. */
#ifndef NF_TRAIN_H
#define NF_TRAIN_H

#include "nf/model.h"

NF_BEGIN_DECLS

/* --- optimiser (Kingma & Ba 2015, algorithms 1 and 2) ---------------------------------------- */

/* Step t = 1, 2, … with gradient g:
 *
 *   m ← β₁m + (1-β₁)g                            m̂ = m/(1-β₁ᵗ)
 *   Adam    v ← β₂v + (1-β₂)g²   v̂ = v/(1-β₂ᵗ)   θ ← θ - rate·m̂/(√v̂ + ε)
 *   Adamax  v ← max(β₂v, |g|)                     θ ← θ - rate·m̂/(v + ε)                  */
typedef enum { NF_ADAM, NF_ADAMAX } nf_rule;
typedef struct {
  nf_rule rule;
  double beta1, beta2; /* in [0, 1) */
  double epsilon;      /* > 0 */
} nf_adam;

/* β₁ = 0.9, β₂ = 0.999, ε = 1e-8: the paper's. */
nf_adam nf_adam_default(nf_rule rule);

/* The learning rate of step t = 1, 2, …: a linear warm-up, then constant or a decay.
 *
 *   warm-up   rate·t/warmup                                              t ≤ warmup
 *   constant  rate
 *   cosine    rate·(floor + (1-floor)·(1 + cos πp)/2),   p = (t-warmup)/(steps-warmup), at most 1
 *   plateau   rate·max(floor, factorᵏ),   k = how often the loss stopped falling             */
typedef enum { NF_CONSTANT, NF_COSINE, NF_PLATEAU } nf_decay;
typedef struct {
  nf_decay decay;
  double rate;       /* > 0 */
  uint64_t warmup;   /* steps; 0: none */
  uint64_t steps;    /* cosine: length of the run, warm-up included */
  double floor;      /* of the rate, as a part of it, in [0, 1] */
  double factor;     /* plateau: in (0, 1) */
  uint64_t patience; /* plateau: reports without a new lowest loss before the rate falls */
} nf_schedule;

/* --- the trainer ----------------------------------------------------------------------------- */

typedef struct {
  nf_adam adam;
  nf_schedule schedule;
  double clip; /* the largest ‖g‖; 0: not clipped */
  double ema;  /* decay of the exponential moving average θ̄, in [0, 1); 0: no average */
  /* Adam runs within backward, stage by stage of the flow, so that no array for the whole gradient
   * is needed. The same bits. Needs clip = 0, since ‖g‖ is known only at the end. */
  bool fused;
  /* Flow matching (NOTES (12.10)) instead of maximum likelihood, for a flow whose last layer is
   * continuous; the layers before it are not trained. Not with fused.
   *
   *   L(θ) = (1/n) Σ_i ‖v((1-t_i)x_i + t_i z_i, t_i) - (z_i - x_i)‖²     z_i ~ N(0, I), t_i uniform
   *
   * L is a squared distance, not nats; log p is that of the flow, by its ODE. */
  bool matching;
  uint64_t seed; /* of its latents and times */
} nf_train_settings;

/* Adam at a constant rate of 0.001, no clipping, no average. */
nf_train_settings nf_train_default(void);

typedef struct {
  double loss; /* nats per sample, or the loss of flow matching; before the step */
  double norm; /* ‖g‖ before clipping */
  double rate;
} nf_train_stats;

typedef struct nf_trainer nf_trainer;

/* The flow is not owned and must outlive the trainer. Call nf_flow_init_from_data before.
 * Returns NULL and sets *e on failure.
 * errors  NF_EINVAL (a setting out of its range), NF_ENOMEM */
nf_trainer *nf_trainer_new(nf_flow *f, const nf_train_settings *settings, nf_error *e);
void nf_trainer_free(nf_trainer *t); /* not the flow; NULL is fine */

/* One step on n samples x (n, D). The noise of a dequantise layer is that of samples
 * n·step … n·step + n - 1, so it is new in every step. stats may be NULL.
 * errors  NF_ENONFINITE (loss or gradient; the message names the layer), and those of
 *         nf_flow_gradient; flow and trainer are then as they were. Only when fused, and if the
 *         loss is finite but its gradient is not, some layers have been changed: go back to a
 *         checkpoint. */
int nf_train_step(nf_trainer *t, size_t n, const nf_real *x, nf_train_stats *stats, nf_error *e);
/* The same for a conditional flow, with y (n, C). */
int nf_train_step_given(nf_trainer *t, size_t n, const nf_real *x, const nf_real *y,
                        nf_train_stats *stats, nf_error *e);
uint64_t nf_trainer_steps(const nf_trainer *t); /* done */

/* Other settings from the next step on; `fused`, and whether there is an average, cannot change.
 * errors  NF_EINVAL */
int nf_trainer_set(nf_trainer *t, const nf_train_settings *settings, nf_error *e);
/* A validation loss, for the plateau schedule; one that is not finite is no improvement. True when
 * it is the lowest so far. */
bool nf_trainer_report(nf_trainer *t, double loss);

/* Exchanges the flow's weights and θ̄, to evaluate, sample or save with θ̄; a second call puts them
 * back. Train only with the weights in their places. */
void nf_trainer_swap_ema(nf_trainer *t);

/* --- mini-batches ---------------------------------------------------------------------------- */

/* Sample i of an epoch, i < n: a permutation of 0 … n-1 that is a pure function of (seed, epoch),
 * so no order is stored and a run resumes from its step number alone. */
size_t nf_shuffled(uint64_t seed, uint64_t epoch, size_t n, size_t i);
/* index[0 … batch) = the samples of step t = 0, 1, …: batch t mod ⌊n/batch⌋ of epoch
 * ⌊t/⌊n/batch⌋⌋, which is returned. 1 ≤ batch ≤ n. */
uint64_t nf_shuffled_batch(uint64_t seed, uint64_t t, size_t n, size_t batch, size_t *index);

/* --- the best Gaussian ----------------------------------------------------------------------- */

/* z = weight·y + bias, the affine flow of largest likelihood on y (n, d), up to shrinkage:
 *
 *   m = (1/n) Σ y_i      S = (1/n) Σ (y_i - m)(y_i - m)ᵀ      z = W (y - m),  W S_λ Wᵀ = I
 *   S_λ = (1 - λ) S + λ μ I,  μ = tr S/d
 *   λ = min(1, β²/δ²),  δ² = ‖S - μI‖²,  β² = (1/n²) Σ ‖(y_i - m)(y_i - m)ᵀ - S‖²   (Frobenius)
 *
 * λ → 0 as n grows, and S_λ has an inverse even when n < d.
 * source  NOTES (5.5); Ledoit & Wolf 2004, 3.2 and 3.3
 * shapes  weight (d, d), lower triangular; bias (d); *shrinkage = λ, may be NULL
 * errors  NF_EINVAL (n < 3, d is 0), NF_ESINGULAR (all y are equal), NF_ENONFINITE, NF_ENOMEM */
int nf_gaussian_fit(size_t n, size_t d, const nf_real *y, nf_real *weight, nf_real *bias,
                    double *shrinkage, nf_error *e);

NF_END_DECLS

#endif
