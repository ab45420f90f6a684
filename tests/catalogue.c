/* The table is code: each line calls a layer's own constructor, and `add` makes a flow of it. */
#include "catalogue.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "flow/flow.h"
#include "nf/model.h"

nf_bijector *sinh_arcsinh_new(nf_shape shape, nf_error *e); /* examples/sinh_arcsinh.c */

enum { CAPACITY = 256, SEED = 2016, WIDTH = 6 };

typedef struct {
  catalogue all;
  nf_error e; /* of the constructor calls in the line being added */
} list;

static nf_shape image(size_t h, size_t w, size_t c) { return (nf_shape){h, w, c}; }

/* Constants that data set (standardise) are not trivial here without any. */
static void set_standardise(nf_flow *f) {
  for (size_t i = 0; i < f->n_layer; i++) {
    nf_bijector *b = f->layer[i].layer;
    if (b->type->init_from_data == NULL || b->tensor[0].trainable) continue;
    for (size_t k = 0; k < b->in.c; k++) {
      b->tensor[0].data[k] = NF_R(0.7 - 0.4 * (double)k);
      b->tensor[1].data[k] = NF_R(0.3 - 0.2 * (double)k);
    }
  }
}

/* Takes b; an entry that could not be built stays in the catalogue and fails its tests. */
static void add(list *l, const char *name, unsigned input, int flags, nf_bijector *b) {
  if (l->all.n == CAPACITY) abort();
  catalogue_entry *e = &l->all.entry[l->all.n++];
  const nf_shape s = b != NULL ? b->in : nf_point(0);
  snprintf(e->name, sizeof e->name, "%s %zux%zux%zu", name, s.h, s.w, s.c);
  e->input = input;
  e->flags = flags;
  e->flow = nf_flow_new(b, SEED, &l->e);
  e->status = l->e.status;
  if (e->status == NF_OK) e->status = move_weights(e->flow, 0.3, SEED);
  if (e->flow != NULL) {
    set_standardise(e->flow);
    e->bijector = e->flow->bijector;
    e->n_param = e->flow->n_param;
  }
  l->e = (nf_error){0};
}

/* As add, of a flow with an ODE that is solved up to an error of at most `solver`. */
static void add_solved(list *l, const char *name, double solver, nf_bijector *b) {
  add(l, name, NORMAL, 0, b);
  l->all.entry[l->all.n - 1].solver = solver;
}

static nf_bijector *continuous(nf_shape shape, size_t steps, nf_error *s) {
  return nf_continuous_new(shape, steps, nf_field_new(shape, WIDTH, s), s);
}

static nf_net *mlp(nf_shape in, nf_shape out, nf_error *s) { return nf_mlp_new(in, out, WIDTH, s); }
static nf_net *convnet(nf_shape in, nf_shape out, nf_error *s) {
  return nf_convnet_new(in, out, WIDTH, s);
}
static nf_net *gated(nf_shape in, nf_shape out, nf_error *s) {
  return nf_gated_new(in, out, 3, 2, s);
}

static nf_bijector *coupling(nf_shape shape, nf_mask mask, nf_scale scale,
                             nf_net *(*net)(nf_shape, nf_shape, nf_error *), nf_error *s) {
  nf_net *conditioner =
      net(nf_coupling_net_in(shape, mask), nf_coupling_net_out(shape, mask, scale), s);
  return nf_coupling_new(shape, mask, scale, conditioner, s);
}

/* masks × scales × conditioners; channel halves on points too, always of odd channel counts */
static void add_couplings(list *l) {
  static const char *const mask[] = {"channel", "channel swapped", "checkerboard",
                                     "checkerboard swapped"};
  static const char *const scale[] = {"none", "exp", "tanh", "sigmoid", "clamp"};
  static const struct {
    const char *name;
    nf_net *(*make)(nf_shape, nf_shape, nf_error *);
    bool on_points;
  } net[] = {{"linear", nf_linear_new, true},
             {"mlp", mlp, true},
             {"convnet", convnet, false},
             {"conv", nf_conv_new, false},
             {"gated", gated, false}};
  enum { SCALES = sizeof scale / sizeof *scale, NETS = sizeof net / sizeof *net };
  for (int m = 0; m < 4; m++) {
    for (int g = 0; g < SCALES; g++) {
      for (int k = 0; k < NETS; k++) {
        char name[64];
        snprintf(name, sizeof name, "coupling %s, %s, %s", scale[g], mask[m], net[k].name);
        const int flags = g == NF_SCALE_NONE ? VOLUME : 0;
        const nf_shape shape =
            net[k].on_points && m < NF_CHECKERBOARD ? nf_point(7) : image(3, 4, 3);
        add(l, name, NORMAL, flags, coupling(shape, (nf_mask)m, (nf_scale)g, net[k].make, &l->e));
      }
    }
  }
}

