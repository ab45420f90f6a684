/* Adam and the learning rate from within: nf/train.h has the formulas. */
#ifndef NF_TRAIN_OPTIM_H
#define NF_TRAIN_OPTIM_H

#include "nf/train.h"

/* Step t ≥ 1 on n parameters; m and v (n each) are its state. */
void nf_adam_step(const nf_adam *a, uint64_t t, double rate, size_t n, const nf_real *gradient,
                  nf_real *m, nf_real *v, nf_real *param);

/* `best` before the first report: above every loss, and finite, so that a checkpoint has it too */
#define NF_NO_LOSS_YET 1e300

/* The state of the plateau schedule. */
typedef struct {
  double best;          /* lowest loss reported */
  uint64_t bad_reports; /* since then, or since the rate last fell */
  double scale;         /* factorᵏ */
} nf_plateau;

static inline nf_plateau nf_plateau_start(void) { return (nf_plateau){NF_NO_LOSS_YET, 0, 1}; }

/* True when the loss is the lowest so far. */
bool nf_plateau_report(const nf_schedule *s, nf_plateau *p, double loss);

double nf_schedule_rate(const nf_schedule *s, const nf_plateau *p, uint64_t t);

#endif
