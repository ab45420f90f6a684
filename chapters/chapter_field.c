#include "chapter_field.h"

#include <math.h>

#include "chapter.h"
#include "flow/flow.h"
#include "verify/layer.h"

enum { WIDTH = 16, LAYERS = 3, SEED = 8 };

/* Weights 1.6·N(0, 1)/√fan_in, biases 0.5·N(0, 1) */
nf_flow *field_flow(size_t steps) {
  nf_error e = {0};
  nf_net *net = nf_field_new(nf_point(2), WIDTH, &e);
  nf_flow *flow = nf_flow_new(nf_continuous_new(nf_point(2), steps, net, &e), 1, &e);
  chapter_need(&e);
  for (size_t k = 0; k < net->n_tensor; k++) {
    const nf_tensor *t = &net->tensor[k];
    const double sd = t->dim[1] > 0 ? 1.6 / sqrt((double)t->dim[1]) : 0.5;
    for (size_t i = 0; i < nf_tensor_size(t); i++) t->data[i] = sd * nf_random_normal(SEED, k, i);
  }
  return flow;
}

/* The network's own forward at (z, t) and, for the trace, at four more points along each axis:
 * ∂v/∂z ≈ (8(v(+h) - v(-h)) - (v(+2h) - v(-2h)))/12h */
void field_derivative(void *user, double t, const double *y, double *dy) {
  enum { POINTS = 1 + 2 * NF_STENCIL };
  const nf_net *net = user;
  const double h = 1e-3;
  double x[POINTS][3], v[POINTS][2], hidden[POINTS * LAYERS * WIDTH];
  for (int k = 0; k < POINTS; k++) {
    x[k][0] = y[0], x[k][1] = y[1], x[k][2] = t;
    if (k > 0) x[k][(k - 1) / NF_STENCIL] += h * nf_stencil_offset[(k - 1) % NF_STENCIL];
  }
  net->type->forward(net, POINTS, x[0], v[0], hidden, NULL);
  dy[0] = v[0][0], dy[1] = v[0][1], dy[2] = 0;
  for (int k = 1; k < POINTS; k++)
    dy[2] += nf_stencil_weight[(k - 1) % NF_STENCIL] * v[k][(k - 1) / NF_STENCIL] / (12 * h);
}
