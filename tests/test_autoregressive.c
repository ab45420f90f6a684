/* The autoregressive layer: its order, its masks, and what a layer with a slow inverse promises.
 * The catalogue has its log-det, gradients and round trip. */
#include "core/transpose.h"
#include "fixture.h"
#include "verify/jacobian.h"

enum { D = 6 };
static const size_t order[D] = {3, 0, 4, 1, 5, 2}; /* not its own inverse */

static nf_flow *six(void) {
  return moved_flow(nf_autoregressive_new(nf_point(D), order, 16, NULL), 0.5);
}

/* J[order[i]][order[k]] is exactly 0 for k > i, and not 0 for k ≤ i: every value depends on all
 * that come before it, on itself, and on nothing else. */
static void the_jacobian_is_triangular_in_the_order(void **state) {
  (void)state;
  nf_flow *f = six();
  double data[D], j[D * D];
  for (int i = 0; i < D; i++) data[i] = nf_random_normal(SEED, 1, (uint64_t)i);
  const nf_batch x = {.n = 1, .shape = nf_point(D), .data = data};
  nf_work work = {0};
  check_ok(nf_verify_jacobian(f->bijector, &x, j, &work));
  for (size_t i = 0; i < D; i++)
    for (size_t k = 0; k < D; k++) {
      const double entry = j[order[i] * D + order[k]];
      if (k > i ? entry != 0 : !(fabs(entry) > 1e-6))
        fail_msg("row %zu, column %zu of J in the order: %g", i, k, entry);
    }
  nf_work_free(&work);
  nf_flow_free(f);
}

/* MADE's masks for d = 3 and 4 hidden units of the degrees 1, 1, 2, 2, written out. */
static void the_masks_are_those_of_made(void **state) {
  (void)state;
  nf_flow *f = nf_flow_new(nf_autoregressive_new(nf_point(3), NULL, 4, NULL), 1, NULL);
  for (size_t k = 0; k < f->n_param; k++) f->param[k] = 1;
  check_ok(nf_flow_prepare(f, NULL));
  const nf_tensor *t = f->bijector->net->tensor;
  const double w0[] = {1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0};
  const double w2[] = {1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1};
  const double w4[] = {0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1};
  check_array("0.weight", t[0].data, w0, 12, 0, 0);
  check_array("2.weight", t[2].data, w2, 16, 0, 0);
  check_array("4.weight", t[4].data, w4, 24, 0, 0);
  nf_flow_free(f);
}

/* One hidden path, 2 → 1, and biases: μ = (0.1, 0.5·x₁ - 0.3), α = (0.2, 0.25·x₁) at x₁ = 0.5. */
static nf_flow *worked(const size_t *worked_order) {
  nf_flow *f = nf_flow_new(nf_autoregressive_new(nf_point(2), worked_order, 1, NULL), 1, NULL);
  nf_tensor *t = f->bijector->net->tensor;
  const size_t first = worked_order[0], second = worked_order[1];
  t[0].data[first] = t[2].data[0] = 1;
  t[4].data[second] = 0.5;
  t[4].data[2 + second] = 2 * 3 * atanh(0.125 / 3); /* α = 3·tanh(a/3) */
  t[5].data[first] = 0.1, t[5].data[second] = -0.3;
  t[5].data[2 + first] = 3 * atanh(0.2 / 3);
  return f;
}

static void the_example_of_the_notes(void **state) {
  (void)state;
  const size_t natural[] = {0, 1}, reversed[] = {1, 0};
  const double x[] = {0.5, -1}, swapped[] = {-1, 0.5};
  const double z[] = {0.4 * exp(-0.2), -0.95 * exp(-0.125)};
  double out[2], back[2], log_det, log_det_back;
  for (int k = 0; k < 2; k++) {
    nf_flow *f = worked(k ? reversed : natural);
    check_ok(nf_flow_forward(f, 1, k ? swapped : x, out, &log_det, NULL));
    check_close("z of the first", out[k], z[0], 1e-15, 0);
    check_close("z of the second", out[1 - k], z[1], 1e-15, 0);
    check_close("log_det", log_det, -0.325, 1e-15, 0);
    check_ok(nf_flow_inverse(f, 1, out, back, &log_det_back, NULL));
    check_array("x", back, k ? swapped : x, 2, 1e-15, 0);
    check_close("log_det of the inverse", log_det_back, 0.325, 1e-15, 0);
    nf_flow_free(f);
  }
}

static void until_trained_it_is_the_identity(void **state) {
  (void)state;
  nf_flow *f = nf_flow_new(nf_autoregressive_new(nf_point(D), order, 8, NULL), 1, NULL);
  const double x[D] = {0.3, -1.2, 2, 0.1, -0.7, 1.5};
  double z[D], log_det;
  check_ok(nf_flow_forward(f, 1, x, z, &log_det, NULL));
  check_array("z", z, x, D, 0, 0);
  assert_true(log_det == 0);
  nf_flow_free(f);
}

