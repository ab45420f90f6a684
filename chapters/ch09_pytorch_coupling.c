/* Chapter 9 (NOTES (9.1)-(9.3)). The notes' PyTorch module AffineCoupling(dim, hidden), three
 * times: in plain loops, with the library's layer, and by PyTorch itself.
 *
 *   net = Linear(dim/2, hidden) → ReLU → Linear(hidden, hidden) → ReLU → Linear(hidden, dim)
 *   s, t = net(x_a)       y_a = x_a,  y_b = x_b·exp(s) + t       log|det J| = Σ s
 *
 * So that all three speak of the same module, number i of weight tensor k (in the order of
 * module.parameters(): 0.weight, 0.bias, 2.weight, …) is given by integers alone:
 *
 *   rule(k, i) = ((i + 1)(i + k + 2)·7919 mod 10007 - 5003) / 10007       in (-1/2, 1/2)
 *
 * and the inputs are x = 2·rule(99, i). A third module is PyTorch's own: its state_dict
 * is read from a safetensors file, which golden/ch09_state_dict.py has written. PyTorch's numbers
 * were made by golden/ch09_pytorch_coupling.py; the golden file holds all of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chapter.h"
#include "io/safetensors.h"

static nf_error e; /* of all calls of the library; chapter_need ends the program when it is set */

enum { SAMPLES = 3, MAX_DIM = 64, MAX_HIDDEN = 256, TENSORS = 6 };
enum { MAX_PARAM = MAX_HIDDEN * (MAX_DIM / 2 + MAX_HIDDEN + MAX_DIM + 2) + MAX_DIM };
static const char example_path[] = "golden/ch09_state_dict.safetensors";

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

static module *by_rule(size_t dim, size_t hidden) {
  static module m;
  m.dim = dim, m.hidden = hidden, m.n_param = 0;
  const size_t size[] = {hidden * dim / 2, hidden, hidden * hidden, hidden, dim * hidden, dim};
  for (size_t k = 0; k < TENSORS; m.n_param += size[k++]) rule(k, size[k], 1, m.param + m.n_param);
  rule(99, SAMPLES * dim, 2, m.x);
  return &m;
}

/* --- a state_dict ---------------------------------------------------------------------------- */

static const char *const tensor_name[TENSORS] = {"nn.0.weight", "nn.0.bias",   "nn.2.weight",
                                                 "nn.2.bias",   "nn.4.weight", "nn.4.bias"};

static const nf_safetensor *find(const char *path, const nf_safetensors *file, size_t k,
                                 size_t rank) {
  const nf_safetensor *t = nf_safetensors_find(file, tensor_name[k]);
  if (t == NULL)
    chapter_fail("%s: there is no tensor '%s'; AffineCoupling has nn.0.weight … nn.4.bias", path,
                 tensor_name[k]);
  if (t->dtype == NF_OTHER_DTYPE)
    chapter_fail("%s: %s is %.20s; F16, BF16, F32 and F64 can be read", path, t->name,
                 t->dtype_name);
  if (t->rank != rank)
    chapter_fail("%s: %s is of rank %zu; it must be of rank %zu", path, t->name, t->rank, rank);
  return t;
}

