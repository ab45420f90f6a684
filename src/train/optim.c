/* Adam, Adamax and the schedule of the learning rate. */
#include "train/optim.h"

#include "core/real.h"

nf_adam nf_adam_default(nf_rule rule) { return (nf_adam){rule, 0.9, 0.999, 1e-8}; }

/* m̂ and v̂ by their factors 1/(1-βᵗ), which are computed in double. */
void nf_adam_step(const nf_adam *a, uint64_t t, double rate, size_t n, const nf_real *gradient,
                  nf_real *m, nf_real *v, nf_real *param) {
  const nf_real beta1 = NF_R(a->beta1), rest1 = NF_R(1 - a->beta1);
  const nf_real beta2 = NF_R(a->beta2), rest2 = NF_R(1 - a->beta2), epsilon = NF_R(a->epsilon);
  const nf_real step = NF_R(rate / (1 - pow(a->beta1, (double)t))); /* rate·m̂/m */
  const nf_real unbias = NF_R(1 / (1 - pow(a->beta2, (double)t)));  /* v̂/v, for Adam */
  for (size_t i = 0; i < n; i++) {
    const nf_real g = gradient[i];
    nf_real size;
    m[i] = beta1 * m[i] + rest1 * g;
    if (a->rule == NF_ADAM) {
      v[i] = beta2 * v[i] + rest2 * g * g;
      size = sqrt(v[i] * unbias);
    } else {
      v[i] = fmax(beta2 * v[i], fabs(g));
      size = v[i];
    }
    param[i] -= step * m[i] / (size + epsilon);
  }
}

bool nf_plateau_report(const nf_schedule *s, nf_plateau *p, double loss) {
  if (loss < p->best) {
    p->best = loss;
    p->bad_reports = 0;
    return true;
  }
  if (++p->bad_reports >= s->patience) {
    p->scale *= s->factor;
    p->bad_reports = 0;
  }
  return false;
}

static double cosine(const nf_schedule *s, uint64_t t) {
  if (t >= s->steps) return s->floor;
  if (t <= s->warmup) return 1;
  const double p = (double)(t - s->warmup) / (double)(s->steps - s->warmup);
  return s->floor + (1 - s->floor) * (1 + cos(NF_PI * p)) / 2;
}

double nf_schedule_rate(const nf_schedule *s, const nf_plateau *p, uint64_t t) {
  const double warm = t < s->warmup ? (double)t / (double)s->warmup : 1;
  const double decay = s->decay == NF_COSINE    ? cosine(s, t)
                       : s->decay == NF_PLATEAU ? fmax(s->floor, p->scale)
                                                : 1;
  return s->rate * warm * decay;
}
