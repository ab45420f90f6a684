/* make verify: the errors of the suite on one page. The layers of the catalogue by kind, each
 * against every oracle; then flows. Every number is the largest error, the line "at most" is the
 * tolerance of the tests, and ! marks what is above. Exit status 1 when anything is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "depth.h"
#include "oracles.h"
#include "verify/density.h"

static int bad; /* numbers above their tolerance */

/* A number in seven columns. */
static void show(const char *format, double value, bool good) {
  char text[16] = "!";
  snprintf(text + !good, sizeof text - 1, value == 0 ? "%.0f" : format, value);
  printf(" %6s", text);
  bad += !good;
}
static void show_error(double error, double max) { show("%.0e", error, error <= max); }

/* --- layers × oracles ------------------------------------------------------------------------ */
/* "coupling exp, channel, mlp 1x1x7" is a coupling exp, "logit 0.05 2x2x3" a logit. */
static void kind_of(const catalogue_entry *e, char *kind) {
  strcpy(kind, e->name);
  char *end = strchr(kind, ',');
  if (end == NULL) end = strrchr(kind, ' ');
  *end = 0;
  end = strrchr(kind, ' ');
  if (end != NULL && strchr("0123456789", end[1]) != NULL) *end = 0;
}

static bool applies(const catalogue_entry *e, const oracle *o) {
  return e->status != NF_OK || o->applies(e);
}

/* What cannot be measured is NaN, which no limit admits. */
static double measure(const catalogue_entry *e, const oracle *o) {
  if (e->status != NF_OK) return NAN;
  nf_work work = {0};
  const finding f = o->measure(e, &work);
  nf_work_free(&work);
  return f.status == NF_OK ? f.error : NAN;
}

static bool is_of_kind(const catalogue_entry *e, const char *kind) {
  char own[sizeof e->name];
  kind_of(e, own);
  return strcmp(own, kind) == 0;
}

/* One line for all layers of a kind. */
static void show_kind(const char *kind, const catalogue *c) {
  size_t n = 0;
  for (size_t k = 0; k < c->n; k++) n += is_of_kind(&c->entry[k], kind);
  printf("%-25s%3zu", kind, n);
  for (size_t o = 0; o < ORACLES; o++) {
    finding worst = {0};
    double tolerance = oracles[o].tolerance;
    size_t count = 0;
    for (size_t k = 0; k < c->n; k++) {
      const catalogue_entry *e = &c->entry[k];
      if (!is_of_kind(e, kind) || !applies(e, &oracles[o])) continue;
      finding_worse(&worst, measure(e, &oracles[o]), e->name);
      tolerance = fmax(tolerance, oracle_tolerance(&oracles[o], e));
      count++;
    }
    if (count > 0)
      show_error(worst.error, tolerance);
    else
      printf(" %6s", "-");
  }
  printf("\n");
}

static void layers(void) {
  catalogue c = catalogue_new();
  if (c.n == 0) exit(1);
  printf("%-25s%3s", "layer", "n");
  for (size_t o = 0; o < ORACLES; o++) printf(" %6s", oracles[o].brief);
  printf("\n%-28s", "  at most");
  for (size_t o = 0; o < ORACLES; o++) show_error(oracles[o].tolerance, INFINITY);
  printf("\n");
  for (size_t k = 0; k < c.n; k++) {
    char kind[sizeof c.entry->name];
    bool first = true;
    kind_of(&c.entry[k], kind);
    for (size_t i = 0; i < k && first; i++) first = !is_of_kind(&c.entry[i], kind);
    if (first) show_kind(kind, &c);
  }
  catalogue_free(&c);
  printf("\n");
  for (size_t o = 0; o < ORACLES; o += 2)
    printf("%-7s %-33s %-7s %s\n", oracles[o].brief, oracles[o].name, oracles[o + 1].brief,
           oracles[o + 1].name);
}

_Static_assert(ORACLES % 2 == 0, "the legend has two columns");

/* --- flows: ∫p = 1, samples are of p --------------------------------------------------------- */
static nf_flow *flow_of(nf_family family, nf_shape shape) {
  nf_model m = nf_model_default(family, shape);
  if (family < NF_CNF) m.steps = 3;
  m.width = 4;
  m.bins = 0;
  nf_flow *f = nf_flow_from_model(&m, NULL);
  if (f == NULL || move_weights(f, 0.1, 1) != NF_OK) exit(1);
  return f;
}

static double error_of_integral(nf_family family) {
  nf_flow *f = flow_of(family, nf_point(2));
  double value = NAN, error = NAN;
  const int status = nf_verify_integral(f, 1e-7, &value, &error);
  nf_flow_free(f);
  return status == NF_OK ? fabs(value - 1) + error : NAN;
}

static double p_of_samples(nf_family family) {
  enum { N = 4000 };
  nf_flow *f = flow_of(family, family < NF_CNF ? nf_image(4, 4, 2) : nf_point(3));
  double p = NAN, *x = reals(N * f->d);
  size_t where = 0;
  int status = nf_flow_sample(f, N, (uint64_t)family, 1, x, NULL);
  if (status == NF_OK) status = nf_verify_samples(f, N, x, 1, &p, &where);
  free(x);
  nf_flow_free(f);
  return status == NF_OK ? p : NAN;
}

static void flows(void) {
  printf("\n%-28s |∫p-1| at most      p of samples, at least 1e-06\n", "flow");
  for (int k = NF_NICE; k <= NF_FM; k++) {
    const double max = k < NF_CNF ? 1e-6 : 1e-4; /* that of a solver */
    printf("%-28s", nf_family_names[k]);
    show_error(error_of_integral((nf_family)k), max);
    show_error(max, INFINITY);
    const double p = p_of_samples((nf_family)k);
    printf("     ");
    show("%.2g", p, p >= 1e-6);
    printf("\n");
  }
}

/* --- depth ------------------------------------------------------------------------------------ */
static void depth(const char *argv0) {
  static const char *const name[] = {"glow undone in double", "glow undone in float"};
  const double epsilon[] = {DBL_EPSILON, FLT_EPSILON};
  printf("\n%-28s", "steps of glow");
  for (size_t k = 4; k <= 128; k *= 2) printf(" %6zu", k);
  printf("\n");
  for (int f = 0; f < 2; f++) {
    printf("%-28s", name[f]);
    for (size_t k = 4; k <= 128; k *= 2) {
      const depth_error e =
          f ? depth_measure_in_float(argv0, k, DEPTH_AMOUNT) : depth_measure(k, DEPTH_AMOUNT);
      const double max = depth_bound(k, epsilon[f]);
      const bool good = e.inverse <= max && e.backward <= max;
      show("%.0e", fmax(e.inverse, e.backward), good);
    }
    printf("\n%-28s", "  at most");
    for (size_t k = 4; k <= 128; k *= 2) show_error(depth_bound(k, epsilon[f]), INFINITY);
    printf("\n");
  }
}

int main(int argc, char **argv) {
  (void)argc;
  layers();
  flows();
  depth(argv[0]);
  printf("\n%s\n", bad ? "NOT ALL AS THEY MUST BE: see !" : "all hold");
  return bad > 0;
}
