/* Networks that cannot be made, and the tensors of those that can. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "layers/layer.h"
#include "nets/field.h"
#include "nets/made.h"
#include "nf/flow.h"

static void tensors(void **state) {
  (void)state;
  assert_int_equal(nf_tensor_size(&(nf_tensor){.dim = {3}}), 3);
  assert_int_equal(nf_tensor_size(&(nf_tensor){.dim = {8, 3, 3, 4}}), 288);
}

static int no_forward(const nf_net *net, size_t n, const nf_real *x, nf_real *y, nf_real *hidden,
                      nf_arena *tmp) {
  (void)x, (void)hidden, (void)tmp;
  memset(y, 0, n * nf_shape_size(net->out) * sizeof *y);
  return NF_OK;
}
static int no_backward(const nf_net *net, size_t n, const nf_real *x, const nf_real *hidden,
                       const nf_real *dy, nf_real *dx, const nf_turn *turn, nf_arena *tmp) {
  (void)x, (void)hidden, (void)dy, (void)turn, (void)tmp;
  memset(dx, 0, n * nf_shape_size(net->in) * sizeof *dx);
  return NF_OK;
}

static void a_net_has_no_more_tensors_than_fit(void **state) {
  (void)state;
  static const nf_net_type type = {.name = "mine", .forward = no_forward, .backward = no_backward};
  nf_error e = {0};
  nf_net *net = nf_net_new(&type, nf_point(2), nf_point(3), 5, &e);
  assert_non_null(net);
  for (size_t i = 0; i < NF_NET_TENSORS; i++) nf_net_add(net, "weight", 3, 2, 0, 0, &e);
  check_ok(e.status);
  nf_net_add(net, "bias", 3, 0, 0, 0, NULL);
  assert_int_equal(net->n_tensor, NF_NET_TENSORS);
  nf_net_add(net, "bias", 3, 0, 0, 0, &e);
  check_status(e.status, NF_EINVAL);
  assert_string_equal(e.message, "mine: tensor 'bias' is one too many; a network has at most 10");
  assert_int_equal(net->n_tensor, NF_NET_TENSORS);
  net->n_tensor = 0; /* after an error nothing is added */
  nf_net_add(net, "bias", 3, 0, 0, 0, &e);
  assert_int_equal(net->n_tensor, 0);
  nf_net_add(NULL, "bias", 3, 0, 0, 0, &e);
  nf_net_add(NULL, "bias", 3, 0, 0, 0, NULL);
  nf_net_free(net);
  nf_net_free(NULL);
}

static void count(void *user, size_t layer) {
  assert_int_equal(layer, 5);
  ++*(int *)user;
}

/* The net takes no turn, as it has no parameters; the layer's gamma still needs one. */
static void a_coupling_adds_in_its_turn(void **state) {
  (void)state;
  static const nf_net_type mine = {.name = "mine", .forward = no_forward, .backward = no_backward};
  nf_net *net = nf_net_new(&mine, nf_point(1), nf_point(2), 0, NULL);
  nf_bijector *b = nf_coupling_new(nf_point(2), NF_CHANNEL, NF_SCALE_TANH, net, NULL);
  int turns = 0;
  const nf_hooks hooks = {.wait = count, .user = &turns};
  nf_work work = {.hooks = &hooks};
  double z[2] = {1, 2}, dz[2] = {1, 1}, dlog_det = 1, gamma = 1, dparam = 0;
  nf_batch zs = {.n = 1, .shape = nf_point(2), .data = z}, dzs = zs;
  dzs.data = dz;
  b->number = 5;
  b->tensor[0].data = &gamma;
  check_ok(nf_layer_backward(b, &zs, &dzs, &dlog_det, &dparam, &work));
  assert_int_equal(turns, 1);
  nf_work_free(&work);
  nf_bijector_free(b);
}

static void a_net_needs_forward_and_backward(void **state) {
  (void)state;
  static const nf_net_type type[] = {{.name = "mine", .forward = no_forward},
                                     {.name = "mine", .backward = no_backward}};
  for (int i = 0; i < 2; i++) {
    nf_error e = {0};
    assert_null(nf_net_new(&type[i], nf_point(2), nf_point(3), 0, &e));
    check_status(e.status, NF_EINVAL);
    assert_string_equal(e.message, "mine: a network needs forward and backward");
  }
}

/* e has this status and message; then e is empty again. */
static void check_refused(const nf_net *net, nf_error *e, int status, const char *message) {
  assert_null(net);
  check_status(e->status, status);
  assert_string_equal(e->message, message);
  *e = (nf_error){0};
}

