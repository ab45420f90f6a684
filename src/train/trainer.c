/* One step: gradient, check, clip, Adam, average. Nothing changes before the check. What is done to
 * each parameter is done slice by slice on the flow's threads; the slices are the same for any
 * number of them. */
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "core/vector.h"

nf_train_settings nf_train_default(void) {
  return (nf_train_settings){.adam = nf_adam_default(NF_ADAM),
                             .schedule = {.decay = NF_CONSTANT, .rate = 1e-3}};
}

static bool below_one(double x) { return x >= 0 && x < 1; }

static int check_settings(const nf_train_settings *set, const nf_flow *flow, nf_error *e) {
  const nf_schedule *s = &set->schedule;
  const char *wrong = NULL;
  if (set->fused && set->clip > 0)
    wrong = "a fused step cannot clip: ‖g‖ is known only at its end";
  else if (set->matching && set->fused)
    wrong = "a fused step is one of maximum likelihood, not of flow matching";
  else if (set->matching && !nf_matching_fits(flow))
    wrong = "flow matching needs a flow whose last layer is continuous";
  else if (!below_one(set->adam.beta1) || !below_one(set->adam.beta2))
    wrong = "beta1 and beta2 can be 0 to below 1";
  else if (!(set->adam.epsilon > 0))
    wrong = "epsilon must be above 0";
  else if (!(s->rate > 0) || !isfinite(s->rate))
    wrong = "the rate must be above 0";
  else if (!(s->floor >= 0 && s->floor <= 1))
    wrong = "the rate's floor can be 0 to 1";
  else if (s->decay == NF_COSINE && s->steps <= s->warmup)
    wrong = "a cosine schedule must be longer than its warm-up";
  else if (s->decay == NF_PLATEAU && !(s->factor > 0 && s->factor < 1))
    wrong = "the plateau's factor must be between 0 and 1";
  else if (!(set->clip >= 0))
    wrong = "clip can be 0 or more";
  else if (!below_one(set->ema))
    wrong = "ema can be 0 to below 1";
  return wrong == NULL ? NF_OK : nf_fail(e, NF_EINVAL, "training: %s", wrong);
}

enum { SLICE = 1 << 14, SLICES_PER_THREAD = 4 }; /* fewer are not worth a thread */
static size_t slices(const nf_trainer *t) { return (t->flow->n_param + SLICE - 1) / SLICE; }
static size_t squares(const nf_trainer *t) {
  return t->settings.fused ? t->flow->n_layer : slices(t);
}

nf_trainer *nf_trainer_new(nf_flow *flow, const nf_train_settings *settings, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return NULL;
  if (flow == NULL) nf_fail(e, NF_EINVAL, "training: the flow is NULL");
  if (flow == NULL || check_settings(settings, flow, e) != NF_OK) return NULL;
  const size_t n = flow->n_param;
  nf_trainer *t = calloc(1, sizeof *t);
  if (t != NULL) {
    t->settings = *settings;
    t->flow = flow;
    t->plateau = nf_plateau_start();
    t->has_ema = settings->ema > 0;
    t->m = calloc(n + 1, sizeof *t->m);
    t->v = calloc(n + 1, sizeof *t->v);
    t->square = calloc(squares(t) + 1, sizeof *t->square);
    if (t->has_ema) t->ema = calloc(n + 1, sizeof *t->ema);
    if (!settings->fused) t->gradient = calloc(n + 1, sizeof *t->gradient);
  }
  if (t == NULL || t->m == NULL || t->v == NULL || t->square == NULL ||
      (t->has_ema && t->ema == NULL) || (!settings->fused && t->gradient == NULL)) {
    nf_fail(e, NF_ENOMEM, "training: out of memory for %zu parameters", n);
    nf_trainer_free(t);
    return NULL;
  }
  if (t->has_ema) memcpy(t->ema, flow->param, n * sizeof *t->ema);
  return t;
}

void nf_trainer_free(nf_trainer *t) {
  if (t == NULL) return;
  free(t->m);
  free(t->v);
  free(t->ema);
  free(t->gradient);
  free(t->square);
  free(t);
}

uint64_t nf_trainer_steps(const nf_trainer *t) { return t != NULL ? t->step : 0; }

