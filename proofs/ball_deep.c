/* The log-probabilities of proofs/deep.h in balls: one pass through all couplings, which stops for
 * the log-probability after 1, 2, 4, … of them, since a flow of fewer couplings is the beginning of
 * this. */
#include "ball_flow.h"
#include "deep.h"

void ball_deep_log_prob(size_t couplings, const double *param, arb_ptr log_p, slong prec) {
  static double x[DEEP_INPUTS * DEEP_D];
  const size_t size = couplings * (1 + ball_mlp_params(DEEP_D / 2, DEEP_WIDTH, DEEP_D));
  arb_ptr weights = _arb_vec_init((slong)size), z = _arb_vec_init(DEEP_D);
  arb_t log_det;
  arb_init(log_det);
  for (size_t i = 0; i < size; i++) arb_set_d(weights + i, param[i]);
  const ball_flow f = {DEEP_D, DEEP_WIDTH, couplings, weights};
  deep_inputs(x);
  for (size_t i = 0; i < DEEP_INPUTS; i++) {
    for (size_t j = 0; j < DEEP_D; j++) arb_set_d(z + j, x[i * DEEP_D + j]);
    arb_zero(log_det);
    for (size_t k = 0, next = i; k < couplings; k++) {
      ball_flow_layer(&f, k, z, log_det, prec);
      if (((k + 1) & k) != 0) continue; /* k + 1 is no power of two */
      ball_log_prob(DEEP_D, z, log_det, log_p + next, prec);
      next += DEEP_INPUTS;
    }
  }
  arb_clear(log_det);
  _arb_vec_clear(z, DEEP_D);
  _arb_vec_clear(weights, (slong)size);
}

double ball_relative_error(double computed, arb_srcptr exact) {
  arb_t error;
  mag_t bound;
  arb_init(error);
  mag_init(bound);
  arb_set_d(error, computed);
  arb_sub(error, error, exact, arb_rel_accuracy_bits(exact) + 64);
  arb_div(error, error, exact, 64);
  arb_get_mag(bound, error);
  const double value = mag_get_d(bound);
  arb_clear(error);
  mag_clear(bound);
  return value;
}
