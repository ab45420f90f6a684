/* Published architectures, each a few lines of layers, and one row of the table at the end. */
#include "flow/models.h"

#include <stdlib.h>

#include "flow/flow.h"
#include "layers/layer.h"

/* Glow (Kingma and Dhariwal 2018) has 3 levels for CIFAR-10, 4 for ImageNet at 64×64 and 6 for
 * faces at 256×256. */
enum { MOST_LEVELS = 6 };

nf_model nf_model_default(nf_family family, nf_shape shape) {
  const nf_architecture *a = nf_architecture_of(family);
  const bool image = nf_shape_pixels(shape) > 1, scales = image && a != NULL && a->levels;
  size_t levels = 1;
  for (size_t h = shape.h, w = shape.w; scales && h % 4 == 0 && w % 4 == 0; levels++) {
    if (levels == MOST_LEVELS || (levels >= 3 && (h <= 8 || w <= 8))) break;
    h /= 2, w /= 2;
  }
  return (nf_model){.family = family,
                    .shape = shape,
                    .levels = levels,
                    .steps = a != NULL && a->continuous ? 16
                             : image                    ? 4
                                                        : 8,
                    .width = 64,
                    .scale = a != NULL ? a->scale : NF_SCALE_TANH,
                    .plu = true,
                    .learned_prior = image,
                    .bins = image ? 256 : 0,
                    .alpha = 0.05,
                    .seed = 1,
                    .blocks = 3};
}

/* MLPs on points, convnets or gated networks on images */
static nf_net *conditioner(nf_shape in, nf_shape out, const nf_model *m, nf_error *e) {
  in.c += m->condition;
  nf_net *net = nf_shape_pixels(in) == 1 ? nf_mlp_new(in, out, m->width, e)
                : m->net == NF_NET_GATED ? nf_gated_new(in, out, m->width, m->blocks, e)
                                         : nf_convnet_new(in, out, m->width, e);
  return nf_net_given(net, m->condition, e);
}

/* Latents beyond ±4 are rare, so the tails, which are the identity, hold little of the density. */
enum { SPLINE_BINS = 16 };
#define SPLINE_BOUND 4

/* Affine with this scale; of nsf a spline */
static void add_coupling(nf_bijector *chain, nf_mask mask, nf_scale scale, const nf_model *m,
                         nf_error *e) {
  const bool spline = m->family == NF_NSF;
  const nf_shape shape = nf_bijector_out(chain);
  const nf_shape out = spline ? nf_spline_coupling_net_out(shape, mask, SPLINE_BINS)
                              : nf_coupling_net_out(shape, mask, scale);
  nf_net *net = conditioner(nf_coupling_net_in(shape, mask), out, m, e);
  nf_chain_add(chain,
               spline ? nf_spline_coupling_new(shape, mask, SPLINE_BINS, SPLINE_BOUND, net, e)
                      : nf_coupling_new(shape, mask, scale, net, e),
               e);
}

static nf_mask swapped(nf_mask mask) { return (nf_mask)(mask ^ 1); } /* they stand in pairs */

/* The first has this mask, and each the parts of the one before it exchanged. */
static void add_couplings(nf_bijector *chain, size_t count, nf_mask mask, nf_scale scale,
                          const nf_model *m, nf_error *e) {
  for (size_t i = 0; i < count; i++, mask = swapped(mask)) add_coupling(chain, mask, scale, m, e);
}

static void add_nice(nf_bijector *chain, const nf_model *m, nf_error *e) {
  const size_t d = nf_shape_size(m->shape);
  if (nf_shape_pixels(m->shape) > 1)
    nf_chain_add(chain, nf_reshape_new(m->shape, nf_point(d), e), e);
  add_couplings(chain, m->steps, NF_CHANNEL, NF_SCALE_NONE, m, e);
  nf_chain_add(chain, nf_actnorm_new(nf_point(d), e), e);
}

/* The paper normalises activations by batch; a density needs a fixed map, hence actnorm. */
static void add_realnvp_couplings(nf_bijector *chain, size_t count, nf_mask mask, const nf_model *m,
                                  nf_error *e) {
  for (size_t i = 0; i < count; i++, mask = swapped(mask)) {
    nf_chain_add(chain, nf_actnorm_new(nf_bijector_out(chain), e), e);
    add_coupling(chain, mask, m->scale, m, e);
  }
}

static nf_shape half(nf_shape s) { return (nf_shape){s.h, s.w, s.c / 2}; }

