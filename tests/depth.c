/* Compiled twice, for test_depth and, in float, for float_depth. */
#include "depth.h"

#include <libgen.h>

#include "core/real.h"
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

/* The errors of f on IMAGES images, with memory for 4 batches and the parameters. */
enum { IMAGES = 64 };
static depth_error measure(nf_flow *f, nf_real *x, nf_error *e) {
  const size_t size = IMAGES * f->d;
  nf_real *z = x + size, *dz = x + 2 * size, *back = x + 3 * size, *dparam = x + 4 * size;
  const double dlog_det[IMAGES] = {0};
  nf_batch latent = {.n = IMAGES, .shape = f->bijector->out, .data = z}, gradient = latent;
  gradient.data = dz;
  nf_work work = {0};
  for (size_t k = 0; k < size; k++) x[k] = NF_R(nf_random_normal(1, 0, k));
  nf_flow_init_from_data(f, IMAGES, x, e);
  nf_flow_forward(f, IMAGES, x, z, NULL, e);
  nf_flow_inverse(f, IMAGES, z, back, NULL, e);
  if (e->status == NF_OK)
    e->status = nf_bijector_backward(f->bijector, &latent, &gradient, dlog_det, dparam, &work);
  nf_work_free(&work);
  return (depth_error){distance(size, back, x), distance(size, z, x)};
}

depth_error depth_measure(size_t steps, double amount) {
  const nf_model m = {.family = NF_GLOW,
                      .shape = {4, 4, 3},
                      .levels = 1,
                      .steps = steps,
                      .width = 8,
                      .scale = NF_SCALE_SIGMOID,
                      .seed = 1};
  depth_error error = {NAN, NAN};
  nf_error e = {0};
  nf_flow *f = nf_flow_from_model(&m, &e);
  if (f == NULL) return error;
  nf_real *x = calloc(4 * IMAGES * f->d + f->n_param, sizeof *x);
  if (x != NULL && move_weights(f, amount, 1) == NF_OK) {
    const depth_error measured = measure(f, x, &e);
    if (e.status == NF_OK) error = measured;
  }
  free(x);
  nf_flow_free(f);
  return error;
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
