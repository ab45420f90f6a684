/* One step: gradient, check, clip, Adam, average. Nothing is touched before the check. */
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

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
  t->average = calloc(n + 1, sizeof *t->average);
  t->gradient = calloc(n + 1, sizeof *t->gradient);
  if (t->m == NULL || t->v == NULL || t->average == NULL || t->gradient == NULL) {
    nf_trainer_free(t);
    return NF_ENOMEM;
  }
  memcpy(t->average, flow->param, n * sizeof *t->average);
  *trainer = t;
  return NF_OK;
}

void nf_trainer_free(nf_trainer *t) {
  if (t == NULL) return;
  free(t->m);
  free(t->v);
  free(t->average);
  free(t->gradient);
  free(t);
}

static void update_average(nf_trainer *t) {
  const double count = (double)t->step, early = (1 + count) / (10 + count);
  const nf_real rest = NF_R(1 - (t->set.ema < early ? t->set.ema : early));
  for (size_t i = 0; i < t->flow->n_param; i++)
    t->average[i] += rest * (t->flow->param[i] - t->average[i]);
}

int nf_train_update(nf_trainer *t, double loss, nf_train_stats *stats) {
  const size_t n = t->flow->n_param;
  const double norm = nf_gradient_norm(n, t->gradient);
  if (!valid(&t->set)) return NF_EINVAL;
  if (!isfinite(loss) || !isfinite(NF_R(norm * norm))) return NF_ENONFINITE; /* Adam squares it */
  if (t->set.clip > 0 && norm > t->set.clip) {
    const nf_real shrink = NF_R(t->set.clip / norm);
    for (size_t i = 0; i < n; i++) t->gradient[i] *= shrink;
  }
  t->step++;
  const double rate = nf_schedule_rate(&t->set.schedule, &t->plateau, t->step);
  nf_adam_step(&t->set.adam, t->step, rate, n, t->gradient, t->m, t->v, t->flow->param);
  update_average(t);
  if (stats != NULL) *stats = (nf_train_stats){loss, norm, rate};
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
