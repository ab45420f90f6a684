/* How well a deep flow is undone, in the precision of the build. K steps of Glow on 4×4×3 images,
 * with random weights and actnorms that were shown the data, go forward and back,
 *
 *   error = max |x' - x| / max(1, |x|)      over 64 images
 *
 * with x' from inverse, and with the x' that backward rebuilds on its way. */
#ifndef NF_TESTS_DEPTH_H
#define NF_TESTS_DEPTH_H

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "flow/flow.h"
#include "flow/models.h"

typedef struct {
  double inverse, backward;
} depth_error;

#define DEPTH_AMOUNT 0.2 /* of move_weights (catalogue.h), where nothing explodes */

/* What the errors of those weights must not exceed: see tests/test_depth.c. */
static inline double depth_bound(size_t steps, double epsilon) {
  return 50 * sqrt((double)steps) * epsilon;
}

static inline double depth_distance(size_t n, const nf_real *a, const nf_real *x) {
  double worst = 0;
  for (size_t i = 0; i < n; i++) {
    const double gap = fabs((double)a[i] - (double)x[i]) / fmax(1, fabs((double)x[i]));
    if (!(gap <= worst)) worst = gap;
  }
  return worst;
}

/* NaN in both when a call fails. */
static inline depth_error depth_measure(size_t steps, double amount) {
  enum { IMAGES = 64 };
  const nf_model m = {.family = NF_GLOW,
                      .shape = {4, 4, 3},
                      .levels = 1,
                      .steps = steps,
                      .width = 8,
                      .scale = NF_SCALE_SIGMOID};
  depth_error e = {NAN, NAN};
  nf_flow *f = NULL;
  int status = NF_OK;
  if (nf_flow_new(&f, nf_model_new(&m, &status), 1) != NF_OK) return e;
  const size_t size = IMAGES * f->d;
  nf_real *x = calloc(4 * size + f->n_param, sizeof *x);
  if (x != NULL) {
    nf_real *back = x + 3 * size, *dparam = x + 4 * size;
    const nf_batch data = {IMAGES, m.shape, x, 0, 0};
    nf_batch z = {IMAGES, f->bijector->out, x + size, 0, 0};
    nf_batch dz = {IMAGES, f->bijector->out, x + 2 * size, 0, 0};
    const double dlog_det[IMAGES] = {0};
    nf_work work = {0};
    for (size_t k = 0; k < size; k++) x[k] = NF_R(nf_random_normal(1, 0, k));
    status = move_weights(f->bijector, amount, 1);
    if (status == NF_OK) status = nf_flow_observe(f, &data);
    if (status == NF_OK) status = nf_flow_forward(f, &data, z.data, NULL);
    if (status == NF_OK) status = nf_flow_inverse(f, &z, back, NULL);
    if (status == NF_OK)
      status = nf_bijector_backward(f->bijector, &z, &dz, dlog_det, dparam, &work);
    if (status == NF_OK)
      e = (depth_error){depth_distance(size, back, x), depth_distance(size, z.data, x)};
    nf_work_free(&work);
  }
  free(x);
  nf_flow_free(f);
  return e;
}

/* The same by tests/float_depth.c, made with libnf32, which lies beside the program argv0. */
static inline depth_error depth_measure_in_float(const char *argv0, size_t steps, double amount) {
  depth_error e = {NAN, NAN};
  char command[1100], *self = strdup(argv0);
  if (self == NULL) return e;
  snprintf(command, sizeof command, "'%s/float_depth' %zu %g", dirname(self), steps, amount);
  free(self);
  FILE *answer = popen(command, "r");
  if (answer == NULL) return e;
  const int read = fscanf(answer, "%lf %lf", &e.inverse, &e.backward);
  return pclose(answer) == 0 && read == 2 ? e : (depth_error){NAN, NAN};
}

#endif
