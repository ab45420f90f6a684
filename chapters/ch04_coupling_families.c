/* Chapter 4 (NOTES (4.1)-(4.7)). Three families of coupling layers, one step of each:
 *
 *   NICE     z_b = x_b + t(x_a)                        log|det J| = 0
 *   RealNVP  z_b = x_b·exp(γ tanh s(x_a)) + t(x_a)     log|det J| = Σ γ tanh s
 *   Glow     y = W (x·exp(l) + b) at every pixel,      log|det J| = h·w·(Σ l + log|det W|)
 *            z_b = y_b·σ(s(y_a) + 2) + t(y_a)                       + Σ log σ(s + 2)
 *
 * with z_a = x_a, and W = P·L·(U + diag(s)), so log|det W| = Σ log|s|. Here s and t are linear,
 * and parameter i of a flow is 0.4·N(0, 1) from Philox (seed 5, stream 0, index i); P reverses
 * the channels and the signs of s alternate. The log-dets by these formulas, by the library and
 * from GSL's Jacobian; then, in numbers, what each family can do and what it cannot. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "flow/flow.h"
#include "verify/jacobian.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { FAMILIES = 3, GLOW = 2, MAX_D = 32, POINTS = 4, SEED = 5 };
static const char *const family_name[FAMILIES] = {"NICE", "RealNVP", "Glow"};
static const char *const tag[FAMILIES] = {"nice", "realnvp", "glow"};
static const nf_scale scale[FAMILIES] = {NF_SCALE_NONE, NF_SCALE_TANH, NF_SCALE_SIGMOID};

/* --- by hand -------------------------------------------------------------------------------- */

typedef struct {
  double actnorm, conv, coupling;
} parts;

/* x becomes W(x·exp(l) + b) at every pixel; returns what follows the parameters l, b, W. */
static const double *mix_by_hand(nf_shape shape, const double *param, double *x, parts *log_det) {
  const size_t c = shape.c;
  const double *l = param, *b = l + c, *lu = b + c;
  for (size_t i = 0; i < c; i++) {
    log_det->actnorm += (double)(shape.h * shape.w) * l[i];
    log_det->conv += (double)(shape.h * shape.w) * lu[i * c + i];
  }
  for (size_t p = 0; p < shape.h * shape.w; p++, x += c) {
    double u[MAX_D] = {0};
    for (size_t i = 0; i < c; i++) x[i] = x[i] * exp(l[i]) + b[i];
    for (size_t i = 0; i < c; i++) {
      u[i] = (i % 2 ? -1 : 1) * exp(lu[i * c + i]) * x[i];
      for (size_t j = i + 1; j < c; j++) u[i] += lu[i * c + j] * x[j];
    }
    for (size_t i = 0; i < c; i++) {
      x[c - 1 - i] = u[i];
      for (size_t j = 0; j < i; j++) x[c - 1 - i] += lu[i * c + j] * u[j];
    }
  }
  return lu + c * c;
}

/* log|det J| at x: s is linear in all x_a of the sample, one output for each x_b. */
static parts by_hand(int family, nf_shape shape, const double *param, const double *sample) {
  parts log_det = {0, 0, 0};
  double x[MAX_D];
  const size_t half = shape.c / 2, n = shape.h * shape.w * half;
  memcpy(x, sample, 2 * n * sizeof *x);
  const double gamma = scale[family] == NF_SCALE_TANH ? *param++ : 1;
  if (family == GLOW) param = mix_by_hand(shape, param, x, &log_det);
  for (size_t i = 0; i < n && scale[family] != NF_SCALE_NONE; i++) {
    const size_t row = i / half * 2 * half + i % half; /* of s among the (s, t) of each pixel */
    double s = param[2 * n * n + row];
    for (size_t j = 0; j < n; j++) s += param[row * n + j] * x[j / half * 2 * half + j % half];
    log_det.coupling += family == GLOW ? -log1p(exp(-s - 2)) : gamma * tanh(s);
  }
  return log_det;
}

/* --- the library ---------------------------------------------------------------------------- */

/* `steps` steps that swap halves, with the library's initial weights; width 0: linear nets. */
static nf_flow *assemble(int family, nf_shape shape, size_t steps, size_t width) {
  nf_bijector *chain = nf_chain_new(shape, &e);
  for (size_t k = 0; k < steps; k++) {
    const nf_mask mask = k % 2 ? NF_CHANNEL_SWAPPED : NF_CHANNEL;
    const nf_shape in = nf_coupling_net_in(shape, mask);
    const nf_shape out = nf_coupling_net_out(shape, mask, scale[family]);
    nf_net *net = width ? nf_mlp_new(in, out, width, &e) : nf_linear_new(in, out, &e);
    if (family == GLOW) {
      nf_chain_add(chain, nf_actnorm_new(shape, &e), &e);
      nf_chain_add(chain, nf_conv1x1_new(shape, true, &e), &e);
    }
    nf_chain_add(chain, nf_coupling_new(shape, mask, scale[family], net, &e), &e);
  }
  nf_flow *flow = nf_flow_new(chain, SEED, &e);
  chapter_need(&e);
  return flow;
}

