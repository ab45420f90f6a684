/* Three published architectures, each a few lines of layers. */
#include "flow/models.h"

nf_model nf_model_default(nf_family family, nf_shape shape) {
  const bool image = nf_shape_pixels(shape) > 1;
  size_t levels = 1;
  for (size_t h = shape.h, w = shape.w; image && levels < 3 && h % 4 == 0 && w % 4 == 0; levels++)
    h /= 2, w /= 2;
  return (nf_model){.family = family,
                    .shape = shape,
                    .levels = family == NF_NICE ? 1 : levels,
                    .steps = image ? 4 : 8,
                    .width = 64,
                    .scale = family == NF_GLOW ? NF_SCALE_SIGMOID : NF_SCALE_TANH,
                    .plu = true,
                    .learned_prior = image,
                    .pixel_levels = image ? 256 : 0,
                    .alpha = 0.05,
                    .seed = 1};
}

static void add_coupling(nf_bijector *chain, nf_mask mask, nf_scale scale, size_t width,
                         int *status) {
  const nf_shape shape = nf_bijector_out(chain);
  nf_net *net = nf_conditioner_new(nf_coupling_net_in(shape, mask),
                                   nf_coupling_net_out(shape, mask, scale), width, status);
  nf_chain_add(chain, nf_coupling_new(shape, mask, scale, net, status), status);
}

static nf_mask swapped_if(bool odd, nf_mask mask) { return odd ? (nf_mask)(mask + 1) : mask; }

static void add_nice(nf_bijector *chain, const nf_model *m, int *status) {
  const size_t d = nf_shape_size(m->shape);
  if (nf_shape_pixels(m->shape) > 1)
    nf_chain_add(chain, nf_reshape_new(m->shape, nf_point(d), status), status);
  for (size_t i = 0; i < m->steps; i++)
    add_coupling(chain, swapped_if(i % 2, NF_CHANNEL), NF_SCALE_NONE, m->width, status);
  nf_chain_add(chain, nf_actnorm_new(nf_point(d), status), status);
}

/* Points: couplings that take turns. */
static void add_realnvp_points(nf_bijector *chain, const nf_model *m, int *status) {
  for (size_t i = 0; i < m->steps; i++)
    add_coupling(chain, swapped_if(i % 2, NF_CHANNEL), m->scale, m->width, status);
}

/* The paper normalises activations by batch; a density needs a fixed map, hence actnorm. */
static void add_realnvp_couplings(nf_bijector *chain, size_t count, nf_mask mask, const nf_model *m,
                                  int *status) {
  for (size_t i = 0; i < count; i++) {
    nf_chain_add(chain, nf_actnorm_new(nf_bijector_out(chain), status), status);
    add_coupling(chain, swapped_if(i % 2, mask), m->scale, m->width, status);
  }
}

static nf_shape half(nf_shape s) { return (nf_shape){s.h, s.w, s.c / 2}; }

static void add_realnvp_scales(nf_bijector *chain, const nf_model *m, size_t levels, int *status) {
  if (*status != NF_OK) return;
  if (levels == 1) {
    add_realnvp_couplings(chain, 4, NF_CHECKERBOARD, m, status);
    return;
  }
  add_realnvp_couplings(chain, 3, NF_CHECKERBOARD, m, status);
  nf_chain_add(chain, nf_squeeze_new(nf_bijector_out(chain), status), status);
  add_realnvp_couplings(chain, 3, NF_CHANNEL, m, status);
  const nf_shape shape = nf_bijector_out(chain);
  nf_bijector *inner = nf_chain_new(half(shape), status);
  add_realnvp_scales(inner, m, levels - 1, status);
  nf_chain_add(chain, nf_split_new(shape, inner, status), status);
}

static void add_glow_levels(nf_bijector *chain, const nf_model *m, size_t levels, int *status) {
  if (*status != NF_OK) return;
  if (nf_shape_pixels(m->shape) > 1)
    nf_chain_add(chain, nf_squeeze_new(nf_bijector_out(chain), status), status);
  const nf_shape shape = nf_bijector_out(chain);
  for (size_t k = 0; k < m->steps; k++) {
    nf_chain_add(chain, nf_actnorm_new(shape, status), status);
    nf_chain_add(chain, nf_conv1x1_new(shape, m->plu, status), status);
    add_coupling(chain, NF_CHANNEL, m->scale, m->width, status);
  }
  if (levels == 1) return;
  if (m->learned_prior) { /* (x_b - μ(x_a))/σ(x_a) is a coupling */
    nf_net *net = nf_conv_new(nf_coupling_net_in(shape, NF_CHANNEL),
                              nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP), status);
    nf_chain_add(chain, nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, status), status);
  }
  nf_bijector *inner = nf_chain_new(half(shape), status);
  add_glow_levels(inner, m, levels - 1, status);
  nf_chain_add(chain, nf_split_new(shape, inner, status), status);
}

nf_bijector *nf_model_new(const nf_model *m, int *status) {
  const bool point = nf_shape_pixels(m->shape) == 1;
  const bool steps_count = m->family != NF_REALNVP || point;
  if (*status == NF_OK && (m->levels < 1 || m->levels > 16 || m->width < 1 ||
                           (steps_count && (m->steps < 1 || m->steps > 4096)) ||
                           ((point || m->family == NF_NICE) && m->levels != 1)))
    *status = NF_EINVAL;
  nf_bijector *chain = nf_chain_new(m->shape, status);
  if (m->pixel_levels > 0) {
    nf_chain_add(chain, nf_dequantise_new(m->shape, m->pixel_levels, m->seed, status), status);
    nf_chain_add(chain, nf_logit_new(m->shape, m->alpha, status), status);
  }
  if (m->family == NF_NICE)
    add_nice(chain, m, status);
  else if (m->family == NF_REALNVP && point)
    add_realnvp_points(chain, m, status);
  else if (m->family == NF_REALNVP)
    add_realnvp_scales(chain, m, m->levels, status);
  else
    add_glow_levels(chain, m, m->levels, status);
  if (*status == NF_OK) return chain;
  nf_bijector_free(chain);
  return NULL;
}
