/* Compiled twice, for test_depth and, in float, for float_depth. */
#include "depth.h"

#include <libgen.h>
#include <math.h>

#include "flow/flow.h"

double depth_bound(size_t steps, double epsilon) { return 50 * sqrt((double)steps) * epsilon; }

static double distance(size_t n, const nf_real *a, const nf_real *x) {
  double worst = 0;
  for (size_t i = 0; i < n; i++) {
    const double gap = fabs((double)a[i] - (double)x[i]) / fmax(1, fabs((double)x[i]));
    if (!(gap <= worst)) worst = gap;
  }
  return worst;
}

depth_error depth_measure(size_t steps, double amount) {
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
    if (status == NF_OK) e = (depth_error){distance(size, back, x), distance(size, z.data, x)};
    nf_work_free(&work);
  }
  free(x);
  nf_flow_free(f);
  return e;
}

depth_error depth_measure_in_float(const char *argv0, size_t steps, double amount) {
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