static void add_realnvp_scales(nf_bijector *chain, const nf_model *m, size_t levels, nf_error *e) {
  if (nf_status_of(e) != NF_OK || chain == NULL) return;
  if (levels == 1) {
    add_realnvp_couplings(chain, 4, NF_CHECKERBOARD, m, e);
    return;
  }
  add_realnvp_couplings(chain, 3, NF_CHECKERBOARD, m, e);
  nf_chain_add(chain, nf_squeeze_new(nf_bijector_out(chain), e), e);
  add_realnvp_couplings(chain, 3, NF_CHANNEL, m, e);
  const nf_shape shape = nf_bijector_out(chain);
  nf_bijector *inner = nf_chain_new(half(shape), e);
  add_realnvp_scales(inner, m, levels - 1, e);
  nf_chain_add(chain, nf_split_new(shape, inner, e), e);
}

/* On points: couplings that swap halves. */
static void add_realnvp(nf_bijector *chain, const nf_model *m, nf_error *e) {
  if (nf_shape_pixels(m->shape) > 1)
    add_realnvp_scales(chain, m, m->levels, e);
  else
    add_couplings(chain, m->steps, NF_CHANNEL, m->scale, m, e);
}

static void add_glow_levels(nf_bijector *chain, const nf_model *m, size_t levels, nf_error *e) {
  if (nf_status_of(e) != NF_OK || chain == NULL) return;
  if (nf_shape_pixels(m->shape) > 1)
    nf_chain_add(chain, nf_squeeze_new(nf_bijector_out(chain), e), e);
  const nf_shape shape = nf_bijector_out(chain);
  for (size_t k = 0; k < m->steps; k++) {
    nf_chain_add(chain, nf_actnorm_new(shape, e), e);
    nf_chain_add(chain, nf_conv1x1_new(shape, m->plu, e), e);
    add_coupling(chain, NF_CHANNEL, m->scale, m, e);
  }
  if (levels == 1) return;
  if (m->learned_prior) { /* (x_b - μ(x_a))/σ(x_a) is a coupling */
    nf_shape in = nf_coupling_net_in(shape, NF_CHANNEL);
    in.c += m->condition;
    nf_net *net = nf_conv_new(in, nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), e);
    net = nf_net_given(net, m->condition, e);
    nf_chain_add(chain, nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, e), e);
  }
  nf_bijector *inner = nf_chain_new(half(shape), e);
  add_glow_levels(inner, m, levels - 1, e);
  nf_chain_add(chain, nf_split_new(shape, inner, e), e);
}

static void add_glow(nf_bijector *chain, const nf_model *m, nf_error *e) {
  add_glow_levels(chain, m, m->levels, e);
}

static void add_single_scale(nf_bijector *chain, const nf_model *m, nf_error *e) {
  const bool image = nf_shape_pixels(m->shape) > 1;
  add_couplings(chain, m->steps, image ? NF_CHECKERBOARD_SWAPPED : NF_CHANNEL_SWAPPED, m->scale, m,
                e);
}

/* The paper, too, reverses the order between layers and has batch normalisation there. */
static void add_maf(nf_bijector *chain, const nf_model *m, nf_error *e) {
  const size_t d = nf_shape_size(m->shape);
  size_t *reversed = malloc(d * sizeof *reversed);
  if (reversed == NULL) nf_fail(e, NF_ENOMEM, "model: out of memory");
  for (size_t i = 0; reversed != NULL && i < d; i++) reversed[i] = d - 1 - i;
  if (nf_shape_pixels(m->shape) > 1)
    nf_chain_add(chain, nf_reshape_new(m->shape, nf_point(d), e), e);
  for (size_t i = 0; i < m->steps; i++) {
    const size_t *order = i % 2 ? reversed : NULL;
    nf_chain_add(chain, nf_actnorm_new(nf_point(d), e), e);
    nf_chain_add(chain, nf_autoregressive_new(nf_point(d), order, m->width, e), e);
  }
  free(reversed);
}

/* On points: couplings that swap halves; on images Glow with splines. */
static void add_nsf(nf_bijector *chain, const nf_model *m, nf_error *e) {
  if (nf_shape_pixels(m->shape) > 1)
    add_glow(chain, m, e);
  else
    add_couplings(chain, m->steps, NF_CHANNEL, m->scale, m, e);
}

/* The exact trace costs a pass for each dimension: for points alone. */
static void add_continuous(nf_bijector *chain, const nf_model *m, nf_error *e) {
  nf_net *field = nf_field_new(m->shape, m->width, e);
  nf_chain_add(chain, nf_continuous_new(m->shape, m->steps, field, e), e);
}

