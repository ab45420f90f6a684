/* The numbers of chapters 1 to 4 once more, by the library alone: the quantities of the golden
 * files of these chapters under their names, "ch02:log_p_x". Compiled for WebAssembly they show
 * that the page computes what the chapters print. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/real.h"
#include "flow/flow.h"
#include "page.h"

enum { NAME = 32, MOST = 96 };
static struct {
  char name[NAME];
  double value;
} found[MOST];
static int n_found;
static int chapter;

__attribute__((format(printf, 2, 3))) static void record(double value, const char *format, ...) {
  char name[NAME - 5];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  if (n_found == MOST) return;
  snprintf(found[n_found].name, NAME, "ch%02d:%s", chapter, name);
  found[n_found++].value = value;
}

/* --- what a flow says of one point ---------------------------------------------------------- */

enum { MAX_D = 32 };
typedef struct {
  double z[MAX_D], log_det, log_p_z, log_p_x, norm_sq;
} values;

static values at(nf_flow *f, const double *x) {
  values v = {.norm_sq = 0};
  nf_flow_forward(f, 1, x, v.z, &v.log_det, &page_e);
  nf_flow_log_prob(f, 1, x, &v.log_p_x, &page_e);
  for (size_t i = 0; i < nf_flow_dim(f); i++) v.norm_sq += v.z[i] * v.z[i];
  v.log_p_z = nf_log_normal(v.norm_sq, (double)nf_flow_dim(f));
  return v;
}

nf_flow *page_line(int which), *page_affine(int d), *page_coupling(void);

/* Chapter 1: sinh⁻¹ at four points whose 1 + x² is a square */
static void line(void) {
  nf_flow *f = page_line(0);
  const double point[4] = {3.0 / 4, 4.0 / 3, -12.0 / 5, 15.0 / 8};
  double log_det = 0, log_p_z = 0, log_p_x = 0;
  const values first = at(f, point), second = at(f, point + 1);
  const double mass = (erf(second.z[0] / sqrt(2)) - erf(first.z[0] / sqrt(2))) / 2;
  record(first.z[0], "z");
  record(exp(first.log_det), "dz_dx");
  record(exp(first.log_p_z), "p_z");
  record(exp(first.log_p_x), "p_x");
  record(second.z[0] - first.z[0], "width_z");
  record(point[1] - point[0], "width_x");
  record(mass, "mass");
  record(mass / (second.z[0] - first.z[0]), "mean_height_z");
  record(mass / (point[1] - point[0]), "mean_height_x");
  for (int i = 0; i < 4; i++) {
    const values v = at(f, point + i);
    record(v.z[0], "z_%d", i + 1);
    record(v.log_det, "log_slope_%d", i + 1);
    record(v.log_p_z, "log_p_z_%d", i + 1);
    log_det += v.log_det, log_p_z += v.log_p_z, log_p_x += v.log_p_x;
  }
  record(log_det, "log_abs_det");
  record(log_p_z, "log_p_z");
  record(log_p_x, "log_p_x");
  nf_flow_free(f);
}

/* Chapters 2 and 3: the worked points of the plane */
static void plane(nf_flow *f, size_t n, const double *param, const char *det) {
  const double x[2] = {0.5, -1};
  memcpy(nf_flow_param(f), param, n * sizeof *param);
  const values v = at(f, x);
  record(v.z[0], "z_1");
  record(v.z[1], "z_2");
  record(exp(v.log_det), "%s", det);
  record(v.log_det, "log_abs_det");
  record(v.norm_sq, "z_norm_sq");
  record(v.log_p_z, "log_p_z");
  record(v.log_p_x, "log_p_x");
  nf_flow_free(f);
}

/* --- chapter 4: one step of each family with linear conditioners ---------------------------- */

enum { FAMILIES = 3, GLOW = 2, SEED = 5 };
static const char *const tag[FAMILIES] = {"nice", "realnvp", "glow"};

