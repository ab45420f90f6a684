/* Chapter 9 (notes 11.4). The notes' PyTorch module AffineCoupling(dim, hidden), three times:
 * in plain loops, with the library's layer, and by PyTorch itself.
 *
 *   net = Linear(dim/2, hidden) → ReLU → Linear(hidden, hidden) → ReLU → Linear(hidden, dim)
 *   s, t = net(x_a)       y_a = x_a,  y_b = x_b·exp(s) + t       log|det J| = Σ s
 *
 * So that all three speak of the same module, number i of weight tensor k (in the order of
 * module.parameters(): 0.weight, 0.bias, 2.weight, …) is given by integers alone:
 *
 *   rule(k, i) = ((i + 1)(i + k + 2)·7919 mod 10007 - 5003) / 10007       in (-1/2, 1/2)
 *
 * and the inputs are x = 2·rule(99, i). PyTorch's numbers were made by
 * golden/ch09_pytorch_coupling.py; the golden file holds all of them. */
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "flow/flow.h"

enum { SAMPLES = 3, MAX_DIM = 8, MAX_HIDDEN = 32, MAX_PARAM = 1480 };

typedef struct {
  size_t dim, hidden, n_param;
  double param[MAX_PARAM], x[SAMPLES * MAX_DIM];
} module;
typedef struct {
  double y[SAMPLES * MAX_DIM], log_det[SAMPLES], log_p[SAMPLES];
} answer;

static void rule(size_t k, size_t n, double scale, double *out) {
  for (size_t i = 0; i < n; i++)
    out[i] = scale * ((double)((i + 1) * (i + k + 2) * 7919 % 10007) - 5003) / 10007;
}

static module module_make(size_t dim, size_t hidden) {
  module m = {.dim = dim, .hidden = hidden};
  const size_t size[6] = {hidden * dim / 2, hidden, hidden * hidden, hidden, dim * hidden, dim};
  for (size_t k = 0; k < 6; m.n_param += size[k++]) rule(k, size[k], 1, m.param + m.n_param);
  rule(99, SAMPLES * dim, 2, m.x);
  return m;
}

/* --- by hand -------------------------------------------------------------------------------- */

/* nn.Linear: y = W x + b, W (out, in) first, b after it; returns what follows the parameters. */
static const double *linear(const double *param, size_t in, size_t out, const double *x,
                            double *y) {
  for (size_t i = 0; i < out; i++) {
    y[i] = param[out * in + i];
    for (size_t j = 0; j < in; j++) y[i] += param[i * in + j] * x[j];
  }
  return param + out * in + out;
}

static void relu(size_t n, double *y) {
  for (size_t i = 0; i < n; i++) y[i] = y[i] > 0 ? y[i] : 0;
}

static void by_hand(const module *m, answer *a) {
  const size_t d = m->dim, half = d / 2;
  for (size_t n = 0; n < SAMPLES; n++) {
    const double *x = m->x + n * d;
    double h1[MAX_HIDDEN], h2[MAX_HIDDEN], st[MAX_DIM], *y = a->y + n * d, norm_sq = 0;
    const double *second = linear(m->param, half, m->hidden, x, h1);
    relu(m->hidden, h1);
    const double *third = linear(second, m->hidden, m->hidden, h1, h2);
    relu(m->hidden, h2);
    linear(third, m->hidden, d, h2, st);

    a->log_det[n] = 0;
    for (size_t j = 0; j < half; j++) {
      y[j] = x[j];
      y[half + j] = x[half + j] * exp(st[j]) + st[half + j];
      a->log_det[n] += st[j];
    }
    for (size_t j = 0; j < d; j++) norm_sq += y[j] * y[j];
    a->log_p[n] = -norm_sq / 2 - (double)d / 2 * NF_LN_2PI + a->log_det[n];
  }
}

/* --- the library ---------------------------------------------------------------------------- */