/* --- pixels to values of ℝ ------------------------------------------------------------------ */

/* A small flow of the noise, given the pixels: it is run in every step and adds to its time. */
enum { NOISE_COUPLINGS = 4, NOISE_WIDTH = 32 };

static nf_bijector *noise_flow(const nf_model *m, nf_error *e) {
  const nf_model small = {.shape = m->shape, .width = NOISE_WIDTH, .condition = m->shape.c};
  const nf_mask mask = nf_shape_pixels(m->shape) > 1 ? NF_CHECKERBOARD : NF_CHANNEL;
  nf_bijector *noise = nf_chain_new(m->shape, e);
  add_couplings(noise, NOISE_COUPLINGS, mask, NF_SCALE_TANH, &small, e);
  return noise;
}

static void add_pixels(nf_bijector *chain, const nf_model *m, nf_error *e) {
  nf_chain_add(chain,
               m->variational
                   ? nf_variational_dequantise_new(m->shape, m->bins, m->seed, noise_flow(m, e), e)
                   : nf_dequantise_new(m->shape, m->bins, m->seed, e),
               e);
  nf_chain_add(chain, nf_logit_new(m->shape, m->alpha, e), e);
}

/* --- the table ------------------------------------------------------------------------------ */

/* In the order of nf_family. A row makes a --model of nf train, saved and loaded by its name; a
 * constant in nf_family is for C programs. */
/* clang-format off */
#define ARCHITECTURES(row)                                                                       \
  row("nice", add_nice, NF_SCALE_TANH, .steps = true, .given = true)                             \
  row("realnvp", add_realnvp, NF_SCALE_TANH, .affine = true, .levels = true, .net = true,        \
      .given = true)                                                                             \
  row("glow", add_glow, NF_SCALE_SIGMOID, .affine = true, .levels = true, .steps = true,         \
      .plu = true, .prior = true, .net = true, .given = true)                                    \
  row("single-scale", add_single_scale, NF_SCALE_CLAMP, .affine = true, .steps = true,           \
      .net = true, .given = true)                                                                \
  row("maf", add_maf, NF_SCALE_NONE, .steps = true)                                              \
  row("nsf", add_nsf, NF_SCALE_NONE, .levels = true, .steps = true, .plu = true, .prior = true,  \
      .net = true, .given = true)                                                                \
  row("cnf", add_continuous, NF_SCALE_NONE, .steps = true, .continuous = true)                   \
  row("fm", add_continuous, NF_SCALE_NONE, .steps = true, .continuous = true, .matching = true)
/* clang-format on */

#define NAME(name, ...) name,
#define ROW(...)        {__VA_ARGS__},
const char *const nf_family_names[] = {ARCHITECTURES(NAME) NULL};
static const nf_architecture architectures[] = {ARCHITECTURES(ROW)};

const nf_architecture *nf_architecture_of(nf_family family) {
  const size_t i = (size_t)family;
  return i < sizeof architectures / sizeof *architectures ? &architectures[i] : NULL;
}

nf_bijector *nf_bijector_from_model(const nf_model *m, nf_error *e) {
  nf_bijector *chain = nf_model_is_valid(m, e) ? nf_chain_new(m->shape, e) : NULL;
  if (chain == NULL) return NULL;
  nf_error own = {0};
  if (m->bins > 0) add_pixels(chain, m, &own);
  if (m->standardise) nf_chain_add(chain, nf_standardise_new(m->shape, &own), &own);
  nf_architecture_of(m->family)->add(chain, m, &own);
  if (own.status == NF_OK) return chain;
  nf_fail(e, own.status, "%s", own.message);
  nf_bijector_free(chain);
  return NULL;
}

nf_flow *nf_flow_from_model(const nf_model *m, nf_error *e) {
  nf_bijector *b = nf_bijector_from_model(m, e);
  nf_flow *f = b != NULL ? nf_flow_new(b, m->seed, e) : NULL;
  if (f == NULL) return NULL;
  f->has_model = true;
  f->model = *m;
  return f;
}

const nf_model *nf_flow_model(const nf_flow *f) {
  return f != NULL && f->has_model ? &f->model : NULL;
}

const char *const nf_scale_names[] = {"none", "exp", "tanh", "sigmoid", "clamp", NULL};
const char *const nf_net_names[] = {"usual", "gated", NULL};
