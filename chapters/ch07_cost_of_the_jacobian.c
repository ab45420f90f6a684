/* Chapter 7 (NOTES (7.1)-(7.3)). Why structure matters. A dense d×d determinant costs d³ and a flow
 * needs one per sample and step, so every layer is built for a log-det that costs d:
 *
 *   coupling          J triangular              log|det J| = Σ s
 *   1×1 convolution   J = h·w blocks W          log|det J| = h·w·log|det W|
 *   composition       J = J_n ⋯ J_1             log|det J| = Σ log|det J_i|
 *
 * Shown on Jacobians small enough to look at; then, once and as a proof, for a whole multi-scale
 * Glow on a real image: the sum against LU of the complete Jacobian, found by differences and by
 * backward. The flow: logit, then a Glow of `levels` scales with 2 steps each, conditioners of
 * width 16, parameters initialised from seed 7, actnorm from the icons, then each parameter moved
 * by 0.05·N(0, 1) from Philox (seed 8, stream 0, its index). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chapter.h"
#include "chapter_timing.h"
#include "flow/flow.h"
#include "verify/jacobian.h"

static chapter_option option[] = {
    {"side", "N", "side of the image in the proof: 8, 16 or 32; d = 3·N² [8]", "8"}, {0}};

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { D = 12, MAX_SIDE = 32, MAX_D = 3072, HIDDEN = 16 };
enum { SEED = 7, SEED_OF_MOVES = 8, SEED_OF_POINTS = 9 };

/* Parameters off their initial values, so that no layer is an identity. */
static void move_parameters(nf_flow *flow, double amount) {
  double *param = nf_flow_param(flow);
  for (size_t i = 0; i < nf_flow_n_param(flow); i++)
    param[i] += amount * nf_random_normal(SEED_OF_MOVES, 0, i);
  nf_flow_prepare(flow, &e);
  chapter_need(&e);
}

/* --- Jacobians small enough to look at (7.2), (7.3) ------------------------------------------- */

typedef enum { COUPLING, PERMUTED, MIXED } picture; /* a coupling layer, and what follows it */

static nf_flow *small_flow(picture what) {
  const nf_shape shape = nf_point(D);
  nf_bijector *chain = nf_chain_new(shape, &e);
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), HIDDEN, &e);
  nf_chain_add(chain, nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &e), &e);
  if (what == PERMUTED) nf_chain_add(chain, nf_permute_new(shape, NULL, &e), &e);
  if (what == MIXED) nf_chain_add(chain, nf_conv1x1_new(shape, true, &e), &e);
  nf_flow *flow = nf_flow_new(chain, SEED, &e);
  chapter_need(&e);
  move_parameters(flow, 0.2);
  return flow;
}

static const double *small_point(void) {
  static double x[D];
  for (size_t i = 0; i < D; i++) x[i] = nf_random_normal(SEED_OF_POINTS, 0, i);
  return x;
}

static void small_jacobian(nf_flow *flow, double *j) {
  const nf_batch x = nf_flow_batch(flow, 1, small_point());
  nf_work work = {0};
  chapter_need_ok(nf_verify_jacobian(flow->bijector, &x, j, &work), "Jacobian");
  nf_work_free(&work);
}

static bool is_zero(double entry) { return fabs(entry) < 1e-9; }

static void print_nonzeros(void) {
  for (picture what = COUPLING; what <= MIXED; what++) {
    double j[D * D];
    nf_flow *flow = small_flow(what);
    small_jacobian(flow, j);
    for (int row = 0; row < D; row++)
      for (int column = 0; column < D; column++)
        printf("%d %d %d %g\n", what, row, column,
               is_zero(j[row * D + column]) ? -9 : log10(fabs(j[row * D + column])));
    printf("\n\n");
    nf_flow_free(flow);
  }
}

