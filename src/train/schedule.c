/* Warm-up times decay. */
#include "train/schedule.h"

#include <math.h>

bool nf_plateau_report(const nf_schedule *s, nf_plateau *p, double loss) {
  if (loss < p->best) {
    p->best = loss;
    p->waited = 0;
    return true;
  }
  if (++p->waited >= s->patience) {
    p->scale *= s->factor;
    p->waited = 0;
  }
  return false;
}

static double cosine(const nf_schedule *s, uint64_t t) {
  const double pi = 3.14159265358979323846;
  if (t >= s->steps) return s->least;
  if (t <= s->warmup) return 1;
  const double p = (double)(t - s->warmup) / (double)(s->steps - s->warmup);
  return s->least + (1 - s->least) * (1 + cos(pi * p)) / 2;
}

double nf_schedule_rate(const nf_schedule *s, const nf_plateau *p, uint64_t t) {
  const double warm = t < s->warmup ? (double)t / (double)s->warmup : 1;
  const double decay = s->decay == NF_COSINE    ? cosine(s, t)
                       : s->decay == NF_PLATEAU ? fmax(s->least, p->scale)
                                                : 1;
  return s->rate * warm * decay;
}
