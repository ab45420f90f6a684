/* The oracles of src/verify, put to the layers of the catalogue, and the table of all oracles. */
#include "oracles.h"
#include "flow/flow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "verify/jacobian.h"
#include "verify/layer.h"

enum { SMALL = 48 }; /* the largest D for entry-by-entry Jacobians */

double *reals(size_t count) {
  double *p = calloc(count + 1, sizeof *p);
  if (p == NULL) abort();
  return p;
}
size_t dimensions(const catalogue_entry *e) { return nf_shape_size(e->bijector->in); }

void finding_worse(finding *f, double error, const char *where) {
  if (isnan(f->error) || error <= f->error) return;
  f->error = error;
  snprintf(f->where, sizeof f->where, "%s", where);
}

static double relative(double a, double b) { return fabs(a - b) / fmax(1, fabs(b)); }

void finding_compare(finding *f, const char *where, size_t n, const double *a, const double *b) {
  for (size_t i = 0; i < n; i++) finding_worse(f, relative(a[i], b[i]), where);
}

/* --- the inverse ---------------------------------------------------------------------------- */
static finding round_trip(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  double *data = reals(SAMPLES * dimensions(e)), x = 0, log_det = 0, rebuilt = 0;
  const nf_batch batch = catalogue_draw(e, SAMPLES, data);
  f.status = nf_verify_round_trip(e->bijector, &batch, &x, &log_det, work);
  if (f.status == NF_OK)
    f.status = nf_verify_reconstruction(e->bijector, e->n_param, &batch, &rebuilt, work);
  finding_worse(&f, x, "inverse");
  finding_worse(&f, log_det, "log-det of forward + inverse");
  finding_worse(&f, rebuilt, "input rebuilt by backward");
  free(data);
  return f;
}

/* --- the Jacobian --------------------------------------------------------------------------- */
typedef int jacobian(const catalogue_entry *e, const nf_batch *x, double *j, nf_work *work);

static int by_entry(const catalogue_entry *e, const nf_batch *x, double *j, nf_work *work) {
  return nf_verify_jacobian(e->bijector, x, j, work);
}
static int by_column(const catalogue_entry *e, const nf_batch *x, double *j, nf_work *work) {
  return e->input > UNIT ? nf_verify_jacobian_pixels(e->bijector, x, j, work)
                         : nf_verify_jacobian_columns(e->bijector, x, 0x1p-14, j, work);
}
static int by_backward(const catalogue_entry *e, const nf_batch *x, double *j, nf_work *work) {
  return nf_verify_jacobian_backward(e->bijector, e->n_param, x, j, work);
}

/* log_det against log|det J|; where volume is preserved both must be 0, elsewhere neither. */
static finding log_det_against(jacobian *route, const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  const size_t d = dimensions(e);
  double *data = reals(d), *z = reals(d), *j = reals(d * d), log_det = 0;
  const nf_batch x = catalogue_draw(e, 1, data);
  f.status = nf_verify_forward(e->bijector, &x, z, &log_det, work);
  if (f.status == NF_OK) f.status = route(e, &x, j, work);
  if (f.status == NF_OK) {
    const double expected = nf_verify_log_abs_det(d, j);
    finding_worse(&f, relative(log_det, expected), "log_det");
    if (e->flags & VOLUME) {
      finding_worse(&f, fabs(log_det), "log_det of a map that preserves volume");
      finding_worse(&f, fabs(expected), "log|det J| of a map that preserves volume");
    } else if (!(fabs(log_det) > 1e-3)) {
      finding_worse(&f, INFINITY, "log_det too close to 0 to test its sign");
    }
  }
  free(data), free(z), free(j);
  return f;
}

static finding log_det_by_entry(const catalogue_entry *e, nf_work *work) {
  return log_det_against(by_entry, e, work);
}
static finding log_det_by_column(const catalogue_entry *e, nf_work *work) {
  return log_det_against(by_column, e, work);
}
static finding log_det_by_backward(const catalogue_entry *e, nf_work *work) {
  return log_det_against(by_backward, e, work);
}

static finding jacobian_of_backward(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  const size_t d = dimensions(e);
  double *data = reals(d), *claimed = reals(d * d), *expected = reals(d * d), largest = 1;
  const nf_batch x = catalogue_draw(e, 1, data);
  f.status = by_backward(e, &x, claimed, work);
  if (f.status == NF_OK) f.status = by_column(e, &x, expected, work);
  for (size_t k = 0; k < d * d; k++) largest = fmax(largest, fabs(expected[k]));
  for (size_t k = 0; k < d * d && f.status == NF_OK; k++)
    finding_worse(&f, fabs(claimed[k] - expected[k]) / largest, "an entry of J");
  free(data), free(claimed), free(expected);
  return f;
}

/* --- gradients ------------------------------------------------------------------------------ */
static finding gradient_of_input(const catalogue_entry *e, nf_work *work) {
  finding f = {0};
  double *data = reals(SAMPLES * dimensions(e));
  const nf_batch x = catalogue_draw(e, SAMPLES, data);
  f.status = nf_verify_gradient_input(e->bijector, e->n_param, &x, 1, &f.error, work);
  free(data);
  return f;
}

typedef struct {
  const catalogue_entry *e;
  nf_batch x;
  nf_work *work;
  finding f;
} gradients;

static int gradient_of_tensor(void *user, const char *path, nf_tensor *t) {
  gradients *g = user;
  double error = 0;
  if (!t->trainable) return NF_OK;
  const int status =
      nf_verify_gradient_tensor(g->e->bijector, g->e->n_param, &g->x, t, 1, &error, g->work);
  finding_worse(&g->f, error, path);
  return status;
}

static finding gradient_of_parameters(const catalogue_entry *e, nf_work *work) {
  double *data = reals(SAMPLES * dimensions(e));
  gradients g = {e, catalogue_draw(e, SAMPLES, data), work, {0}};
  g.f.status = nf_flow_tensors(e->flow, gradient_of_tensor, &g);
  free(data);
  return g.f;
}

/* --- layers × oracles ------------------------------------------------------------------------ */
static bool always(const catalogue_entry *e) { return e != NULL; }
static bool of_a_map(const catalogue_entry *e) { return !(e->flags & LEARNED_NOISE); }
static bool smooth(const catalogue_entry *e) { return !(e->flags & CURVED); }
static bool small(const catalogue_entry *e) { return e->input <= UNIT && dimensions(e) <= SMALL; }
static bool continuous(const catalogue_entry *e) { return e->input <= UNIT; }
static bool learns(const catalogue_entry *e) { return e->n_param > 0; }

double oracle_tolerance(const oracle *o, const catalogue_entry *e) {
  return o->exact ? o->tolerance : fmax(o->tolerance, e->solver);
}

const oracle oracles[ORACLES] = {
    {"round trip", "trip", round_trip, 1e-11, false, always},
    {"log-det by gsl_deriv_central", "ld gsl", log_det_by_entry, 1e-9, false, small},
    {"log-det by differences", "ld fd", log_det_by_column, 1e-9, false, smooth},
    {"log-det by backward", "ld bwd", log_det_by_backward, 1e-12, false, of_a_map},
    {"backward against differences", "J bwd", jacobian_of_backward, 1e-9, false, smooth},
    {"gradient of input", "dx", gradient_of_input, 1e-7, true, continuous},
    {"gradient of parameters", "dparam", gradient_of_parameters, 1e-7, true, learns},
    {"accumulation", "sum", contract_accumulates, 1e-13, true, always},
    {"batch independence", "batch", contract_batches, 1e-12, true, always},
    {"errors", "errors", contract_refuses, 0, true, always},
};