static void structure(void) {
  static const char *const label[] = {"coupling", "… then a permutation", "… then a 1×1 conv"};
  static const char *const name[] = {"coupling", "permuted", "mixed"};
  const double *x = small_point();
  chapter_section("One coupling layer of D = 12, by its Jacobian");
  chapter_text(
      "  66 zeros above the diagonal make J triangular, and det J the product of the diagonal.");
  chapter_table("Jacobian of", 3, (const char *const[]){"zeros above", "Σ of layers", "LU of J"});
  for (picture what = COUPLING; what <= MIXED; what++) {
    double j[D * D], log_det;
    int zeros = 0;
    nf_flow *flow = small_flow(what);
    small_jacobian(flow, j);
    for (int row = 0; row < D; row++)
      for (int column = row + 1; column < D; column++) zeros += is_zero(j[row * D + column]);
    nf_flow_forward(flow, 1, x, NULL, &log_det, &e);
    chapter_need(&e);
    chapter_row("%s", label[what]);
    chapter_cell(chapter_name("zeros_%s", name[what]), zeros);
    chapter_cell(chapter_name("log_det_%s", name[what]), log_det);
    const double lu = nf_verify_log_abs_det(D, j);
    chapter_claim("GSL LU", lu, 1e-8);
    chapter_cell_unrecorded(lu);
    nf_flow_free(flow);
  }
}

/* --- the 1×1 convolution: blocks -------------------------------------------------------------- */

static void blocks(void) {
  const nf_shape shape = {4, 4, 6};
  enum { SIZE = 4 * 4 * 6 };
  double x[SIZE], log_det, *j = chapter_alloc(SIZE * SIZE);
  nf_bijector *chain = nf_chain_new(shape, &e);
  nf_chain_add(chain, nf_conv1x1_new(shape, true, &e), &e);
  nf_flow *flow = nf_flow_new(chain, SEED, &e);
  chapter_need(&e);
  move_parameters(flow, 0.2);
  for (size_t i = 0; i < SIZE; i++) x[i] = nf_random_normal(SEED_OF_POINTS, 1, i);
  nf_flow_forward(flow, 1, x, NULL, &log_det, &e);
  chapter_need(&e);
  const nf_batch batch = nf_flow_batch(flow, 1, x);
  nf_work work = {0};
  chapter_need_ok(nf_verify_jacobian_columns(flow->bijector, &batch, 0x1p-14, j, &work),
                  "Jacobian");
  nf_work_free(&work);
  double sum = 0; /* log|det W| = Σ log|s|, the diagonal of the parameter "lu" */
  for (size_t i = 0; i < shape.c; i++) sum += nf_flow_param(flow)[i * shape.c + i];
  chapter_section("The 1×1 convolution on 4×4×6: 16 blocks of one 6×6 matrix");
  chapter_value("log_det_w", sum, "log|det W| = Σ log|s|");
  chapter_value("log_det_conv", (double)(shape.h * shape.w) * sum, "h·w·log|det W|");
  chapter_claim("library: nf_conv1x1", log_det, 1e-12);
  chapter_claim("GSL LU of the 96×96 J", nf_verify_log_abs_det(SIZE, j), 1e-9);
  nf_flow_free(flow);
  free(j);
}

/* --- once, as a proof: the determinant of a whole flow ---------------------------------------- */

static nf_flow *glow(size_t side) {
  nf_model m = nf_model_default(NF_GLOW, (nf_shape){side, side, 3});
  m.steps = 2;
  m.width = HIDDEN;
  m.bins = 0; /* the image comes dequantised: a Jacobian needs a smooth map */
  nf_bijector *chain = nf_chain_new(m.shape, &e);
  nf_chain_add(chain, nf_logit_new(m.shape, m.alpha, &e), &e);
  nf_chain_add(chain, nf_bijector_from_model(&m, &e), &e);
  nf_flow *flow = nf_flow_new(chain, SEED, &e);
  chapter_need(&e);
  return flow;
}

enum { COUNT = 64, ICON = 7 };

/* The middle side×side pixels of COUNT icons, dequantised at u = 1/2. */
static double *middles(size_t side) {
  nf_images icons;
  nf_images_icons(&icons, &e);
  chapter_need(&e);
  double *x = chapter_alloc(COUNT * side * side * 3);
  const size_t edge = (MAX_SIDE - side) / 2;
  double *to = x;
  for (size_t n = 0; n < COUNT; n++)
    for (size_t row = edge; row < edge + side; row++)
      for (size_t k = edge * 3; k < (edge + side) * 3; k++)
        *to++ = (icons.pixel[(n * MAX_SIDE + row) * MAX_SIDE * 3 + k] + 0.5) / 256;
  nf_images_free(&icons);
  return x;
}

static size_t chosen_side(void) {
  const long side = chapter_integer(option, 8, MAX_SIDE);
  if (side != 8 && side != 16 && side != 32)
    chapter_fail("--side %ld: it must be 8, 16 or 32", side);
  return (size_t)side;
}