/* Weights are (out, in) and row-major in PyTorch, in the file and here: copied number by number. */
static module *from_state_dict(const char *path) {
  static module m;
  nf_safetensors file = {0};
  if (nf_safetensors_read(path, &file, &e) != NF_OK)
    chapter_fail("%s%s", e.message, path == example_path ? "; run this in the project's root" : "");

  const nf_safetensor *first = find(path, &file, 0, 2);
  m.dim = 2 * first->dim[1], m.hidden = first->dim[0];
  const size_t side[TENSORS][2] = {{m.hidden, m.dim / 2}, {m.hidden, 1},     {m.hidden, m.hidden},
                                   {m.hidden, 1},         {m.dim, m.hidden}, {m.dim, 1}};
  if (first->dim[1] > MAX_DIM / 2 || first->dim[0] > MAX_HIDDEN)
    chapter_fail("%s: AffineCoupling(dim=%zu, hidden=%zu); at most (%d, %d) fits here", path, m.dim,
                 m.hidden, MAX_DIM, MAX_HIDDEN);
  for (size_t k = 0; k < TENSORS; k++) {
    const nf_safetensor *t = find(path, &file, k, k % 2 == 0 ? 2 : 1);
    const size_t columns = k % 2 == 0 ? t->dim[1] : 1;
    if (t->dim[0] != side[k][0] || columns != side[k][1])
      chapter_fail("%s: %s is %zu×%zu; beside nn.0.weight of %zu×%zu it must be %zu×%zu", path,
                   t->name, t->dim[0], columns, m.hidden, m.dim / 2, side[k][0], side[k][1]);
    double *param = m.param + m.n_param;
    chapter_need_ok(nf_safetensor_values(t, param), t->name);
    for (size_t i = 0; i < t->size; i++)
      if (!isfinite(param[i]))
        chapter_fail("%s: %s: value %zu is not finite", path, t->name, i + 1);
    m.n_param += t->size;
  }
  if (file.n != TENSORS)
    chapter_fail("%s: it has %zu tensors; AffineCoupling has %d", path, file.n, TENSORS);
  nf_safetensors_free(&file);
  rule(99, SAMPLES * m.dim, 2, m.x);
  return &m;
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
  for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
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
    a->log_p[n] = -norm_sq / 2 - (double)d / 2 * LN_2PI + a->log_det[n];
  }
}

/* --- the library ---------------------------------------------------------------------------- */

static nf_flow *layer_of(const module *m) {
  const nf_shape shape = nf_point(m->dim);
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), m->hidden, &e);
  nf_bijector *layer = nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, &e);
  nf_flow *flow = nf_flow_new(layer, 0, &e);
  chapter_need(&e);
  if (nf_flow_n_param(flow) != m->n_param)
    chapter_fail("the layer has %zu parameters", nf_flow_n_param(flow));
  memcpy(nf_flow_param(flow), m->param, m->n_param * sizeof m->param[0]);
  return flow;
}

/* Also the largest |f⁻¹(f(x)) - x|. */
static double library(module *m, answer *a) {
  nf_flow *flow = layer_of(m);
  double back[SAMPLES * MAX_DIM], worst = 0;
  nf_flow_forward(flow, SAMPLES, m->x, a->y, a->log_det, &e);
  nf_flow_log_prob(flow, SAMPLES, m->x, a->log_p, &e);
  nf_flow_inverse(flow, SAMPLES, a->y, back, NULL, &e);
  chapter_need(&e);
  for (size_t i = 0; i < SAMPLES * m->dim; i++) worst = fmax(worst, fabs(back[i] - m->x[i]));
  nf_flow_free(flow);
  return worst;
}

/* y by PyTorch may be NULL, and pytorch altogether: a module of the reader's own. */
typedef struct {
  const double *y, *log_det, *log_p;
} known;

static double size(double v) { return fmax(1, fabs(v)); } /* the reader's may be large */