static nf_flow *step_of(int family, nf_shape shape, int steps) {
  static const nf_scale scale[FAMILIES] = {NF_SCALE_NONE, NF_SCALE_TANH, NF_SCALE_SIGMOID};
  nf_bijector *chain = nf_chain_new(shape, &page_e);
  for (int k = 0; k < steps; k++) {
    const nf_mask mask = k % 2 ? NF_CHANNEL_SWAPPED : NF_CHANNEL;
    nf_net *net = nf_linear_new(nf_coupling_net_in(shape, mask),
                                nf_coupling_net_out(shape, mask, scale[family]), &page_e);
    if (family == GLOW) {
      nf_chain_add(chain, nf_actnorm_new(shape, &page_e), &page_e);
      nf_chain_add(chain, nf_conv1x1_new(shape, true, &page_e), &page_e);
    }
    nf_chain_add(chain, nf_coupling_new(shape, mask, scale[family], net, &page_e), &page_e);
  }
  nf_flow *f = nf_flow_new(chain, SEED, &page_e);
  if (f == NULL) return NULL;
  for (size_t i = 0; i < f->n_param; i++) f->param[i] = 0.4 * nf_random_normal(SEED, 0, i);
  /* actnorm: initialised; the convolution: a permutation that reverses, and signs that alternate */
  const size_t c = shape.c, per_step = 1 + 2 * c;
  for (size_t i = 0; i < f->n_constant; i++) {
    const size_t k = i % per_step;
    f->constant[i] = k == 0 ? 1 : k <= c ? (double)(c - k) : (k - c) % 2 ? 1 : -1;
  }
  return f;
}

static void point(uint64_t stream, size_t d, double *x) {
  for (size_t i = 0; i < d; i++) x[i] = 1.5 * nf_random_normal(SEED, stream, i);
}

static void log_dets(nf_shape shape, const char *where) {
  static const char *const part[] = {"actnorm", "conv", "coupling"};
  double x[MAX_D], sum = 0;
  for (int family = 0; family < FAMILIES; family++) {
    nf_flow *f = step_of(family, shape, 1);
    point(1, nf_shape_size(shape), x);
    record(at(f, x).log_det, "%s_%s", tag[family], where);
    for (int k = 0; family == GLOW && k < 3; k++) {
      const double before = sum;
      nf_work work = {0};
      nf_batch batch = {.n = 1, .shape = shape, .data = x};
      nf_bijector_forward(f->bijector->child[k], &batch, &sum, &work);
      nf_work_free(&work);
      record(sum - before, "%s_%s", part[k], where);
    }
    nf_flow_free(f);
  }
}

static void properties(void) {
  enum { D = 6 };
  const double zero[D] = {0};
  double x[D], z[D];
  for (int family = 0; family < FAMILIES; family++) {
    nf_flow *f = step_of(family, nf_point(D), 1);
    for (uint64_t k = 1; k <= 4; k++) {
      point(k, D, x);
      record(at(f, x).log_det, "log_det_%s_%d", tag[family], (int)k);
    }
    nf_flow_inverse(f, 1, zero, x, NULL, &page_e);
    record(at(f, x).log_p_x, "log_p_%s", tag[family]);
    nf_flow_free(f);
    for (int steps = 1; steps <= 2; steps++) { /* an entry of J is not 0 where x_j moves z_i */
      f = step_of(family, nf_point(D), steps);
      int left = 0, reached = 0;
      point(1, D, x);
      const values v = at(f, x);
      for (int j = 0; j < D; j++) {
        const double old = x[j];
        left += v.z[j] == old;
        x[j] = old + 0.5;
        nf_flow_forward(f, 1, x, z, NULL, &page_e);
        for (int i = 0; i < D; i++) reached += z[i] != v.z[i];
        x[j] = old;
      }
      record(left, "left_%s_%d", tag[family], steps);
      record(reached, "reach_%s_%d", tag[family], steps);
      nf_flow_free(f);
    }
  }
}

/* How many numbers there are; 0 when the library failed. */
int EXPORT(page_selftest)(void) {
  n_found = 0;
  page_e = (nf_error){0};
  chapter = 1;
  line();
  chapter = 2;
  plane(page_affine(2), 6, (const double[]){2, 0.5, 0.1, 1.5, 0.3, -0.2}, "det_A");
  chapter = 3;
  plane(page_coupling(), 4, (const double[]){0.5, 0.2, 0, 0}, "det_J");
  chapter = 4;
  log_dets(nf_point(6), "d6");
  log_dets((nf_shape){4, 4, 2}, "image");
  properties();
  return page_e.status == NF_OK ? n_found : 0;
}
const char *EXPORT(page_selftest_name)(int i) { return found[i].name; }
double EXPORT(page_selftest_value)(int i) { return found[i].value; }