/* Jacobi iteration, x_i ← τ⁻¹(z_i; θ_i(x)) for all i at once, is exact after d times, by another
 * route than the library's: from forward alone, x ← x + (z - f(x))·e^α, with e^α = 1/J_ii. */
static void the_inverse_is_the_limit_of_jacobi_iteration(void **state) {
  (void)state;
  nf_flow *f = six();
  double z[D], x[D], jacobi[D] = {0}, of[D], j[D * D];
  for (int i = 0; i < D; i++) z[i] = nf_random_normal(SEED, 2, (uint64_t)i);
  check_ok(nf_flow_inverse(f, 1, z, x, NULL, NULL));
  nf_work work = {0};
  for (int pass = 0; pass < D; pass++) {
    const nf_batch at = {.n = 1, .shape = nf_point(D), .data = jacobi};
    check_ok(nf_verify_jacobian(f->bijector, &at, j, &work));
    check_ok(nf_flow_forward(f, 1, jacobi, of, NULL, NULL));
    for (int i = 0; i < D; i++) jacobi[i] += (z[i] - of[i]) / j[i * D + i];
  }
  check_array("x", x, jacobi, D, 1e-8, 1e-8);
  nf_work_free(&work);
  nf_flow_free(f);
}

/* --- backward ------------------------------------------------------------------------------- */

/* After a forward that saved, backward returns the very x that went in, and not f⁻¹(f(x)), which
 * differs in its last bits; and the gradient has the same bits when hidden units were not saved. */
static void backward_takes_x_from_forward(void **state) {
  (void)state;
  enum { N = 40 };
  nf_flow *f = six();
  double x[N * D], z[N * D], inverted[N * D], dz[2][N * D], *dparam[2];
  for (size_t k = 0; k < N * D; k++) x[k] = nf_random_normal(SEED, 3, k);
  nf_batch batch = {.n = N, .shape = nf_point(D), .data = z};
  check_ok(nf_flow_forward(f, N, x, z, NULL, NULL));
  check_ok(nf_flow_inverse(f, N, z, inverted, NULL, NULL));
  assert_false(bits_equal(N * D, inverted, x));
  for (int k = 0; k < 2; k++) {
    nf_activations saved = {.budget = k ? 1 << 20 : 0};
    nf_work work = {.activations = &saved};
    double log_det[N] = {0};
    dparam[k] = calloc(f->n_param, sizeof *dparam[k]);
    for (size_t i = 0; i < N * D; i++) dz[k][i] = nf_random_normal(SEED, 4, i);
    memcpy(z, x, sizeof z);
    check_ok(nf_layer_forward(f->bijector, &batch, log_det, &work));
    nf_batch gradient = {.n = N, .shape = nf_point(D), .data = dz[k]};
    check_ok(nf_layer_backward(f->bijector, &batch, &gradient, log_det, dparam[k], &work));
    assert_true(bits_equal(N * D, z, x));
    assert_null(saved.top);
    nf_activations_free(&saved);
    nf_work_free(&work);
  }
  assert_true(bits_equal(N * D, dz[0], dz[1]));
  assert_true(bits_equal(f->n_param, dparam[0], dparam[1]));
  free(dparam[0]), free(dparam[1]);
  nf_flow_free(f);
}

/* Weights that the masks exclude stay 0 through a training, and have no gradient. */
static void excluded_weights_stay_zero(void **state) {
  (void)state;
  nf_flow *f = six();
  double x[100 * D], loss, *gradient = calloc(f->n_param, sizeof *gradient);
  normal_samples(f, 100, x);
  check_ok(nf_flow_gradient(f, 100, x, &loss, gradient, NULL));
  size_t zeros = 0;
  for (size_t k = 0; k < f->n_param; k++) {
    if (f->param[k] != 0) continue;
    assert_true(gradient[k] == 0);
    zeros++;
  }
  assert_int_equal(zeros, 50 + 102 + 2 * 46); /* 4, 3, 3, 3, 3 units of the degrees 1 … 5 */
  nf_train_settings set = moons_settings();
  nf_trainer *t = nf_trainer_new(f, &set, NULL);
  nf_train_stats stats;
  for (int i = 0; i < 10; i++) check_ok(nf_train_step(t, 100, x, &stats, NULL));
  size_t still = 0;
  for (size_t k = 0; k < f->n_param; k++) still += f->param[k] == 0;
  assert_int_equal(still, zeros);
  free(gradient);
  trainer_free(t);
}

