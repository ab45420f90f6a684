/* Flows of every kind, with a batch and settings of training for each: a table of what must have
 * the same bits in whatever way it is calculated. */
#ifndef NF_TESTS_ROWS_H
#define NF_TESTS_ROWS_H

#include "fixture.h"

typedef enum { NORMAL_SAMPLES, PIXELS, MOONS } kind;

typedef struct {
  const char *name;
  nf_flow *(*make)(void);
  kind data;
  size_t n, chunk; /* samples of a batch and of a chunk; 0: the flow's own */
  int steps;
  nf_rule rule;
  double ema, clip;
} row;

enum { ROWS = 23 };
extern const row rows[ROWS];

/* Good until the next call; others for each number. */
nf_batch batch_of(const row *r, const nf_flow *f, uint64_t number);

#endif
