/* Names tell the flow, the number of chunks, and what is special in the training. */
#include "rows.h"

static nf_flow *glow_of_images(void) { return small_glow(); }

static nf_flow *glow_of_pixels(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_image(8, 8, 1));
  m.levels = 2;
  m.steps = 3;
  m.width = 6;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *gated_of_pixels(void) {
  nf_model m = nf_model_default(NF_SINGLE_SCALE, nf_image(4, 3, 2));
  m.width = 3;
  m.steps = 3;
  m.net = NF_NET_GATED;
  m.blocks = 2;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *learned_noise(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_image(4, 4, 1));
  m.levels = m.steps = 1;
  m.width = 6;
  m.variational = true;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *glow_of_points(void) {
  nf_model m = nf_model_default(NF_GLOW, nf_point(2));
  m.width = 8;
  m.steps = 3;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_bijector *coupling(nf_shape shape) {
  nf_net *net = nf_mlp_new(nf_coupling_net_in(shape, NF_CHANNEL),
                           nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_TANH), 4, NULL);
  return nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_TANH, net, NULL);
}

static nf_flow *one_coupling(void) { return moved_flow(coupling(nf_point(6)), 0.1); }

static nf_flow *autoregressive(void) {
  const nf_shape shape = nf_point(6);
  nf_bijector *b = nf_chain_new(shape, NULL);
  for (int i = 0; i < 3; i++) {
    nf_chain_add(b, nf_actnorm_new(shape, NULL), NULL);
    nf_bijector *layer = nf_autoregressive_new(shape, NULL, 8, NULL);
    nf_chain_add(b, i == 1 ? nf_inverted_new(layer, NULL) : layer, NULL);
    nf_chain_add(b, nf_reverse_new(shape, NULL), NULL);
  }
  return moved_flow(b, 0.1);
}

static nf_flow *splines(void) {
  nf_model m = nf_model_default(NF_NSF, nf_point(5));
  m.width = 6;
  m.steps = 3;
  return moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
}

static nf_flow *split_of_a_coupling(void) {
  return moved_flow(nf_split_new(nf_point(6), coupling(nf_point(3)), NULL), 0.1);
}

static nf_flow *chains_in_a_chain(void) {
  const nf_shape shape = nf_point(6);
  nf_bijector *b = nf_chain_new(shape, NULL);
  for (int i = 0; i < 3; i++) { /* the first one is empty */
    nf_bijector *inner = nf_chain_new(shape, NULL);
    for (int k = 0; k < i; k++) {
      nf_chain_add(inner, nf_actnorm_new(shape, NULL), NULL);
      nf_chain_add(inner, coupling(shape), NULL);
    }
    nf_chain_add(b, inner, NULL);
    nf_chain_add(b, nf_reverse_new(shape, NULL), NULL);
  }
  return moved_flow(b, 0.1);
}

/* Two that keep their inputs. */
static nf_flow *continuous(void) {
  nf_bijector *b = nf_chain_new(nf_point(2), NULL);
  for (int i = 0; i < 2; i++)
    nf_chain_add(b, nf_continuous_new(nf_point(2), 2, nf_field_new(nf_point(2), 6, NULL), NULL),
                 NULL);
  return moved_flow(b, 0.1);
}

static nf_flow *no_parameters(void) { return moved_flow(nf_reverse_new(nf_point(6), NULL), 0.1); }

/* --- the table ------------------------------------------------------------------------------ */

const row rows[ROWS] = {
    {"glow of images, 1 sample", glow_of_images, NORMAL_SAMPLES, 1, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 1 chunk", glow_of_images, NORMAL_SAMPLES, 3, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 3 chunks", glow_of_images, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, 7 chunks", glow_of_images, NORMAL_SAMPLES, 20, 3, 2, NF_ADAM, 0, 0},
    {"glow of images, chunks of 1", glow_of_images, NORMAL_SAMPLES, 6, 1, 2, NF_ADAM, 0, 0},
    {"glow of images, 10 chunks", glow_of_images, NORMAL_SAMPLES, 9 * 16 + 9, 0, 1, NF_ADAM, 0, 0},
    {"glow of images, ema", glow_of_images, NORMAL_SAMPLES, 8, 3, 3, NF_ADAM, 0.9, 0},
    {"glow of images, clip", glow_of_images, NORMAL_SAMPLES, 20, 3, 3, NF_ADAM, 0, 1},
    {"glow of pixels", glow_of_pixels, PIXELS, 10, 3, 2, NF_ADAM, 0, 0},
    {"gated", gated_of_pixels, PIXELS, 10, 3, 2, NF_ADAM, 0, 0},
    {"learned noise", learned_noise, PIXELS, 20, 3, 3, NF_ADAM, 0.9, 0},
    {"one coupling", one_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"autoregressive", autoregressive, NORMAL_SAMPLES, 20, 3, 3, NF_ADAM, 0.9, 1},
    {"splines", splines, NORMAL_SAMPLES, 20, 3, 2, NF_ADAM, 0, 0},
    {"split of a coupling", split_of_a_coupling, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"chains in a chain", chains_in_a_chain, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"continuous", continuous, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"no parameters", no_parameters, NORMAL_SAMPLES, 8, 3, 2, NF_ADAM, 0, 0},
    {"glow of points, adam", glow_of_points, MOONS, 150, 4, 12, NF_ADAM, 0, 0},
    {"glow of points, adam, ema", glow_of_points, MOONS, 150, 4, 12, NF_ADAM, 0.9, 0},
    {"glow of points, adamax", glow_of_points, MOONS, 150, 4, 12, NF_ADAMAX, 0, 0},
    {"glow of points, adamax, ema", glow_of_points, MOONS, 150, 4, 12, NF_ADAMAX, 0.9, 0},
    {"glow of points, ema, clip", glow_of_points, MOONS, 150, 4, 60, NF_ADAM, 0.9, 1},
};
nf_batch batch_of(const row *r, const nf_flow *f, uint64_t number) {
  static nf_real x[2 * MAX_VALUES];
  const size_t count = r->n * f->d;
  assert_true(count <= 2 * MAX_VALUES);
  if (r->data == MOONS) nf_toy_sample(&nf_toys[0], 1, number * r->n, r->n, x);
  for (size_t k = 0; r->data != MOONS && k < count; k++)
    x[k] = r->data == PIXELS ? floor(256 * nf_random_uniform(SEED, number, k))
                             : 1 + 2 * nf_random_normal(SEED, number, k);
  return (nf_batch){
      .n = r->n, .shape = f->bijector->in, .data = x, .first = 11 + number * r->n, .draw = 2};
}