/* Forward and backward of a net on n samples in rows, also where it takes them as columns. */
static void run_rows(const nf_net *net, size_t n, const double *x, const double *dy, double *y,
                     double *hidden, double *dx, double *dparam) {
  const size_t in = net->in.c, out = net->out.c, units = 2 * net->width;
  const nf_turn turn = {.dparam = dparam};
  nf_work work = {0};
  if (net->type->columns) {
    double *xt = calloc(n * (2 * in + 2 * out + units), sizeof *xt), *dxt = xt + n * in;
    double *dyt = dxt + n * in, *yt = dyt + n * out, *h = yt + n * out;
    nf_transpose(n, in, x, in, xt, n);
    nf_transpose(n, out, dy, out, dyt, n);
    check_ok(net->type->forward(net, n, xt, yt, h, &work.arena));
    check_ok(net->type->backward(net, n, xt, h, dyt, dxt, &turn, &work.arena));
    nf_transpose(out, n, yt, n, y, out);
    nf_transpose(in, n, dxt, n, dx, in);
    for (size_t l = 0; l < units * n; l += net->width * n)
      nf_transpose(net->width, n, h + l, n, hidden + l, net->width);
    free(xt);
  } else {
    check_ok(net->type->forward(net, n, x, y, hidden, &work.arena));
    check_ok(net->type->backward(net, n, x, hidden, dy, dx, &turn, &work.arena));
  }
  nf_work_free(&work);
}

/* MADE of several blocks of units against the MLP that has its weights, zeros and all. */
static void a_masked_net_is_an_mlp_with_zeros(void **state) {
  (void)state;
  enum { N = 7, WIDTH = 75, OUT = 2 * D };
  nf_flow *f = moved_flow(nf_autoregressive_new(nf_point(D), order, WIDTH, NULL), 0.5);
  const nf_net *made = f->bijector->net;
  nf_net *mlp = nf_mlp_new(made->in, made->out, WIDTH, NULL);
  memcpy(mlp->tensor, made->tensor, sizeof mlp->tensor);
  double x[N * D], dy[N * OUT], y[2][N * OUT], hidden[2][N * 2 * WIDTH], dx[2][N * D];
  double *dparam[2] = {calloc(f->n_param, sizeof(double)), calloc(f->n_param, sizeof(double))};
  for (size_t i = 0; i < N * D; i++) x[i] = nf_random_normal(SEED, 1, i);
  for (size_t i = 0; i < N * OUT; i++) dy[i] = nf_random_normal(SEED, 2, i);
  for (int k = 0; k < 2; k++)
    run_rows(k == 0 ? made : mlp, N, x, dy, y[k], hidden[k], dx[k], dparam[k]);
  for (size_t i = 0; i < f->n_param; i++)
    if (f->param[i] == 0) dparam[1][i] = 0;
  check_array("y", y[0], y[1], N * OUT, 1e-12, 1e-12);
  check_array("dx", dx[0], dx[1], N * D, 1e-12, 1e-12);
  check_array("dparam", dparam[0], dparam[1], f->n_param, 1e-12, 1e-12);
  free(dparam[0]), free(dparam[1]);
  nf_net_free(mlp);
  nf_flow_free(f);
}

/* --- what is refused ------------------------------------------------------------------------ */

static void an_order_is_a_permutation(void **state) {
  (void)state;
  const size_t twice[] = {0, 2, 2}, large[] = {0, 1, 3};
  nf_error e = {0};
  assert_null(nf_flow_new(nf_autoregressive_new(nf_point(3), twice, 4, &e), 1, &e));
  check_failed(&e, NF_EFORMAT, "layer autoregressive");
  assert_null(nf_flow_new(nf_autoregressive_new(nf_point(3), large, 4, &e), 1, &e));
  check_failed(&e, NF_EFORMAT, "layer autoregressive");
  assert_null(nf_autoregressive_new(nf_point(3), NULL, 0, &e));
  check_failed(&e, NF_EINVAL, "width 0");
  assert_null(nf_autoregressive_new(nf_image(0, 1, 1), NULL, 4, &e));
  check_failed(&e, NF_ESHAPE, "autoregressive|(0, 1, 1)");
  assert_null(nf_autoregressive_new(nf_point(3), NULL, 0, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_jacobian_is_triangular_in_the_order),
      cmocka_unit_test(the_masks_are_those_of_made),
      cmocka_unit_test(the_example_of_the_notes),
      cmocka_unit_test(until_trained_it_is_the_identity),
      cmocka_unit_test(the_inverse_is_the_limit_of_jacobi_iteration),
      cmocka_unit_test(backward_takes_x_from_forward),
      cmocka_unit_test(excluded_weights_stay_zero),
      cmocka_unit_test(a_masked_net_is_an_mlp_with_zeros),
      cmocka_unit_test(an_order_is_a_permutation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