/* A coupling given y of c values. */
static nf_bijector *conditional_on(nf_shape shape, nf_mask mask, size_t c,
                                   nf_net *(*net)(nf_shape, nf_shape, nf_error *), nf_error *s) {
  nf_shape in = nf_coupling_net_in(shape, mask);
  in.c += c;
  return nf_coupling_new(
      shape, mask, NF_SCALE_TANH,
      nf_net_given(net(in, nf_coupling_net_out(shape, mask, NF_SCALE_TANH), s), c, s), s);
}

static nf_bijector *conditional(nf_shape shape, nf_mask mask,
                                nf_net *(*net)(nf_shape, nf_shape, nf_error *), nf_error *s) {
  return conditional_on(shape, mask, 2, net, s);
}

static void add_conditional(list *l) {
  add(l, "conditional, mlp", NORMAL, 0, conditional(nf_point(5), NF_CHANNEL, mlp, &l->e));
  add(l, "conditional, convnet", NORMAL, 0,
      conditional(image(3, 4, 3), NF_CHANNEL_SWAPPED, convnet, &l->e));
  add(l, "conditional, checkerboard", NORMAL, 0,
      conditional(image(4, 3, 2), NF_CHECKERBOARD, convnet, &l->e));
  const nf_shape in = nf_point(4 + 2),
                 out = nf_spline_coupling_net_out(nf_point(7), NF_CHANNEL_SWAPPED, 4);
  add(l, "conditional, spline", NORMAL, 0,
      nf_spline_coupling_new(nf_point(7), NF_CHANNEL_SWAPPED, 4, 1.1,
                             nf_net_given(mlp(in, out, &l->e), 2, &l->e), &l->e));
}

/* Every mask and conditioner again, with splines whose tails are among the values, too. */
static void add_splines(list *l) {
  static const char *const mask[] = {"channel", "channel swapped", "checkerboard",
                                     "checkerboard swapped"};
  for (int m = 0; m < 4; m++) {
    for (size_t bins = 2; bins <= 8; bins += 3) {
      char name[64];
      const nf_shape shape = bins < 8 && m < NF_CHECKERBOARD ? nf_point(7) : image(3, 4, 3);
      const nf_shape in = nf_coupling_net_in(shape, (nf_mask)m);
      const nf_shape out = nf_spline_coupling_net_out(shape, (nf_mask)m, bins);
      snprintf(name, sizeof name, "spline %zu, %s", bins, mask[m]);
      nf_net *net = (nf_shape_pixels(shape) == 1 ? mlp : convnet)(in, out, &l->e);
      const double bound = bins < 8 ? 1.1 : 2.9;
      add(l, name, NORMAL, 0, nf_spline_coupling_new(shape, (nf_mask)m, bins, bound, net, &l->e));
    }
  }
}

/* A chain of the layers given, NULL last; takes them. */
static nf_bijector *chain(nf_shape in, nf_error *s, ...) {
  nf_bijector *c = nf_chain_new(in, s), *b;
  va_list layers;
  va_start(layers, s);
  while ((b = va_arg(layers, nf_bijector *)) != NULL) nf_chain_add(c, b, s);
  va_end(layers);
  return c;
}

static nf_bijector *split(nf_shape shape, nf_error *s) {
  const nf_shape half = image(shape.h, shape.w, shape.c / 2);
  return nf_split_new(shape, coupling(half, NF_CHANNEL, NF_SCALE_EXP, convnet, s), s);
}

static nf_bijector *several(nf_shape in, nf_error *s) {
  const nf_shape deep = image(in.h / 2, in.w / 2, 4 * in.c);
  return chain(in, s, coupling(in, NF_CHECKERBOARD, NF_SCALE_TANH, convnet, s),
               nf_squeeze_new(in, s), nf_actnorm_new(deep, s), nf_conv1x1_new(deep, true, s),
               coupling(deep, NF_CHANNEL, NF_SCALE_SIGMOID, convnet, s), nf_reverse_new(deep, s),
               nf_unsqueeze_new(deep, s), (nf_bijector *)NULL);
}

static nf_bijector *model(nf_model m, nf_error *s) {
  m.width = WIDTH;
  m.alpha = 0.05;
  m.seed = SEED;
  return nf_bijector_from_model(&m, s);
}