static void a_refused_net_names_itself_and_what_is_right(void **state) {
  (void)state;
  const nf_shape empty = {0, 3, 5}, image = {4, 6, 2}, other = {4, 5, 2};
  nf_error e = {0};
  check_refused(nf_linear_new(empty, image, &e), &e, NF_ESHAPE,
                "linear: from (0, 3, 5) to (4, 6, 2): every side must be at least 1 and h·w·c at "
                "most 2^24");
  check_refused(nf_mlp_new(image, empty, 8, &e), &e, NF_ESHAPE,
                "mlp: from (4, 6, 2) to (0, 3, 5): every side must be at least 1 and h·w·c at most "
                "2^24");
  check_refused(nf_mlp_new(image, image, 0, &e), &e, NF_EINVAL, "mlp: width 0: must be at least 1");
  check_refused(nf_mlp_new(image, image, 65537, &e), &e, NF_EINVAL,
                "mlp: width 65537: must be at most 65536");
  check_refused(nf_convnet_new(image, image, 0, &e), &e, NF_EINVAL,
                "convnet: width 0: must be at least 1");
  check_refused(nf_convnet_new(image, other, 8, &e), &e, NF_ESHAPE,
                "convnet: from 4×6 pixels to 4×5: must be the same");
  check_refused(nf_conv_new(image, other, &e), &e, NF_ESHAPE,
                "conv: from 4×6 pixels to 4×5: must be the same");
  assert_null(nf_mlp_new(image, image, 0, NULL));
  assert_null(nf_conv_new(image, other, NULL));
}

static void after_an_error_no_net_is_made(void **state) {
  (void)state;
  const nf_shape shape = {4, 6, 2};
  nf_error e = {.status = NF_EIO, .message = "earlier"};
  assert_null(nf_linear_new(shape, shape, &e));
  assert_null(nf_mlp_new(shape, shape, 8, &e));
  assert_null(nf_mlp_new(shape, shape, 0, &e));
  assert_null(nf_convnet_new(shape, shape, 8, &e));
  assert_null(nf_conv_new(shape, shape, &e));
  check_status(e.status, NF_EIO);
  assert_string_equal(e.message, "earlier");
}

/* So a coupling starts as the identity. It has the parameters of its formulas. */
static void a_new_gated_net_gives_0(void **state) {
  (void)state;
  enum { W = 5, BLOCKS = 3, BLOCK = 9 * 2 * W * W + W + 4 * W * W + 2 * W + 2 * W, PIXELS = 12 };
  nf_error e = {0};
  const nf_shape shape = {3, 4, 1};
  nf_net *net = nf_gated_new(shape, nf_coupling_net_out(shape, NF_CHECKERBOARD, NF_SCALE_CLAMP), W,
                             BLOCKS, &e);
  nf_flow *f = nf_flow_new(nf_coupling_new(shape, NF_CHECKERBOARD, NF_SCALE_CLAMP, net, &e), 3, &e);
  check_no_error(&e);
  double x[PIXELS], z[PIXELS], log_det = NAN;
  for (size_t k = 0; k < PIXELS; k++) x[k] = nf_random_normal(8, 1, k);
  nf_flow_forward(f, 1, x, z, &log_det, &e);
  check_no_error(&e);
  check_array("z", z, x, PIXELS, 0, 0);
  check_close("log-det", log_det, 0, 0, 0);
  assert_int_equal(nf_flow_n_param(f), 1 + 9 * W + W + BLOCKS * BLOCK + 9 * 2 * 2 * W + 2);
  nf_flow_free(f);
}

/* He et al. 2015: a weight is N(0, 2/fan_in), with fan_in the numbers that it sums up; biases and
 * the last weight are 0, the scales of a norm 1. */
static void check_initialised(nf_net *net) {
  size_t total = 0;
  for (size_t k = 0; k < net->n_tensor; k++) total += nf_tensor_size(&net->tensor[k]);
  double *values = calloc(total, sizeof *values), *at = values;
  for (size_t k = 0; k < net->n_tensor; at += nf_tensor_size(&net->tensor[k++]))
    net->tensor[k].data = at;
  nf_random r = {.seed = 3};
  net->type->init(net, &r);
  for (size_t k = 0; k < net->n_tensor; k++) {
    const nf_tensor *t = &net->tensor[k];
    const size_t size = nf_tensor_size(t);
    const bool sums = strstr(t->name, "weight") != NULL && k + 2 < net->n_tensor;
    const double n = (double)size, variance = sums ? 2 * (double)t->dim[0] / n : 0;
    const double all = strstr(t->name, "gamma") != NULL;
    double mean = 0, square = 0;
    for (size_t i = 0; i < size; i++) mean += t->data[i] / n, square += t->data[i] * t->data[i] / n;
    check_close(t->name, mean, all, 1e-12 + 5 * sqrt(variance / n), 0);
    check_close(t->name, square, all + variance, 1e-12 + 5 * variance * sqrt(2 / n), 0);
  }
  free(values);
  nf_net_free(net);
}

static void weights_are_initialised_by_their_fan_in(void **state) {
  (void)state;
  const nf_shape in = nf_image(4, 4, 5), out = nf_image(4, 4, 6);
  check_initialised(nf_mlp_new(nf_point(9), nf_point(4), 40, NULL));
  check_initialised(nf_convnet_new(in, out, 40, NULL));
  check_initialised(nf_gated_new(in, out, 20, 3, NULL));
  check_initialised(nf_field_new(nf_point(9), 40, NULL));
  check_initialised(nf_made_new(nf_point(9), 2, 40, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tensors),
      cmocka_unit_test(a_net_has_no_more_tensors_than_fit),
      cmocka_unit_test(a_coupling_adds_in_its_turn),
      cmocka_unit_test(a_net_needs_forward_and_backward),
      cmocka_unit_test(a_refused_net_names_itself_and_what_is_right),
      cmocka_unit_test(after_an_error_no_net_is_made),
      cmocka_unit_test(a_new_gated_net_gives_0),
      cmocka_unit_test(weights_are_initialised_by_their_fan_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
