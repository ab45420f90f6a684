/* Maps of the line for the change of variables (NOTES (1.2)), each increasing, with its inverse and
 * the logarithm of its derivative:
 *
 *   sinh⁻¹   z = sinh⁻¹ x                    log f' = -log(1 + x²)/2          NOTES (1.3)
 *   log      z = log x, x > 0                log f' = -log x                  chapter 1, exercise 1
 *   cubic    z = x³ + c·x                    log f' = log(3x² + c)            two modes for small c
 *
 * as a layer each. The affine map and the logit are layers of the library. */
#include <math.h>

#include "nf/flow.h"
#include "page.h"

typedef struct {
  double (*f)(double x), (*inverse)(double z), (*log_slope)(double x);
  double above; /* its domain is x > above */
} map;

static double asinh_log_slope(double x) { return -log1p(x * x) / 2; }
static double log_log_slope(double x) { return -log(x); }

static const double c = 0.25;
static double cubic(double x) { return x * x * x + c * x; }
/* With x = 2√(c/3)·sinh u the cubic is 2√(c/3)·(c/3)·sinh 3u. */
static double cubic_inverse(double z) {
  const double r = 2 * sqrt(c / 3);
  return r * sinh(asinh(z / (r * c / 3)) / 3);
}
static double cubic_log_slope(double x) { return log(3 * x * x + c); }

enum { SINH, LOG, CUBIC, OWN, AFFINE = OWN, LOGIT };
static const map maps[OWN] = {{asinh, sinh, asinh_log_slope, -INFINITY},
                              {log, exp, log_log_slope, 0},
                              {cubic, cubic_inverse, cubic_log_slope, -INFINITY}};

typedef struct {
  nf_bijector base;
  const map *map;
} layer;

static int forward(const nf_bijector *b, nf_batch *x, double *log_det, nf_work *work) {
  (void)work;
  const map *m = ((const layer *)b)->map;
  for (size_t i = 0; i < x->n; i++) {
    if (!(x->data[i] > m->above)) return NF_EDOM;
    log_det[i] += m->log_slope(x->data[i]);
    x->data[i] = (nf_real)m->f(x->data[i]);
  }
  return NF_OK;
}

static int inverse(const nf_bijector *b, nf_batch *z, double *log_det, nf_work *work) {
  (void)work;
  const map *m = ((const layer *)b)->map;
  for (size_t i = 0; i < z->n; i++) {
    z->data[i] = (nf_real)m->inverse(z->data[i]);
    log_det[i] -= m->log_slope(z->data[i]);
  }
  return NF_OK;
}

static const nf_bijector_type type = {.name = "line", .forward = forward, .inverse = inverse};

nf_flow *EXPORT(page_line)(int which) {
  const nf_shape shape = nf_point(1);
  page_e = (nf_error){0};
  if (which == AFFINE) return nf_flow_new(nf_affine_new(shape, &page_e), 0, &page_e);
  if (which == LOGIT) return nf_flow_new(nf_logit_new(shape, 0, &page_e), 0, &page_e);
  layer *l = nf_bijector_new(&type, sizeof *l, shape, shape, &page_e);
  if (l != NULL) l->map = &maps[which];
  return nf_flow_new(l != NULL ? &l->base : NULL, 0, &page_e);
}
