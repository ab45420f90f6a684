/* All differences are taken with steps unit_j = ∂x_j, so what is found is J·diag(unit), and
 * log|det J| = log|det J·diag(unit)| - Σ log unit_j. */
#include "verify/log_det_fd.h"

#include <stdlib.h>
#include <string.h>

#include "core/lu.h"
#include "core/real.h"

/* How x may be moved: both ways, only into (0, 1), or from pixel to pixel. */
typedef enum { CENTRAL, INWARD, PIXELS } stencil;
enum { POINTS = 5 };
static const struct {
  double step, times[POINTS], weight[POINTS]; /* J v ≈ Σ weight_k z(x + times_k·v), v of the step */
} stencils[] = {
#ifdef NF_FLOAT
    {0x1p-6, {1, -1, 2, -2, 0}, {8 / 12., -8 / 12., -1 / 12., 1 / 12., 0}},
    {0x1p-9, {0, 1, 2, 3, 4}, {-25 / 12., 4, -3, 4 / 3., -1 / 4.}},
#else
    {0x1p-17, {1, -1, 2, -2, 0}, {8 / 12., -8 / 12., -1 / 12., 1 / 12., 0}},
    {0x1p-17, {0, 1, 2, 3, 4}, {-25 / 12., 4, -3, 4 / 3., -1 / 4.}},
#endif
    {1, {0, 1}, {-1, 1}}};
static const double ROUNDING = NF_REAL_EPSILON < 1e-12 ? 1e-5 : 1e-2; /* of a difference */
enum { DENSE = 128, MAX_BLOCK = 1024, ROUNDS = 4 };

typedef struct {
  const nf_bijector *b;
  const nf_batch *x;
  size_t d;
  stencil how;
  double *unit, *v, *jv;      /* d each */
  nf_real *z, *point, *moved; /* f(x), f at a moved x, and that x */
  bool *passes;
  nf_work work;
} probe;

static int run(probe *p, double times, nf_real *out) {
  for (size_t i = 0; i < p->d; i++)
    out[i] = NF_R((double)p->x->data[i] + times * p->unit[i] * p->v[i]);
  nf_batch one = *p->x;
  one.data = out;
  double ignored = 0;
  return nf_bijector_forward(p->b, &one, &ignored, &p->work);
}

/* unit_j: a power of 2, so that it is added without rounding. */
static void set_units(probe *p, stencil how) {
  p->how = how;
  for (size_t i = 0; i < p->d; i++) {
    const double x = (double)p->x->data[i], size = exp2(ceil(log2(fmax(1, fabs(x)))));
    p->unit[i] = how == CENTRAL  ? stencils[how].step * size
                 : how == INWARD ? stencils[how].step * (x < 0.5 ? 1 : -1)
                                 : (x >= 1 ? -1 : 1);
  }
}

/* jv = J·diag(unit)·v */
static int differences(probe *p) {
  int status = NF_OK;
  memset(p->jv, 0, p->d * sizeof *p->jv);
  for (int k = 0; k < POINTS && status == NF_OK; k++) {
    const double weight = stencils[p->how].weight[k];
    if (weight == 0) continue;
    status = run(p, stencils[p->how].times[k], p->point);
    for (size_t i = 0; i < p->d; i++) p->jv[i] += weight * (double)p->point[i];
  }
  return status;
}

/* A direction of numbers in (1/2, 1), or, for pixels, of zeros and ones. */
static void random_direction(probe *p, uint64_t round) {
  for (size_t i = 0; i < p->d; i++) {
    const double u = nf_random_uniform(1977, round, i);
    p->v[i] = p->how == PIXELS ? u < 0.5 : (1 + u) / 2;
  }
}

/* The first stencil that stays in the domain. */
static int find_stencil(probe *p) {
  int status = NF_EDOM;
  for (stencil how = CENTRAL; how <= PIXELS && status == NF_EDOM; how++) {
    set_units(p, how);
    for (size_t i = 0; i < p->d; i++) p->v[i] = 1;
    status = differences(p);
  }
  return status;
}

static int find_passing(probe *p) {
  int status = NF_OK;
  for (size_t i = 0; i < p->d; i++) p->passes[i] = p->z[i] == p->x->data[i];
  for (uint64_t round = 0; round < ROUNDS && status == NF_OK; round++) {
    random_direction(p, round);
    status = run(p, 1, p->point);
    for (size_t i = 0; i < p->d; i++)
      p->passes[i] &= p->point[i] == NF_R((double)p->x->data[i] + p->unit[i] * p->v[i]);
  }
  return status;
}

static bool near(double a, double b, double scale) { return fabs(a - b) <= ROUNDING * scale; }

/* Do the rows that do not pass follow from blocks of c?  Row i has column k of its block i/c at
 * j[k·d + i]. */
