/* The flow of proofs/ball_flow.h, as the notes have it:
 *
 *   (s̃, t) = A₄ relu(A₂ relu(A₀ x_a + b₀) + b₂) + b₄      s = γ tanh s̃
 *   z_a = x_a,  z_b = x_b e^s + t                          log p_X(x) = log N(z; 0, I) + Σ s
 *
 * Balls become wider from coupling to coupling, by the sum of the weights' absolute values and not
 * by the map's own derivative, so a deep flow is computed with more bits. */
#include "ball_flow.h"

size_t ball_mlp_params(size_t in, size_t width, size_t out) {
  return width * (in + 1) + width * (width + 1) + out * (width + 1);
}

/* y = A x + b, A (out, in) first and b after it; returns what follows them. */
static arb_srcptr linear(size_t in, size_t out, arb_srcptr param, arb_srcptr x, arb_ptr y,
                         slong prec) {
  for (size_t i = 0; i < out; i++)
    arb_dot(y + i, param + out * in + i, 0, param + i * in, 1, x, 1, (slong)in, prec);
  return param + out * in + out;
}

/* max(y, 0), for every number of the ball */
static void relu(size_t n, arb_ptr y, slong prec) {
  arb_t zero;
  arb_init(zero);
  for (size_t i = 0; i < n; i++) arb_max(y + i, y + i, zero, prec);
  arb_clear(zero);
}

void ball_mlp(size_t in, size_t width, size_t out, arb_srcptr param, arb_srcptr x, arb_ptr y,
              slong prec) {
  arb_ptr h = _arb_vec_init((slong)(2 * width)), h1 = h, h2 = h + width;
  param = linear(in, width, param, x, h1, prec);
  relu(width, h1, prec);
  param = linear(width, width, param, h1, h2, prec);
  relu(width, h2, prec);
  linear(width, out, param, h2, y, prec);
  _arb_vec_clear(h, (slong)(2 * width));
}

void ball_couple(size_t n, arb_ptr x_b, arb_srcptr s, arb_srcptr t, arb_t log_det, slong prec) {
  arb_t scale;
  arb_init(scale);
  for (size_t i = 0; i < n; i++) {
    arb_exp(scale, s + i, prec);
    arb_mul(x_b + i, x_b + i, scale, prec);
    arb_add(x_b + i, x_b + i, t + i, prec);
    arb_add(log_det, log_det, s + i, prec);
  }
  arb_clear(scale);
}

void ball_flow_layer(const ball_flow *f, size_t k, arb_ptr x, arb_t log_det, slong prec) {
  const size_t half = f->d / 2;
  const arb_srcptr gamma = f->param + k * (1 + ball_mlp_params(half, f->width, f->d));
  const arb_ptr x_a = k % 2 == 0 ? x : x + half, x_b = k % 2 == 0 ? x + half : x;
  arb_ptr s = _arb_vec_init((slong)f->d), t = s + half;
  ball_mlp(half, f->width, f->d, gamma + 1, x_a, s, prec);
  for (size_t i = 0; i < half; i++) {
    arb_tanh(s + i, s + i, prec);
    arb_mul(s + i, s + i, gamma, prec);
  }
  ball_couple(half, x_b, s, t, log_det, prec);
  _arb_vec_clear(s, (slong)f->d);
}

void ball_log_prob(size_t d, arb_srcptr z, const arb_t log_det, arb_t log_p, slong prec) {
  arb_t norm_squared;
  arb_init(norm_squared);
  arb_dot(norm_squared, NULL, 0, z, 1, z, 1, (slong)d, prec);
  arb_const_pi(log_p, prec);
  arb_mul_2exp_si(log_p, log_p, 1);
  arb_log(log_p, log_p, prec);
  arb_addmul_ui(norm_squared, log_p, (ulong)d, prec);
  arb_mul_2exp_si(norm_squared, norm_squared, -1);
  arb_sub(log_p, log_det, norm_squared, prec);
  arb_clear(norm_squared);
}