/* --- the table ------------------------------------------------------------------------------ */
static void add_all(list *l) {
  nf_error *const s = &l->e;
  const size_t order[] = {3, 0, 4, 1, 2}, long_order[] = {3, 0, 4, 1, 5, 2};

  add(l, "affine", NORMAL, 0, nf_affine_new(nf_point(5), s));
  add(l, "affine", NORMAL, 0, nf_affine_new(image(2, 3, 3), s));
  add(l, "conv1x1", NORMAL, 0, nf_conv1x1_new(nf_point(6), false, s));
  add(l, "conv1x1", NORMAL, 0, nf_conv1x1_new(image(3, 2, 4), false, s));
  add(l, "conv1x1 plu", NORMAL, 0, nf_conv1x1_new(nf_point(6), true, s));
  add(l, "conv1x1 plu", NORMAL, 0, nf_conv1x1_new(image(3, 2, 4), true, s));
  add(l, "actnorm", NORMAL, 0, nf_actnorm_new(nf_point(5), s));
  add(l, "actnorm", NORMAL, 0, nf_actnorm_new(image(2, 3, 3), s));
  add(l, "standardise", NORMAL, 0, nf_standardise_new(nf_point(5), s));
  add(l, "standardise", NORMAL, 0, nf_standardise_new(image(2, 3, 3), s));
  add(l, "permute given", NORMAL, VOLUME, nf_permute_new(nf_point(5), order, s));
  add(l, "permute random", NORMAL, VOLUME, nf_permute_new(image(2, 3, 5), NULL, s));
  add(l, "reverse", NORMAL, VOLUME, nf_reverse_new(nf_point(5), s));
  add(l, "reverse", NORMAL, VOLUME, nf_reverse_new(image(3, 2, 3), s));
  add_couplings(l);
  add_conditional(l);
  add_splines(l);
  add(l, "autoregressive", NORMAL, 0, nf_autoregressive_new(nf_point(2), NULL, WIDTH, s));
  add(l, "autoregressive", NORMAL, 0, nf_autoregressive_new(nf_point(6), long_order, WIDTH, s));
  add(l, "autoregressive", NORMAL, 0, nf_autoregressive_new(image(2, 3, 3), NULL, WIDTH, s));
  add(l, "spline autoregressive", NORMAL, 0,
      nf_spline_autoregressive_new(nf_point(6), long_order, 5, 1.1, WIDTH, s));
  add(l, "inverted autoregressive", NORMAL, 0,
      nf_inverted_new(nf_autoregressive_new(nf_point(6), long_order, WIDTH, s), s));
  add(l, "inverted spline", NORMAL, 0,
      nf_inverted_new(nf_spline_autoregressive_new(nf_point(6), long_order, 5, 1.1, WIDTH, s), s));
  add(l, "inverted chain of seven", NORMAL, 0, nf_inverted_new(several(image(4, 2, 3), s), s));
  add(l, "inverted split", NORMAL, 0, nf_inverted_new(split(image(3, 2, 6), s), s));
  add(l, "squeeze", NORMAL, VOLUME, nf_squeeze_new(image(4, 2, 3), s));
  add(l, "unsqueeze", NORMAL, VOLUME, nf_unsqueeze_new(image(2, 1, 12), s));
  add(l, "reshape", NORMAL, VOLUME, nf_reshape_new(image(2, 3, 4), image(4, 1, 6), s));
  add(l, "split of a coupling", NORMAL, 0, split(image(3, 2, 6), s));
  add(l, "split of a coupling", NORMAL, 0, split(image(3, 2, 5), s));
  add(l, "logit 0.05", UNIT, 0, nf_logit_new(image(2, 2, 3), 0.05, s));
  add(l, "logit 1e-6", UNIT, 0, nf_logit_new(nf_point(5), 1e-6, s));
  add(l, "logit 0", UNIT, 0, nf_logit_new(nf_point(5), 0, s));
  add(l, "dequantise 2", 2, 0, nf_dequantise_new(nf_point(5), 2, SEED, s));
  add(l, "dequantise 17", 17, 0, nf_dequantise_new(image(3, 2, 1), 17, SEED, s));
  add(l, "dequantise 256", 256, 0, nf_dequantise_new(image(2, 2, 3), 256, SEED, s));
  add(l, "variational 17", 17, CURVED | LEARNED_NOISE,
      nf_variational_dequantise_new(image(3, 2, 1), 17, SEED,
                                    conditional_on(image(3, 2, 1), NF_CHECKERBOARD, 1, convnet, s),
                                    s));
  add(l, "variational 256", 256, CURVED | LEARNED_NOISE,
      nf_variational_dequantise_new(image(2, 2, 3), 256, SEED,
                                    conditional_on(image(2, 2, 3), NF_CHANNEL, 3, convnet, s), s));
  add(l, "sinh arcsinh", NORMAL, 0, sinh_arcsinh_new(image(2, 3, 3), s));
  add_solved(l, "continuous by 2 steps", 2e-5, continuous(nf_point(3), 2, s));
  add_solved(l, "continuous by 8 steps", 1e-7, continuous(nf_point(3), 8, s));
  add_solved(l, "continuous by 32 steps", 2e-9, continuous(nf_point(3), 32, s));
  add_solved(l, "continuous by 32 steps", 2e-9, continuous(image(1, 2, 2), 32, s));
  add(l, "chain of none", NORMAL, VOLUME, nf_chain_new(nf_point(5), s));
  add(l, "chain of seven", NORMAL, 0, several(image(4, 2, 3), s));

#define MODEL(...) model((nf_model){__VA_ARGS__}, s)
  const nf_shape small = image(4, 4, 2), large = image(8, 8, 3);
  add(l, "nice", NORMAL, 0, MODEL(NF_NICE, nf_point(5), .levels = 1, .steps = 4));
  add(l, "nice", NORMAL, 0, MODEL(NF_NICE, small, .levels = 1, .steps = 4));
  add(l, "realnvp", NORMAL, 0, MODEL(NF_REALNVP, nf_point(5), 1, 4, .scale = NF_SCALE_EXP));
  add(l, "realnvp standardised", NORMAL, 0,
      MODEL(NF_REALNVP, nf_point(5), 1, 4, .scale = NF_SCALE_TANH, .standardise = true));
  add(l, "realnvp", NORMAL, 0, MODEL(NF_REALNVP, small, 2, 1, .scale = NF_SCALE_TANH));
  add(l, "realnvp", NORMAL, 0, MODEL(NF_REALNVP, large, 2, 1, .scale = NF_SCALE_TANH));
  add(l, "glow", NORMAL, 0, MODEL(NF_GLOW, nf_point(5), 1, 3, .scale = NF_SCALE_SIGMOID));
  add(l, "glow", NORMAL, 0, MODEL(NF_GLOW, small, 2, 2, .scale = NF_SCALE_SIGMOID));
  add(l, "glow plu prior", NORMAL, 0,
      MODEL(NF_GLOW, small, 2, 2, .scale = NF_SCALE_EXP, .plu = true, .learned_prior = true));
  add(l, "glow plu prior", NORMAL, 0,
      MODEL(NF_GLOW, large, 3, 2, .scale = NF_SCALE_SIGMOID, .plu = true, .learned_prior = true));
  add(l, "maf", NORMAL, 0, MODEL(NF_MAF, nf_point(5), .levels = 1, .steps = 3));
  add(l, "maf", NORMAL, 0, MODEL(NF_MAF, small, .levels = 1, .steps = 2));
  /* Oracles that take differences need points a step away from knots, where y'' jumps. */
  add(l, "nsf", NORMAL, 0, MODEL(NF_NSF, nf_point(5), .levels = 1, .steps = 2));
  add(l, "nsf plu prior", NORMAL, 0,
      MODEL(NF_NSF, small, 2, 1, .plu = true, .learned_prior = true));
  add(l, "glow of pixels", 256, CURVED,
      MODEL(NF_GLOW, small, 2, 2, .scale = NF_SCALE_SIGMOID, .bins = 256));
  add(l, "glow of pixels, variational", 17, CURVED | LEARNED_NOISE,
      MODEL(NF_GLOW, small, 1, 1, .scale = NF_SCALE_SIGMOID, .bins = 17, .variational = true));
  add(l, "glow gated", NORMAL, 0,
      MODEL(NF_GLOW, small, 1, 2, .scale = NF_SCALE_SIGMOID, .net = NF_NET_GATED, .blocks = 1));
  add(l, "single-scale", NORMAL, 0,
      MODEL(NF_SINGLE_SCALE, nf_point(5), 1, 3, .scale = NF_SCALE_CLAMP));
  add(l, "single-scale gated", NORMAL, 0,
      MODEL(NF_SINGLE_SCALE, image(3, 4, 2), 1, 3, .scale = NF_SCALE_CLAMP, .net = NF_NET_GATED,
            .blocks = 2));
#undef MODEL
}

/* -------------------------------------------------------------------------------------------- */
catalogue catalogue_new(void) {
  list l = {{calloc(CAPACITY, sizeof(catalogue_entry)), 0}, {0}};
  if (l.all.entry != NULL) add_all(&l);
  return l.all;
}

void catalogue_free(catalogue *c) {
  for (size_t k = 0; k < c->n; k++) nf_flow_free(c->entry[k].flow);
  free(c->entry);
  *c = (catalogue){NULL, 0};
}
