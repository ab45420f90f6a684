/* One step: gradient, check, clip, Adam, average. Nothing is touched before the check. What is done
 * to each parameter is done slice by slice on the flow's threads; the slices are the same for any
 * number of them. */
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

#include "core/threads.h"

nf_train_settings nf_train_default(void) {
  return (nf_train_settings){.adam = nf_adam_default(NF_ADAM),
                             .schedule = {.decay = NF_CONSTANT, .rate = 1e-3}};
}

static bool below_one(double x) { return x >= 0 && x < 1; }

static bool valid(const nf_train_settings *set) {
  const nf_schedule *s = &set->schedule;
  return below_one(set->adam.beta1) && below_one(set->adam.beta2) && set->adam.epsilon > 0 &&
         s->rate > 0 && isfinite(s->rate) && s->least >= 0 && s->least <= 1 &&
         (s->decay != NF_COSINE || s->steps > s->warmup) &&
         (s->decay != NF_PLATEAU || (s->factor > 0 && s->factor < 1)) && set->clip >= 0 &&
         below_one(set->ema);
}

enum { SLICE = 1 << 14, LEAST = 16 }; /* fewer slices are not worth a thread */
static size_t slices(const nf_trainer *t) { return (t->flow->n_param + SLICE - 1) / SLICE; }

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
  t->gradient = calloc(n + 1, sizeof *t->gradient);
  t->square = calloc(slices(t) + 1, sizeof *t->square);
  if (t->m == NULL || t->v == NULL || t->average == NULL || t->gradient == NULL ||
      t->square == NULL) {
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

static void step_slices(void *user, int thread) {
  const update *u = user;
  nf_trainer *t = u->t;
  const double count = (double)t->step, early = (1 + count) / (10 + count);
  const nf_real shrink = NF_R(u->shrink);
  const nf_real rest = NF_R(1 - (t->set.ema < early ? t->set.ema : early));
  for (size_t s = (size_t)thread; s < slices(t); s += (size_t)u->threads) {
    const size_t n = slice_length(t, s), from = s * SLICE;
    nf_real *param = t->flow->param + from, *average = t->average + from;
    for (size_t i = 0; u->shrink < 1 && i < n; i++) t->gradient[from + i] *= shrink;
    nf_adam_step(&t->set.adam, t->step, u->rate, n, t->gradient + from, t->m + from, t->v + from,
                 param);
    for (size_t i = 0; t->averages && i < n; i++) average[i] += rest * (param[i] - average[i]);
  }
}

int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats) {
  if (!valid(&t->set) || (t->set.ema > 0 && !t->averages)) return NF_EINVAL;
  const size_t n = slices(t);
  const size_t worthy = n / LEAST > 1 ? n / LEAST : 1;
  update u = {t, worthy < (size_t)t->flow->threads ? (int)worthy : t->flow->threads, 1, 0};
  nf_threads_run(u.threads, square_slices, &u);
  double square = 0;
  for (size_t s = 0; s < n; s++) square += t->square[s];
  if (!isfinite(loss) || !isfinite(NF_R(square))) return NF_ENONFINITE; /* Adam squares it */
  const double norm = sqrt(square);
  if (t->set.clip > 0 && norm > t->set.clip) u.shrink = t->set.clip / norm;
  t->step++;
  u.rate = nf_schedule_rate(&t->set.schedule, &t->plateau, t->step);
  nf_threads_run(u.threads, step_slices, &u);
  if (stats != NULL) *stats = (nf_train_stats){loss, norm, u.rate};
  return NF_OK;
}

int nf_train_step(nf_trainer *t, const nf_batch *x, nf_train_stats *stats) {
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