int nf_trainer_set(nf_trainer *t, const nf_train_settings *settings, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (t == NULL) return nf_fail(e, NF_EINVAL, "training: the trainer is NULL");
  int status = check_settings(settings, t->flow, e);
  if (status == NF_OK && settings->fused != t->settings.fused)
    status = nf_fail(e, NF_EINVAL, "training: whether a step is fused cannot change");
  if (status == NF_OK && settings->ema > 0 && !t->has_ema)
    status = nf_fail(e, NF_EINVAL, "training: the trainer was made without an average");
  if (status == NF_OK) t->settings = *settings;
  return status;
}

bool nf_trainer_report(nf_trainer *t, double loss) {
  return nf_plateau_report(&t->settings.schedule, &t->plateau, loss);
}

void nf_trainer_swap_ema(nf_trainer *t) {
  for (size_t i = 0; t->has_ema && i < t->flow->n_param; i++) {
    const nf_real other = t->ema[i];
    t->ema[i] = t->flow->param[i];
    t->flow->param[i] = other;
  }
}

/* --- the update ----------------------------------------------------------------------------- */

/* Adam and the average, for param[from … from + n) */
static void update_range(nf_trainer *t, double rate, size_t from, size_t n,
                         const nf_real *gradient) {
  const double count = (double)t->step, early = (1 + count) / (10 + count);
  const nf_real rest = NF_R(1 - (t->settings.ema < early ? t->settings.ema : early));
  nf_real *param = t->flow->param + from;
  nf_adam_step(&t->settings.adam, t->step, rate, n, gradient, t->m + from, t->v + from, param);
  if (!t->has_ema) return;
  nf_real *ema = t->ema + from;
  for (size_t i = 0; i < n; i++) ema[i] += rest * (param[i] - ema[i]);
}

typedef struct {
  nf_trainer *t;
  int threads;
  double shrink, rate; /* of clipping, of Adam */
} update;

static size_t slice_length(const nf_trainer *t, size_t slice) {
  return nf_min_size(SLICE, t->flow->n_param - slice * SLICE);
}

static void square_slices(void *user, int thread) {
  const update *u = user;
  for (size_t s = (size_t)thread; s < slices(u->t); s += (size_t)u->threads)
    u->t->square[s] = nf_vector_square(slice_length(u->t, s), u->t->gradient + s * SLICE);
}

static void update_slices(void *user, int thread) {
  const update *u = user;
  nf_trainer *t = u->t;
  const nf_real shrink = NF_R(u->shrink);
  for (size_t s = (size_t)thread; s < slices(t); s += (size_t)u->threads) {
    const size_t n = slice_length(t, s), from = s * SLICE;
    for (size_t i = 0; u->shrink < 1 && i < n; i++) t->gradient[from + i] *= shrink;
    update_range(t, u->rate, from, n, t->gradient + from);
  }
}

static double sum_of_squares(const nf_trainer *t) {
  double sum = 0;
  for (size_t s = 0; s < squares(t); s++) sum += t->square[s];
  return sum;
}

/* Names the last layer with a gradient that is not finite: the first that backward met. */
static int gradient_not_finite(const nf_trainer *t, double loss, nf_error *e) {
  const nf_flow *f = t->flow;
  char name[NF_LAYER_NAME];
  if (!isfinite(loss)) return nf_fail(e, NF_ENONFINITE, "the loss is not finite");
  for (size_t k = f->n_layer; k-- > 0;) {
    const nf_bijector *b = f->layer[k].layer;
    for (size_t i = b->first; b->n_child == 0 && i < b->first + b->n_param; i++)
      if (!isfinite(t->gradient[i]))
        return nf_fail(e, NF_ENONFINITE, "the gradient is not finite, %s",
                       nf_layer_name(&f->layer[k], name));
  }
  return nf_fail(e, NF_ENONFINITE, "the gradient is too large to square");
}