/* Also the largest |f⁻¹(f(x)) - x|. */
static double library(module *m, answer *a) {
  int status = NF_OK;
  const nf_shape shape = nf_point(m->dim);
  nf_net *net =
      nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                 nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), m->hidden, &status);
  nf_bijector *layer = nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &status);
  chapter_need(status, "nf_coupling_new");
  nf_flow *flow = NULL;
  chapter_need(nf_flow_new(&flow, layer, 0), "nf_flow_new");
  if (flow->n_param != m->n_param) chapter_fail("the layer has %zu parameters", flow->n_param);
  memcpy(flow->param, m->param, m->n_param * sizeof m->param[0]);
  chapter_need(nf_bijector_prepare(layer), "nf_bijector_prepare");

  double back[SAMPLES * MAX_DIM], worst = 0;
  const nf_batch x = {.n = SAMPLES, .shape = shape, .data = m->x};
  const nf_batch y = {.n = SAMPLES, .shape = shape, .data = a->y};
  chapter_need(nf_flow_forward(flow, &x, a->y, a->log_det), "nf_flow_forward");
  chapter_need(nf_flow_log_prob(flow, &x, a->log_p), "nf_flow_log_prob");
  chapter_need(nf_flow_inverse(flow, &y, back, NULL), "nf_flow_inverse");
  for (size_t i = 0; i < SAMPLES * m->dim; i++) worst = fmax(worst, fabs(back[i] - m->x[i]));
  nf_flow_free(flow);
  return worst;
}

static void show(size_t dim, size_t hidden, const double pytorch_log_det[SAMPLES],
                 const double pytorch_log_p[SAMPLES]) {
  module m = module_make(dim, hidden);
  answer hand, lib;
  by_hand(&m, &hand);
  const double round_trip = library(&m, &lib);

  char name[64];
  snprintf(name, sizeof name, "AffineCoupling(dim=%zu, hidden=%zu)", dim, hidden);
  chapter_section(name);
  chapter_text("  %zu parameters by the rule; %d inputs.", m.n_param, SAMPLES);
  chapter_table("y by hand", SAMPLES, (const char *const[]){"sample 1", "sample 2", "sample 3"});
  for (size_t j = 0; j < dim; j++) {
    chapter_row("y_%zu%s", j + 1, j < dim / 2 ? "  (= x)" : "");
    for (size_t n = 0; n < SAMPLES; n++) {
      snprintf(name, sizeof name, "dim%zu_y%zu_sample%zu", dim, j + 1, n + 1);
      chapter_cell(name, hand.y[n * dim + j]);
      chapter_claim("the library", lib.y[n * dim + j], 1e-13);
    }
  }
  for (size_t n = 0; n < SAMPLES; n++) {
    snprintf(name, sizeof name, "dim%zu_log_det_%zu", dim, n + 1);
    chapter_value(name, hand.log_det[n], "Σ s(x_a)");
    chapter_claim("library: nf_coupling, nf_mlp", lib.log_det[n], 1e-13);
    chapter_claim("PyTorch", pytorch_log_det[n], 1e-13);
    snprintf(name, sizeof name, "dim%zu_log_p_%zu", dim, n + 1);
    chapter_value(name, hand.log_p[n], "-‖y‖²/2 - d/2·log 2π + log|det J|");
    chapter_claim("library: nf_flow_log_prob", lib.log_p[n], 1e-12);
    chapter_claim("PyTorch", pytorch_log_p[n], 1e-12);
  }
  chapter_shown("round_trip", round_trip, "largest |f⁻¹(f(x)) - x|; nothing of net is inverted");
  chapter_claim("an exact inverse", 0, 1e-13);
}

int main(int argc, char **argv) {
  chapter_begin(argc, argv,
                &(chapter){.number = 9,
                           .title = "The coupling layer of PyTorch, in C",
                           .notes = "11.4",
                           .about = "AffineCoupling with an MLP, in plain loops, with the library, "
                                    "and by PyTorch."});
  chapter_text(
      "  rule(k, i) = ((i + 1)(i + k + 2)·7919 mod 10007 - 5003) / 10007    weights of "
      "tensor k");
  chapter_text("  x = 2·rule(99, i)                                                  inputs");
  show(4, 16, (const double[]){-0.43851976301147677, -0.45648745369352384, -0.54522630660959492},
       (const double[]){-4.6063275418510745, -4.5249098787545776, -4.809926858369665});
  show(8, 32, (const double[]){-0.22481520716188763, 0.62978384087057226, -0.65502781356233486},
       (const double[]){-9.4843685620701965, -11.85818417043274, -27.784613475611831});
  return chapter_end();
}