static int blocks_hold(probe *p, size_t c, const double *j, bool *hold) {
  *hold = true;
  for (uint64_t round = 0; round < ROUNDS && *hold; round++) {
    random_direction(p, 16 + round);
    for (size_t i = 0; i < p->d; i++)
      if (p->passes[i]) p->v[i] = 0;
    const int status = differences(p);
    if (status != NF_OK) return status;
    for (size_t i = 0; i < p->d; i++) {
      const size_t first = i / c * c;
      double sum = 0, scale = 0;
      for (size_t k = 0; k < c; k++) {
        const double term = j[k * p->d + i] * p->v[first + k];
        sum += term;
        scale += fabs(term);
      }
      if (!p->passes[i] && !near(p->jv[i], sum, scale)) *hold = false;
    }
  }
  return NF_OK;
}

/* log|det A|, n×n, -∞ when A is singular; a is destroyed. */
static double log_abs_det(size_t n, double *a, size_t *row) {
  double log_det;
  return nf_lu_factor(n, a, row, &log_det) == NF_OK ? log_det : -INFINITY;
}

/* Blocks of c neighbours: all blocks' columns k at once, then one determinant a block. */
static int by_blocks(probe *p, size_t c, double *log_det) {
  double *j = malloc(c * p->d * sizeof *j), *block = malloc(c * c * sizeof *block), sum = 0;
  size_t *row = malloc(c * sizeof *row);
  int status = j == NULL || block == NULL || row == NULL ? NF_ENOMEM : NF_OK;
  bool hold = false;
  for (size_t k = 0; k < c && status == NF_OK; k++) {
    for (size_t i = 0; i < p->d; i++) p->v[i] = i % c == k && !p->passes[i];
    status = differences(p);
    memcpy(j + k * p->d, p->jv, p->d * sizeof *j);
  }
  if (status == NF_OK) status = blocks_hold(p, c, j, &hold);
  for (size_t first = 0; first < p->d && hold; first += c) {
    size_t n = 0, size = 0;
    for (size_t i = first; i < first + c; i++) {
      if (p->passes[i]) continue;
      for (size_t k = first; k < first + c; k++)
        if (!p->passes[k]) block[n++] = j[(k - first) * p->d + i];
      size++;
      sum -= log(fabs(p->unit[i]));
    }
    if (size > 0) sum += log_abs_det(size, block, row);
  }
  if (hold) *log_det = sum;
  free(j);
  free(block);
  free(row);
  return status;
}

static int ascending(const void *a, const void *b) {
  const nf_real x = *(const nf_real *)a, y = *(const nf_real *)b;
  return (x > y) - (x < y);
}

/* Is z what x was, in another order, wherever x goes? */
static int by_permutation(probe *p, double *log_det) {
  bool same = true;
  int status = NF_OK;
  for (uint64_t round = 0; round < ROUNDS && same && status == NF_OK; round++) {
    random_direction(p, 32 + round);
    status = run(p, 1, p->point);
    for (size_t i = 0; i < p->d; i++)
      p->moved[i] = NF_R((double)p->x->data[i] + p->unit[i] * p->v[i]);
    qsort(p->point, p->d, sizeof *p->point, ascending);
    qsort(p->moved, p->d, sizeof *p->moved, ascending);
    for (size_t i = 0; i < p->d; i++) same = same && p->point[i] == p->moved[i];
  }
  if (same && status == NF_OK) *log_det = 0;
  return status;
}

int nf_verify_log_det_fd(const nf_bijector *b, const nf_batch *x, double *log_det) {
  if (x->n != 1 || !nf_shape_equal(x->shape, b->in)) return NF_ESHAPE;
  const size_t d = nf_shape_size(b->in), c = b->in.c;
  double *numbers = calloc(3 * d, sizeof *numbers), found = NAN;
  nf_real *values = malloc(3 * d * sizeof *values);
  bool *passes = malloc(d * sizeof *passes);
  probe p = {.b = b, .x = x, .d = d, .unit = numbers, .z = values, .passes = passes};
  int status = numbers == NULL || values == NULL || passes == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    p.v = numbers + d, p.jv = p.v + d, p.point = values + d, p.moved = p.point + d;
    status = run(&p, 0, p.z);
  }
  if (status == NF_OK) status = find_stencil(&p);
  if (status == NF_OK) status = by_permutation(&p, &found);
  if (status == NF_OK) status = find_passing(&p);
  if (status == NF_OK && isnan(found) && c <= MAX_BLOCK) status = by_blocks(&p, c, &found);
  if (status == NF_OK && isnan(found) && d <= DENSE) status = by_blocks(&p, d, &found);
  if (status == NF_OK) *log_det = found;
  nf_work_free(&p.work);
  free(numbers);
  free(values);
  free(passes);
  return status;
}