static int run_update(nf_trainer *t, double loss, nf_train_stats *stats, nf_error *e) {
  const size_t worthwhile = slices(t) / SLICES_PER_THREAD;
  update u = {t, worthwhile < (size_t)t->flow->threads ? (int)worthwhile : t->flow->threads, 1, 0};
  if (u.threads < 1) u.threads = 1;
  nf_threads_run(t->flow->pool, u.threads, square_slices, &u);
  const double square = sum_of_squares(t);
  if (!isfinite(loss) || !isfinite(NF_R(square))) return gradient_not_finite(t, loss, e);
  const double norm = sqrt(square);
  if (t->settings.clip > 0 && norm > t->settings.clip) u.shrink = t->settings.clip / norm;
  t->step++;
  u.rate = nf_schedule_rate(&t->settings.schedule, &t->plateau, t->step);
  nf_threads_run(t->flow->pool, u.threads, update_slices, &u);
  if (stats != NULL) *stats = (nf_train_stats){loss, norm, u.rate};
  return NF_OK;
}

/* --- the fused step ------------------------------------------------------------------------- */

typedef struct {
  nf_trainer *t;
  double rate;
  atomic_bool changed; /* some parameters have been */
} fused;

static int update_stage(void *user, size_t layer, size_t first, size_t count,
                        const nf_real *gradient) {
  fused *u = user;
  const double square = nf_vector_square(count, gradient);
  if (!isfinite(NF_R(square))) return NF_ENONFINITE;
  u->t->square[layer] = square;
  atomic_store(&u->changed, true);
  update_range(u->t, u->rate, first, count, gradient);
  return NF_OK;
}

static int fused_step(nf_trainer *t, const nf_batch *x, nf_train_stats *stats, nf_error *e) {
  double loss;
  fused u = {.t = t};
  t->step++;
  u.rate = nf_schedule_rate(&t->settings.schedule, &t->plateau, t->step);
  const int status = nf_gradient_fused(t->flow, x, &loss, update_stage, &u, e);
  if (status != NF_OK) {
    if (!atomic_load(&u.changed)) t->step--;
    return status;
  }
  if (stats != NULL) *stats = (nf_train_stats){loss, sqrt(sum_of_squares(t)), u.rate};
  return NF_OK;
}

/* --- the public functions ------------------------------------------------------------------- */

static int enter(nf_trainer *t, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (t == NULL) return nf_fail(e, NF_EINVAL, "training: the trainer is NULL");
  return nf_flow_enter(t->flow, e);
}

int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats, nf_error *e) {
  int status = enter(t, e);
  if (status != NF_OK) return status;
  status = t->settings.fused
               ? nf_fail(e, NF_EINVAL, "training: a fused trainer has no gradient to update from")
               : run_update(t, loss, stats, e);
  nf_flow_leave(t->flow);
  return status;
}

/* What the trainer minimises, and its gradient. */
static int objective(nf_trainer *t, const nf_batch *x, double *loss, nf_error *e) {
  return t->settings.matching
             ? nf_matching_gradient(t->flow, t->settings.seed, x, loss, t->gradient, e)
             : nf_gradient(t->flow, x, loss, t->gradient, e);
}

int nf_train_gradient_batch(nf_trainer *t, const nf_batch *x, double *loss, nf_error *e) {
  int status = enter(t, e);
  if (status != NF_OK) return status;
  status = t->settings.fused ? nf_fail(e, NF_EINVAL, "training: a fused trainer keeps no gradient")
                             : objective(t, x, loss, e);
  nf_flow_leave(t->flow);
  return status;
}

int nf_train_step_batch(nf_trainer *t, const nf_batch *x, nf_train_stats *stats, nf_error *e) {
  int status = enter(t, e);
  if (status != NF_OK) return status;
  double loss;
  if (t->settings.fused) {
    status = fused_step(t, x, stats, e);
  } else {
    status = objective(t, x, &loss, e);
    if (status == NF_OK) status = run_update(t, loss, stats, e);
  }
  nf_flow_leave(t->flow);
  return status;
}

int nf_train_step(nf_trainer *t, size_t n, const nf_real *x, nf_train_stats *stats, nf_error *e) {
  return nf_train_step_given(t, n, x, NULL, stats, e);
}

int nf_train_step_given(nf_trainer *t, size_t n, const nf_real *x, const nf_real *y,
                        nf_train_stats *stats, nf_error *e) {
  nf_batch batch = nf_flow_batch_given(t != NULL ? t->flow : NULL, n, x, y);
  if (t != NULL) batch.first = n * t->step;
  return nf_train_step_batch(t, &batch, stats, e);
}