/* The same with the weights of this chapter, and linear conditioners. */
static nf_flow *build(int family, nf_shape shape, size_t steps) {
  nf_flow *flow = assemble(family, shape, steps, 0);
  double *param = nf_flow_param(flow);
  for (size_t i = 0; i < nf_flow_n_param(flow); i++) param[i] = 0.4 * nf_random_normal(SEED, 0, i);
  const size_t c = shape.c, per_step = 1 + 2 * c; /* initialised, permutation, sign */
  for (size_t i = 0; i < flow->n_constant; i++) {
    const size_t at = i % per_step;
    flow->constant[i] = at == 0 ? 1 : at <= c ? (double)(c - at) : (at - c) % 2 ? 1 : -1;
  }
  nf_flow_prepare(flow, &e);
  chapter_need(&e);
  return flow;
}

static double *point(size_t stream, size_t n) {
  static double x[MAX_D];
  for (size_t i = 0; i < n; i++) x[i] = 1.5 * nf_random_normal(SEED, stream, i);
  return x;
}

/* z = f(x); returns log|det J|. */
static double forward(nf_flow *flow, double *x, double *z) {
  double log_det;
  nf_flow_forward(flow, 1, x, z, &log_det, &e);
  chapter_need(&e);
  return log_det;
}

/* J at x into j (D×D); returns log|det J| by GSL's LU. */
static double gsl(const nf_bijector *b, double *x, double *j) {
  nf_work work = {0};
  const nf_batch batch = {.n = 1, .shape = b->in, .data = x};
  const size_t d = nf_shape_size(b->in);
  double lu[MAX_D * MAX_D];
  chapter_need_ok(nf_verify_jacobian(b, &batch, j, &work), "nf_verify_jacobian");
  nf_work_free(&work);
  memcpy(lu, j, d * d * sizeof *lu);
  return nf_verify_log_abs_det(d, lu);
}

/* --- the sections --------------------------------------------------------------------------- */

static void three_ways(nf_shape shape, const char *heading, const char *where) {
  double *x = point(1, nf_shape_size(shape)), z[MAX_D], j[MAX_D * MAX_D];
  chapter_section(heading);
  chapter_table("log|det J| of", 3, (const char *[]){"by hand", "library", "GSL: J, LU"});
  for (int f = 0; f < FAMILIES; f++) {
    nf_flow *flow = build(f, shape, 1);
    const parts hand = by_hand(f, shape, nf_flow_param(flow), x);
    const double log_det = forward(flow, x, z), by_gsl = gsl(flow->bijector, x, j);
    chapter_row("%s", family_name[f]);
    chapter_cell(chapter_name("%s_%s", tag[f], where), hand.actnorm + hand.conv + hand.coupling);
    chapter_claim("the library", log_det, 1e-12);
    chapter_claim("GSL", by_gsl, 1e-8);
    chapter_cell_unrecorded(log_det);
    chapter_cell_unrecorded(by_gsl);
    if (f == GLOW) {
      chapter_value(chapter_name("actnorm_%s", where), hand.actnorm, "h·w·Σ l");
      chapter_value(chapter_name("conv_%s", where), hand.conv, "h·w·log|det W| = h·w·Σ log|s|");
      chapter_claim("GSL: the layer's J, LU", gsl(flow->bijector->child[1], x, j), 1e-8);
      chapter_value(chapter_name("coupling_%s", where), hand.coupling, "Σ log σ(s + 2)");
    }
    nf_flow_free(flow);
  }
}

/* Where does a map stretch, and how high can its density be? */
static void volume(void) {
  enum { D = 6 };
  double z[D];
  nf_flow *flow[FAMILIES];
  for (int f = 0; f < FAMILIES; f++) flow[f] = build(f, nf_point(D), 1);
  chapter_section("Volume: log|det J| from place to place");
  chapter_table("at", FAMILIES, family_name);
  for (size_t k = 1; k <= POINTS; k++) {
    chapter_row("x^(%zu)", k);
    for (int f = 0; f < FAMILIES; f++) {
      chapter_cell(chapter_name("log_det_%s_%zu", tag[f], k), forward(flow[f], point(k, D), z));
      if (f == 0) chapter_claim("volume preserving", 0, 0);
    }
  }
  chapter_text("  So the density of NICE where z = 0 is that of N(0, I), whatever its weights:");
  for (int f = 0; f < FAMILIES; f++) {
    double zero[D] = {0}, x[D], log_p;
    nf_flow_inverse(flow[f], 1, zero, x, NULL, &e);
    nf_flow_log_prob(flow[f], 1, x, &log_p, &e);
    chapter_need(&e);
    chapter_value(chapter_name("log_p_%s", tag[f]), log_p, "log p_X(f⁻¹(0))");
    if (f == 0) chapter_claim("-d/2 log 2π", -D / 2.0 * LN_2PI, 1e-13);
    nf_flow_free(flow[f]);
  }
}

