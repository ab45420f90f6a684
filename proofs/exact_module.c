/* Chapter 9: the three modules of NOTES (9.1)-(9.3), twice with the rational numbers of the rule
 * for weights and inputs, once with the floats of the saved state_dict taken as exact:
 *
 *   ω_m(i) = (((i + 1)(i + m + 2)·7919 mod 10007) - 5003)/10007      inputs x = 2·ω_99 */
#include <stdlib.h>

#include "ball_flow.h"
#include "exact.h"
#include "io/safetensors.h"

enum { SAMPLES = 3, TENSORS = 6 };

static arb_ptr rule(long m, size_t n, long scale, arb_ptr out) {
  for (long i = 0; i < (long)n; i++, out++) {
    arb_set_si(out, scale * ((i + 1) * (i + m + 2) * 7919 % 10007 - 5003));
    arb_div_ui(out, out, 10007, BITS);
  }
  return out;
}

static void print_answers(const char *prefix, size_t dim, arb_srcptr y, arb_srcptr log_det) {
  char name[64];
  for (size_t j = 0; j < dim; j++)
    for (size_t n = 0; n < SAMPLES; n++) {
      snprintf(name, sizeof name, "ch09_%s_y%zu_sample%zu", prefix, j + 1, n + 1);
      print_exact(name, (ball)(y + n * dim + j));
    }
  for (size_t n = 0; n < SAMPLES; n++) {
    ball log_p = new_ball();
    ball_log_prob(dim, y + n * dim, log_det + n, log_p, BITS);
    snprintf(name, sizeof name, "ch09_%s_log_det_%zu", prefix, n + 1);
    print_exact(name, (ball)(log_det + n));
    snprintf(name, sizeof name, "ch09_%s_log_p_%zu", prefix, n + 1);
    print_exact(name, log_p);
  }
}

static void run(const char *prefix, size_t dim, size_t hidden, arb_srcptr param) {
  const size_t half = dim / 2;
  arb_ptr y = _arb_vec_init((slong)(SAMPLES * dim)), log_det = _arb_vec_init(SAMPLES);
  arb_ptr st = _arb_vec_init((slong)dim);
  rule(99, SAMPLES * dim, 2, y);
  for (size_t n = 0; n < SAMPLES; n++) {
    arb_ptr sample = y + n * dim;
    ball_mlp(half, hidden, dim, param, sample, st, BITS);
    ball_couple(half, sample + half, st, st + half, log_det + n, BITS);
  }
  print_answers(prefix, dim, y, log_det);
  _arb_vec_clear(st, (slong)dim);
  _arb_vec_clear(log_det, SAMPLES);
  _arb_vec_clear(y, (slong)(SAMPLES * dim));
}

static void by_rule(const char *prefix, size_t dim, size_t hidden) {
  const size_t size[TENSORS] = {hidden * dim / 2, hidden,       hidden * hidden,
                                hidden,           dim * hidden, dim};
  const size_t n = ball_mlp_params(dim / 2, hidden, dim);
  arb_ptr param = _arb_vec_init((slong)n), next = param;
  for (long m = 0; m < TENSORS; m++) next = rule(m, size[m], 1, next);
  run(prefix, dim, hidden, param);
  _arb_vec_clear(param, (slong)n);
}

static void from_state_dict(const char *prefix, const char *path) {
  static const char *const name[TENSORS] = {"nn.0.weight", "nn.0.bias",   "nn.2.weight",
                                            "nn.2.bias",   "nn.4.weight", "nn.4.bias"};
  nf_error e = {0};
  nf_safetensors file = {0};
  if (nf_safetensors_read(path, &file, &e) != NF_OK) {
    fprintf(stderr, "exact: %s; run this in the project's root\n", e.message);
    exit(2);
  }
  const nf_safetensor *first = nf_safetensors_find(&file, name[0]);
  const size_t dim = 2 * first->dim[1], hidden = first->dim[0];
  const size_t n = ball_mlp_params(dim / 2, hidden, dim);
  arb_ptr param = _arb_vec_init((slong)n), next = param;
  for (int m = 0; m < TENSORS; m++) {
    const nf_safetensor *t = nf_safetensors_find(&file, name[m]);
    double *value = malloc(t->size * sizeof *value);
    if (value == NULL || nf_safetensor_values(t, value) != NF_OK) exit(2);
    for (size_t i = 0; i < t->size; i++) arb_set_d(next++, value[i]);
    free(value);
  }
  nf_safetensors_free(&file);
  run(prefix, dim, hidden, param);
  _arb_vec_clear(param, (slong)n);
}

void exact_module(void) {
  by_rule("dim4", 4, 16);
  by_rule("dim8", 8, 32);
  from_state_dict("state_dict", "golden/ch09_state_dict.safetensors");
}
