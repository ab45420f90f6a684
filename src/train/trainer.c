/* One step: gradient, check, clip, Adam, average. Nothing is touched before the check. What is done
 * to each parameter is done slice by slice on the flow's threads; the slices are the same for any
 * number of them. */
#include "train/trainer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

nf_train_settings nf_train_default(void) {
  return (nf_train_settings){.adam = nf_adam_default(NF_ADAM),
                             .schedule = {.decay = NF_CONSTANT, .rate = 1e-3}};
}

static bool below_one(double x) { return x >= 0 && x < 1; }

static bool valid(const nf_train_settings *set) {
  const nf_schedule *s = &set->schedule;
  return !(set->fused && set->clip > 0) && below_one(set->adam.beta1) &&
         below_one(set->adam.beta2) && set->adam.epsilon > 0 && s->rate > 0 && isfinite(s->rate) &&
         s->least >= 0 && s->least <= 1 && (s->decay != NF_COSINE || s->steps > s->warmup) &&
         (s->decay != NF_PLATEAU || (s->factor > 0 && s->factor < 1)) && set->clip >= 0 &&
         below_one(set->ema);
}

enum { SLICE = 1 << 14, LEAST = 4 }; /* fewer slices are not worth a thread */
static size_t slices(const nf_trainer *t) { return (t->flow->n_param + SLICE - 1) / SLICE; }
static size_t squares(const nf_trainer *t) { return t->set.fused ? t->flow->n_layer : slices(t); }

int nf_trainer_new(nf_trainer **trainer, nf_flow *flow, const nf_train_settings *set) {
  if (flow == NULL || !valid(set)) return NF_EINVAL;
  const size_t n = flow->n_param;
  nf_trainer *t = calloc(1, sizeof *t);
  if (t == NULL) return NF_ENOMEM;
  t->set = *set;
  t->flow = flow;
  t->plateau = nf_plateau_start();
  t->m = calloc(n + 1, sizeof *t->m);
  t->v = calloc(n + 1, sizeof *t->v);
  t->averages = set->ema > 0;
  t->average = t->averages ? calloc(n + 1, sizeof *t->average) : flow->param;
  if (!set->fused) t->gradient = calloc(n + 1, sizeof *t->gradient);
  t->square = calloc(squares(t) + 1, sizeof *t->square);
  if (t->m == NULL || t->v == NULL || t->average == NULL || t->square == NULL ||
      (t->gradient == NULL && !set->fused)) {
    nf_trainer_free(t);
    return NF_ENOMEM;
  }
  if (t->averages) memcpy(t->average, flow->param, n * sizeof *t->average);
  *trainer = t;
  return NF_OK;
}

void nf_trainer_free(nf_trainer *t) {
  if (t == NULL) return;
  free(t->m);
  free(t->v);
  if (t->averages) free(t->average);
  free(t->gradient);
  free(t->square);
  free(t);
}

typedef struct {
  nf_trainer *t;
  int threads;
  double shrink, rate; /* of clipping, of Adam */
} update;

static size_t slice_length(const nf_trainer *t, size_t slice) {
  const size_t left = t->flow->n_param - slice * SLICE;
  return left < SLICE ? left : SLICE;
}

static void square_slices(void *user, int thread) {
  const update *u = user;
  for (size_t s = (size_t)thread; s < slices(u->t); s += (size_t)u->threads)
    u->t->square[s] = nf_gradient_square(slice_length(u->t, s), u->t->gradient + s * SLICE);
}

/* Adam and the average, for param[from … from + n) */
static void move(nf_trainer *t, double rate, size_t from, size_t n, const nf_real *gradient) {
  const double count = (double)t->step, early = (1 + count) / (10 + count);
  const nf_real rest = NF_R(1 - (t->set.ema < early ? t->set.ema : early));
  nf_real *param = t->flow->param + from, *average = t->average + from;
  nf_adam_step(&t->set.adam, t->step, rate, n, gradient, t->m + from, t->v + from, param);
  for (size_t i = 0; t->averages && i < n; i++) average[i] += rest * (param[i] - average[i]);
}