/* Which coordinates does a step leave alone, and which inputs reach which outputs? */
static void reach(void) {
  enum { D = 6 };
  chapter_section("Reach: coordinates left as they were, of 6; entries of J that are not 0, of 36");
  chapter_table("", 4,
                (const char *[]){"left, 1 step", "J, 1 step", "left, 2 steps", "J, 2 steps"});
  for (int f = 0; f < FAMILIES; f++) {
    chapter_row("%s", family_name[f]);
    for (size_t steps = 1; steps <= 2; steps++) {
      double *x = point(1, D), z[D], j[D * D];
      int left = 0, nonzero = 0;
      nf_flow *flow = build(f, nf_point(D), steps);
      forward(flow, x, z);
      gsl(flow->bijector, x, j);
      nf_flow_free(flow);
      for (int i = 0; i < D; i++) left += z[i] == x[i];
      for (int i = 0; i < D * D; i++) nonzero += fabs(j[i]) > 1e-9;
      chapter_cell(chapter_name("left_%s_%zu", tag[f], steps), left);
      chapter_cell(chapter_name("reach_%s_%zu", tag[f], steps), nonzero);
    }
  }
  chapter_text(
      "  A coupling layer changes half of the coordinates; each depends on its own input and on");
  chapter_text(
      "  the other half. Two layers with exchanged parts change all. Glow's 1×1 convolution");
  chapter_text("  mixes all coordinates in one step.");
}

/* Two moons learned by 12 steps of each family: MLPs of 2 × 32 hidden units, 3000 steps of Adam on
 * 256 new points each. */
static nf_flow *learn_moons(int family) {
  enum { STEPS = 3000, BATCH = 256 };
  static double x[2 * BATCH];
  nf_flow *flow = assemble(family, nf_point(2), 12, 32);
  nf_train_settings set = nf_train_default();
  set.schedule = (nf_schedule){NF_COSINE, 0.003, STEPS / 20, STEPS, 0.01, 0, 0};
  set.clip = 5;
  nf_trainer *trainer = nf_trainer_new(flow, &set, &e);
  nf_toy_sample(&nf_toys[0], 1, 0, BATCH, x);
  nf_flow_init_from_data(flow, BATCH, x, &e);
  for (size_t step = 0; step < STEPS; step++) {
    nf_toy_sample(&nf_toys[0], 1, step * BATCH, BATCH, x);
    nf_train_step(trainer, BATCH, x, NULL, &e);
  }
  chapter_need(&e);
  nf_trainer_free(trainer);
  return flow;
}

/* x_1 x_2 and p_data on a grid, then p_X of the three families; a blank line after each row. */
static void plot_density(void) {
  enum { SIDE = 161, CELLS = SIDE * SIDE };
  static double x[2 * CELLS], log_p[FAMILIES][CELLS];
  for (int i = 0; i < CELLS; i++) {
    x[2 * i] = 0.03 * (i % SIDE) - 2.4;
    x[2 * i + 1] = 0.03 * (i / SIDE) - 2.4;
  }
  for (int f = 0; f < FAMILIES; f++) {
    nf_flow *flow = learn_moons(f);
    nf_flow_log_prob(flow, CELLS, x, log_p[f], &e);
    chapter_need(&e);
    nf_flow_free(flow);
  }
  for (int i = 0; i < CELLS; i++) {
    printf("%.4g %.4g %.4g", x[2 * i], x[2 * i + 1], exp(nf_toys[0].log_density(x + 2 * i)));
    for (int f = 0; f < FAMILIES; f++) printf(" %.4g", exp(log_p[f][i]));
    printf(i % SIDE == SIDE - 1 ? "\n\n" : "\n");
  }
}

/* Two steps of each family. */
static void trace(void) {
  const nf_shape shape = nf_point(6);
  for (int f = 0; f < FAMILIES; f++) {
    nf_flow *flow = build(f, shape, 2);
    chapter_trace(chapter_name("Two steps of %s", family_name[f]), flow, 0, point(1, 6));
    nf_flow_free(flow);
  }
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {
      {"density", "x_1 x_2, p_data of moons, p_X of NICE RealNVP Glow", plot_density}, {0}};
  chapter_begin(argc, argv,
                &(chapter){.number = 4,
                           .title = "NICE, RealNVP and Glow",
                           .notes = "(4.1)-(4.7)",
                           .about = "One step of each family: its log-det in three ways, and what "
                                    "it can do.",
                           .plots = plots,
                           .trace = trace});
  chapter_text(
      "  Parameter i of a flow is 0.4·N(0, 1), x_i is 1.5·N(0, 1), both from Philox, seed 5.");
  three_ways(nf_point(6), "A point of R⁶", "d6");
  three_ways((nf_shape){4, 4, 2}, "An image of 4×4 pixels and 2 channels, D = 32", "image");
  volume();
  reach();
  return chapter_end();
}