/* The flow of the proof; *x becomes icon 7, to be freed. */
static nf_flow *proof_flow(size_t side, double **x) {
  nf_flow *flow = glow(side);
  *x = middles(side);
  nf_flow_init_from_data(flow, COUNT, *x, &e);
  chapter_need(&e);
  move_parameters(flow, 0.05);
  memcpy(*x, *x + ICON * nf_flow_dim(flow), nf_flow_dim(flow) * sizeof **x);
  return flow;
}

static void trace(void) {
  double *x;
  nf_flow *flow = proof_flow(chosen_side(), &x);
  chapter_trace("Icon 7 through the Glow of the proof", flow, 0, x);
  free(x);
  nf_flow_free(flow);
}

static void proof(size_t side) {
  double *x;
  nf_flow *flow = proof_flow(side, &x);
  const nf_batch batch = nf_flow_batch(flow, 1, x);
  const size_t d = nf_flow_dim(flow);
  double log_det, *j = chapter_alloc(d * d);
  chapter_section("A whole Glow on a real image: the sum against the determinant");
  chapter_text(
      "  Icon 7, its middle %zu×%zu pixels: d = %zu, J has %zu entries. (--side 32: d = 3072.)",
      side, side, d, d * d);
  double start = timing_now();
  nf_flow_forward(flow, 1, x, NULL, &log_det, &e);
  chapter_need(&e);
  const double time_sum = timing_now() - start;
  chapter_value("log_det_glow", log_det, "Σ over all layers, as a flow accumulates it");
  nf_work work = {0};
  start = timing_now();
  chapter_need_ok(nf_verify_jacobian_columns(flow->bijector, &batch, 0x1p-22, j, &work), "columns");
  chapter_claim("LU of J by differences", nf_verify_log_abs_det(d, j), 1e-5);
  const double time_columns = timing_now() - start;
  start = timing_now();
  chapter_need_ok(
      nf_verify_jacobian_backward(flow->bijector, nf_flow_n_param(flow), &batch, j, &work), "rows");
  chapter_claim("LU of J by backward", nf_verify_log_abs_det(d, j), 1e-8);
  const double time_rows = timing_now() - start;
  chapter_unrecorded("seconds_sum", chapter_rounded(time_sum), "one forward pass");
  chapter_unrecorded("seconds_columns", chapter_rounded(time_columns), "4d forward passes and LU");
  chapter_unrecorded("seconds_rows", chapter_rounded(time_rows), "d backward passes and LU");
  nf_work_free(&work);
  free(x), free(j);
  nf_flow_free(flow);
}

/* --- what it costs (7.1) ---------------------------------------------------------------------- */

static void print_cost(void) {
  const timing t = timing_measure(MAX_D);
  for (int i = 0; i < t.n; i++) printf("%g %g %g\n", t.d[i], t.lu[i], t.sum[i]);
}

static void cost(size_t max_d) {
  const timing t = timing_measure(max_d);
  chapter_section("What it costs on this machine");
  chapter_table("d", 3, (const char *const[]){"LU, µs", "Σ s, µs", "ratio"});
  for (int i = 0; i < t.n; i++) {
    chapter_row("%g", t.d[i]);
    chapter_cell_unrecorded(chapter_rounded(1e6 * t.lu[i]));
    chapter_cell_unrecorded(chapter_rounded(1e6 * t.sum[i]));
    chapter_cell_unrecorded(chapter_rounded(t.lu[i] / t.sum[i]));
  }
  chapter_unrecorded("slope_lu", chapter_rounded(timing_power(t.n, t.d, t.lu)),
                     "log time against log d; d³ in the limit");
  chapter_unrecorded("slope_sum", chapter_rounded(timing_power(t.n, t.d, t.sum)),
                     "the same for the coupling's sum; d");
}

int main(int argc, char **argv) {
  static const chapter_plot plots[] = {
      {"nonzeros", "picture, row, column, log10 |J| (-9 for 0) of three Jacobians", print_nonzeros},
      {"cost", "d, seconds of LU, seconds of the sum (measured now)", print_cost},
      {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 7,
                 .title = "The cost of the Jacobian",
                 .notes = "(7.1)-(7.3)",
                 .about = "Why every layer has a log-det that costs d and not d³; and, once,\n"
                          "the whole determinant of a multi-scale flow on a real image.",
                 .plots = plots,
                 .options = option,
                 .trace = trace});
  const size_t side = chosen_side();
  structure();
  blocks();
  proof(side);
  cost(side == MAX_SIDE ? MAX_D : 768);
  return chapter_end();
}
