/* The learning rate of step t = 1, 2, …: a straight warm-up, then constant or a decay.
 *
 *   warm-up   rate·t/warmup                                              t ≤ warmup
 *   constant  rate
 *   cosine    rate·(least + (1-least)·(1 + cos πp)/2),   p = (t-warmup)/(steps-warmup), at most 1
 *   plateau   rate·max(least, factorᵏ),   k = how often the loss stopped falling
 *
 * A pure function of t, but for the plateau, whose memory is a few numbers of its own. */
#ifndef NF_TRAIN_SCHEDULE_H
#define NF_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { NF_CONSTANT, NF_COSINE, NF_PLATEAU } nf_decay;
typedef struct {
  nf_decay decay;
  double rate;       /* > 0 */
  uint64_t warmup;   /* steps; 0: none */
  uint64_t steps;    /* cosine: length of the run, warm-up included */
  double least;      /* of the rate, in [0, 1] */
  double factor;     /* plateau: in (0, 1) */
  uint64_t patience; /* plateau: this many reports without a new lowest loss are waited for */
} nf_schedule;

typedef struct {
  double best;     /* lowest loss reported */
  uint64_t waited; /* reports since */
  double scale;    /* factorᵏ */
} nf_plateau;

static inline nf_plateau nf_plateau_start(void) { return (nf_plateau){1e300, 0, 1}; }

/* Tells the plateau a validation loss; one that is not finite is no improvement. True when the
 * loss is the lowest so far. Harmless under the other decays. */
bool nf_plateau_report(const nf_schedule *s, nf_plateau *p, double loss);

double nf_schedule_rate(const nf_schedule *s, const nf_plateau *p, uint64_t t);

#endif
