/* A small Glow that is not the identity, and data for it. */
#ifndef NF_TESTS_SMALL_GLOW_H
#define NF_TESTS_SMALL_GLOW_H

#include <string.h>

#include "catalogue.h"
#include "check.h"
#include "flow/models.h"

enum { MOST = 4096, SEED = 7 };
static const double AMOUNT = 0.1; /* of moved weights */

/* Glow on 4×4×2 images, two levels with a learned prior: every kind of layer but preprocessing. */
static inline nf_flow *glow(void) {
  const nf_model m = {.family = NF_GLOW,
                      .shape = {4, 4, 2},
                      .levels = 2,
                      .steps = 2,
                      .width = 5,
                      .scale = NF_SCALE_SIGMOID,
                      .plu = true,
                      .learned_prior = true};
  nf_flow *f = NULL;
  int status = NF_OK;
  check_ok(nf_flow_new(&f, nf_model_new(&m, &status), SEED));
  check_ok(move_weights(f->bijector, AMOUNT, SEED));
  return f;
}

/* 2·N(0, 1) + 1 in data (n·D) */
static inline nf_batch draw(const nf_flow *f, size_t n, double *data) {
  assert_true(n * f->d <= MOST);
  for (size_t k = 0; k < n * f->d; k++) data[k] = 1 + 2 * nf_random_normal(SEED, 3, k);
  return (nf_batch){n, f->bijector->in, data, 0, 0};
}

static inline bool same(size_t n, const double *a, const double *b) {
  return memcmp(a, b, n * sizeof *a) == 0;
}

#endif