static void step_slices(void *user, int thread) {
  const update *u = user;
  nf_trainer *t = u->t;
  const nf_real shrink = NF_R(u->shrink);
  for (size_t s = (size_t)thread; s < slices(t); s += (size_t)u->threads) {
    const size_t n = slice_length(t, s), from = s * SLICE;
    for (size_t i = 0; u->shrink < 1 && i < n; i++) t->gradient[from + i] *= shrink;
    move(t, u->rate, from, n, t->gradient + from);
  }
}

/* The settings may have changed, but not what memory there is. */
static bool fits(const nf_trainer *t) {
  return valid(&t->set) && (t->set.ema == 0 || t->averages) &&
         t->set.fused == (t->gradient == NULL);
}

static double sum_of_squares(const nf_trainer *t) {
  double sum = 0;
  for (size_t s = 0; s < squares(t); s++) sum += t->square[s];
  return sum;
}

int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats) {
  if (!fits(t) || t->set.fused) return NF_EINVAL;
  const size_t n = slices(t);
  const size_t worthy = n / LEAST > 1 ? n / LEAST : 1;
  update u = {t, worthy < (size_t)t->flow->threads ? (int)worthy : t->flow->threads, 1, 0};
  nf_threads_run(t->flow->team, u.threads, square_slices, &u);
  const double square = sum_of_squares(t);
  if (!isfinite(loss) || !isfinite(NF_R(square))) return NF_ENONFINITE; /* Adam squares it */
  const double norm = sqrt(square);
  if (t->set.clip > 0 && norm > t->set.clip) u.shrink = t->set.clip / norm;
  t->step++;
  u.rate = nf_schedule_rate(&t->set.schedule, &t->plateau, t->step);
  nf_threads_run(t->flow->team, u.threads, step_slices, &u);
  if (stats != NULL) *stats = (nf_train_stats){loss, norm, u.rate};
  return NF_OK;
}

typedef struct {
  nf_trainer *t;
  double rate;
  atomic_bool moved;
} fused;

static int move_stage(void *user, size_t layer, size_t first, size_t count,
                      const nf_real *gradient) {
  fused *f = user;
  const double square = nf_gradient_square(count, gradient);
  if (!isfinite(NF_R(square))) return NF_ENONFINITE;
  f->t->square[layer] = square;
  atomic_store(&f->moved, true);
  move(f->t, f->rate, first, count, gradient);
  return NF_OK;
}

static int fused_step(nf_trainer *t, const nf_batch *x, nf_train_stats *stats) {
  double loss;
  fused f = {.t = t};
  t->step++;
  f.rate = nf_schedule_rate(&t->set.schedule, &t->plateau, t->step);
  const int status = nf_flow_gradient_by_stages(t->flow, x, &loss, move_stage, &f);
  if (status != NF_OK) {
    if (!atomic_load(&f.moved)) t->step--;
    return status;
  }
  if (stats != NULL) *stats = (nf_train_stats){loss, sqrt(sum_of_squares(t)), f.rate};
  return NF_OK;
}

int nf_train_step(nf_trainer *t, const nf_batch *x, nf_train_stats *stats) {
  if (!fits(t)) return NF_EINVAL;
  if (t->set.fused) return fused_step(t, x, stats);
  double loss;
  const int status = nf_flow_gradient(t->flow, x, &loss, t->gradient);
  return status != NF_OK ? status : nf_train_update(t, loss, stats);
}

void nf_trainer_swap_average(nf_trainer *t) {
  for (size_t i = 0; i < t->flow->n_param; i++) {
    const nf_real other = t->average[i];
    t->average[i] = t->flow->param[i];
    t->flow->param[i] = other;
  }
}