static void show(module *m, const char *prefix, const char *origin, const known *pytorch) {
  const size_t dim = m->dim;
  answer hand, lib;
  by_hand(m, &hand);
  const double round_trip = library(m, &lib);

  chapter_section(chapter_name("AffineCoupling(dim=%zu, hidden=%zu)", dim, m->hidden));
  chapter_text("  %zu parameters %s; %d inputs.", m->n_param, origin, SAMPLES);
  chapter_table("y by hand", SAMPLES, (const char *const[]){"sample 1", "sample 2", "sample 3"});
  for (size_t j = 0; j < dim; j++) {
    chapter_row("y_%zu%s", j + 1, j < dim / 2 ? "  (= x)" : "");
    for (size_t n = 0; n < SAMPLES; n++) {
      chapter_cell(chapter_name("%s_y%zu_sample%zu", prefix, j + 1, n + 1), hand.y[n * dim + j]);
      chapter_claim("the library", lib.y[n * dim + j], 1e-13 * size(lib.y[n * dim + j]));
      if (pytorch && pytorch->y) chapter_claim("PyTorch", pytorch->y[n * dim + j], 1e-13);
    }
    if (!pytorch || !pytorch->y) continue;
    chapter_row("     PyTorch");
    for (size_t n = 0; n < SAMPLES; n++) chapter_cell_unrecorded(pytorch->y[n * dim + j]);
  }
  for (size_t n = 0; n < SAMPLES; n++) {
    chapter_value(chapter_name("%s_log_det_%zu", prefix, n + 1), hand.log_det[n], "Σ s(x_a)");
    chapter_claim("library: nf_coupling, nf_mlp", lib.log_det[n], 1e-13 * size(lib.log_det[n]));
    if (pytorch) chapter_claim("PyTorch", pytorch->log_det[n], 1e-13);
    if (pytorch) chapter_exact(1e-13);
    chapter_value(chapter_name("%s_log_p_%zu", prefix, n + 1), hand.log_p[n],
                  "-‖y‖²/2 - d/2·log 2π + log|det J|");
    chapter_claim("library: nf_flow_log_prob", lib.log_p[n], 1e-12 * size(lib.log_p[n]));
    if (pytorch) chapter_claim("PyTorch", pytorch->log_p[n], 1e-12);
    if (pytorch) chapter_exact(1e-13);
  }
  chapter_unrecorded("round_trip", round_trip,
                     "largest |f⁻¹(f(x)) - x|; the network is not inverted");
  if (pytorch) chapter_claim("an exact inverse", 0, 1e-13);
}

static void trace(void) {
  module *m = by_rule(8, 32);
  nf_flow *flow = layer_of(m);
  chapter_trace("Sample 1 through AffineCoupling(dim=8, hidden=32)", flow, 0, m->x);
  nf_flow_free(flow);
}

int main(int argc, char **argv) {
  chapter_option option[] = {
      {"state-dict", "FILE", "AffineCoupling of PyTorch, as safetensors [an example]",
       example_path},
      {0}};
  chapter_begin(argc, argv,
                &(chapter){.number = 9,
                           .title = "A coupling layer in PyTorch, and in C",
                           .notes = "(9.1)-(9.3)",
                           .about = "AffineCoupling with an MLP, in plain loops, with the library, "
                                    "and by PyTorch.",
                           .options = option,
                           .trace = trace});
  chapter_text(
      "  rule(k, i) = ((i + 1)(i + k + 2)·7919 mod 10007 - 5003) / 10007    weights of "
      "tensor k");
  chapter_text("  x = 2·rule(99, i)                                                  inputs");
  show(by_rule(4, 16), "dim4", "by the rule",
       &(known){NULL,
                (const double[]){-0.43851976301147677, -0.45648745369352384, -0.54522630660959492},
                (const double[]){-4.6063275418510745, -4.5249098787545776, -4.809926858369665}});
  show(by_rule(8, 32), "dim8", "by the rule",
       &(known){NULL,
                (const double[]){-0.22481520716188763, 0.62978384087057226, -0.65502781356233486},
                (const double[]){-9.4843685620701965, -11.85818417043274, -27.784613475611831}});
  const known example = {
      (const double[]){0.8520035974817628, -0.130708504047167, 0.051963625462176477,
                       -1.0891725679367026, 0.086646698508998879, -0.39104881770366806,
                       0.43649445388228242, 0.44608773858299189, -0.37893474567802538,
                       -0.36233353589540823, -0.32225924342903345, 0.19892072248854006,
                       -0.025182372339362446, 0.9767162985909863, -0.85600079944039176,
                       0.2924220732963877, 1.1185496160458199, 0.68538617983087979},
      (const double[]){0.34003248858968627, 0.2301728579814197, 0.20457627902250164},
      (const double[]){-6.2198080968678822, -5.6873679839023339, -7.0559371084369751}};
  show(from_state_dict(option->value), "state_dict", "from PyTorch's state_dict",
       option->value == example_path ? &example : NULL);
  return chapter_end();
}
