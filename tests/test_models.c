/* Models: what their settings build, which are refused, and what a flow knows of its model. (That
 * what they make is a density: test_density.c.) */
#include "fixture.h"
#include "flow/models.h"
#include "verify/jacobian.h"

/* --- shapes and settings -------------------------------------------------------------------- */
static void check_builds(const nf_model *m) {
  nf_error e = {0};
  nf_bijector *b = nf_bijector_from_model(m, &e);
  check_no_error(&e);
  assert_true(nf_shape_equal(b->in, m->shape));
  assert_int_equal(nf_shape_size(b->out), nf_shape_size(b->in));
  nf_bijector_free(b);
}

static void defaults_build_for_points_and_images(void **state) {
  (void)state;
  const nf_shape shape[] = {nf_point(2), nf_point(7), {8, 8, 1},
                            {12, 4, 3},  {32, 32, 3}, {64, 64, 3}};
  for (int family = NF_NICE; family < NF_CNF; family++) {
    for (size_t k = 0; k < sizeof shape / sizeof *shape; k++) {
      nf_model m = nf_model_default((nf_family)family, shape[k]);
      m.width = 4;
      check_builds(&m);
    }
  }
}

/* Those of nf train --help. */
static void defaults_are_the_usual_settings(void **state) {
  (void)state;
  const nf_model m = nf_model_default(NF_GLOW, nf_image(8, 8, 1));
  assert_true(m.steps == 4 && m.width == 64 && m.scale == NF_SCALE_SIGMOID && m.bins == 256);
  assert_true(m.plu && m.learned_prior && m.alpha == 0.05 && m.net == NF_NET_USUAL);
  assert_true(m.blocks == 3 && m.condition == 0 && !m.variational && !m.standardise);
  const nf_model p = nf_model_default(NF_REALNVP, nf_point(3));
  assert_true(p.steps == 8 && p.levels == 1 && p.width == 64 && p.bins == 0);
  assert_true(nf_model_default(NF_FM, nf_point(3)).steps == 16);
}

static void levels_follow_from_the_size(void **state) {
  (void)state;
  const struct {
    size_t h, w, levels;
  } of[] = {{6, 6, 1},   {28, 28, 2}, {8, 8, 3},     {12, 4, 2},    {32, 32, 3},    {48, 48, 4},
            {64, 64, 4}, {64, 16, 3}, {128, 128, 5}, {256, 256, 6}, {1024, 1024, 6}};
  for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
    const nf_shape shape = nf_image(of[k].h, of[k].w, 3);
    assert_int_equal(nf_model_default(NF_GLOW, shape).levels, of[k].levels);
    assert_int_equal(nf_model_default(NF_NICE, shape).levels, 1);
  }
}

static void a_continuous_flow_takes_points_alone(void **state) {
  (void)state;
  nf_error e = {0};
  const nf_family family[] = {NF_CNF, NF_FM};
  for (int k = 0; k < 2; k++) {
    for (size_t d = 1; d <= 5; d += 2) {
      const nf_model m = nf_model_default(family[k], nf_point(d));
      check_builds(&m);
    }
    nf_model m = nf_model_default(family[k], nf_image(8, 8, 1));
    assert_null(nf_flow_from_model(&m, &e));
    check_failed(&e, NF_EINVAL, k == 0 ? "cnf is for points|64 values" : "fm is for points");
    m.shape = nf_point(64); /* pixels all the same */
    assert_null(nf_flow_from_model(&m, &e));
    check_failed(&e, NF_EINVAL, "for points");
  }
}

/* Were all couplings to change the same half, a dimension would depend on itself alone. */
static void every_dimension_is_coupled(void **state) {
  (void)state;
  enum { D = 32 };
  const nf_shape shape[] = {nf_point(5), {4, 4, 2}};
  for (int family = NF_NICE; family < NF_CNF; family++) {
    for (int k = 0; k < 2; k++) {
      nf_model m = nf_model_default((nf_family)family, shape[k]);
      m.bins = 0;
      m.width = 8;
      m.steps = 2;
      nf_flow *f = moved_flow(nf_bijector_from_model(&m, NULL), 0.1);
      double data[D], j[D * D];
      for (size_t i = 0; i < f->d; i++) data[i] = nf_random_normal(SEED, 1, i);
      const nf_batch x = {.n = 1, .shape = shape[k], .data = data};
      nf_work work = {0};
      check_ok(nf_verify_jacobian(f->bijector, &x, j, &work));
      for (size_t row = 0; row < f->d; row++) {
        int depends_on = 0;
        for (size_t i = 0; i < f->d; i++) depends_on += fabs(j[row * f->d + i]) > 1e-7;
        assert_true(depends_on > 1);
      }
      nf_work_free(&work);
      nf_flow_free(f);
    }
  }
}

static const nf_model good = {.family = NF_GLOW,
                              .shape = {8, 4, 3},
                              .levels = 2,
                              .steps = 2,
                              .width = 4,
                              .scale = NF_SCALE_SIGMOID,
                              .bins = 17,
                              .alpha = 0.05};

static void check_refused(nf_model m, int status, const char *words) {
  nf_error e = {0};
  assert_null(nf_flow_from_model(&m, &e));
  check_failed(&e, status, words);
  assert_null(nf_bijector_from_model(&m, &e));
  check_failed(&e, status, words);
  assert_null(nf_flow_from_model(&m, NULL));
}

static void shapes_that_do_not_divide_are_refused(void **state) {
  (void)state;
  nf_model m = good;
  check_builds(&m);
  m.shape = nf_image(6, 6, 3), check_refused(m, NF_ESHAPE, "squeeze|(3, 3, 6)");
  m.shape = nf_image(8, 5, 3), check_refused(m, NF_ESHAPE, "squeeze|(8, 5, 3)");
  m.shape = nf_image(8, 0, 3), check_refused(m, NF_ESHAPE, "(8, 0, 3)");
  m.family = NF_REALNVP;
  m.shape = nf_image(8, 4, 3), check_builds(&m);
  m.shape = nf_image(7, 4, 3), check_refused(m, NF_ESHAPE, "squeeze|(7, 4, 3)");
  m = good, m.shape = nf_point(1), m.levels = 1;
  check_refused(m, NF_EINVAL, "1 value|condition");
}

static void settings_out_of_range_are_refused(void **state) {
  (void)state;
  nf_model m = good;
  m.shape = nf_point(4), check_refused(m, NF_EINVAL, "levels is 2|points");
  m = good, m.family = NF_NICE, check_refused(m, NF_EINVAL, "levels is 2|nice");
  m = good, m.levels = 0, check_refused(m, NF_EINVAL, "levels is 0|1 to 16");
  m = good, m.levels = 17, check_refused(m, NF_EINVAL, "levels is 17|1 to 16");
  m = good, m.steps = 0, check_refused(m, NF_EINVAL, "steps is 0|1 to 4096");
  m = good, m.steps = 4097, check_refused(m, NF_EINVAL, "steps is 4097|1 to 4096");
  m = good, m.width = 0, check_refused(m, NF_EINVAL, "width is 0|1 to 65536");
  m = good, m.width = 65537, check_refused(m, NF_EINVAL, "width is 65537|1 to 65536");
  m = good, m.bins = 1, check_refused(m, NF_EINVAL, "bins is 1|2 to 256");
  m = good, m.bins = 257, check_refused(m, NF_EINVAL, "bins is 257|2 to 256");
  m = good, m.net = (nf_net_form)2, check_refused(m, NF_EINVAL, "net 2");
  m = good, m.net = NF_NET_GATED, check_refused(m, NF_EINVAL, "blocks is 0|1 to 256");
  m.blocks = 257, check_refused(m, NF_EINVAL, "blocks is 257|1 to 256");
  m.blocks = 2, check_builds(&m);
  m.family = NF_NICE, m.levels = 1, check_refused(m, NF_EINVAL, "gated|images|nice has MLPs");
  m.family = NF_GLOW, m.shape = nf_point(4);
  check_refused(m, NF_EINVAL, "gated|images|a flow on points has MLPs");
  m = good, m.standardise = true, check_refused(m, NF_EINVAL, "standardise|pixels of 17 bins");
  m = good, m.alpha = 0.5, check_refused(m, NF_EINVAL, "alpha is 0.5|below 1/2");
  m = good, m.alpha = -0.01, check_refused(m, NF_EINVAL, "alpha is -0.01");
  m = good, m.alpha = NAN, check_refused(m, NF_EINVAL, "alpha is nan");
}

/* The largest and the smallest that can be, which would take too long to build. */
static void ranges_include_their_ends(void **state) {
  (void)state;
  nf_model m = good;
  m.levels = 16, assert_true(nf_model_is_valid(&m, NULL));
  m.levels = 1, assert_true(nf_model_is_valid(&m, NULL));
  m.steps = 4096, assert_true(nf_model_is_valid(&m, NULL));
  m.width = 65536, assert_true(nf_model_is_valid(&m, NULL));
  m.width = 1, assert_true(nf_model_is_valid(&m, NULL));
  m.scale = NF_SCALE_NONE, assert_true(nf_model_is_valid(&m, NULL));
  m.scale = NF_SCALE_CLAMP, assert_true(nf_model_is_valid(&m, NULL));
  m.net = NF_NET_GATED, m.blocks = 256, assert_true(nf_model_is_valid(&m, NULL));
  m.blocks = 1, assert_true(nf_model_is_valid(&m, NULL));
  m.condition = 4096, assert_true(nf_model_is_valid(&m, NULL));
  m.condition = 4097, check_refused(m, NF_EINVAL, "condition is 4097|0 to 4096");
  m = good, m.scale = (nf_scale)5, check_refused(m, NF_EINVAL, "no scale 5");
  m = good, m.scale = (nf_scale)-1, check_refused(m, NF_EINVAL, "no scale -1");
  m = good, m.net = (nf_net_form)-1, check_refused(m, NF_EINVAL, "no net -1");
  m = good, m.family = (nf_family)8, check_refused(m, NF_EINVAL, "no family 8");
}

/* What a family does not have is not looked at; what it cannot have is refused. */
static void settings_belong_to_families(void **state) {
  (void)state;
  nf_model m = good;
  m.family = NF_REALNVP, m.steps = 0, assert_true(nf_model_is_valid(&m, NULL));
  m.shape = nf_point(4), m.levels = 1, m.bins = 0;
  check_refused(m, NF_EINVAL, "steps is 0|1 to 4096");
  m.steps = 1, m.blocks = 1000, assert_true(nf_model_is_valid(&m, NULL));
  m.family = NF_MAF, m.condition = 3, check_refused(m, NF_EINVAL, "maf cannot be given");
  m.family = NF_CNF, check_refused(m, NF_EINVAL, "cnf cannot be given");
  m.condition = 0, m.shape = nf_image(2, 2, 1), check_refused(m, NF_EINVAL, "cnf is for points");
  m.shape = nf_point(1), assert_true(nf_model_is_valid(&m, NULL));
  m.bins = 17, check_refused(m, NF_EINVAL, "cnf is for points");
}

/* --- a flow and its model ------------------------------------------------------------------- */

static void a_flow_remembers_its_model(void **state) {
  (void)state;
  nf_model m = image;
  nf_flow *f = nf_flow_from_model(&m, NULL);
  m.width = 1; /* it has a copy */
  const nf_model *of = nf_flow_model(f);
  assert_non_null(of);
  assert_true(of->family == image.family && nf_shape_equal(of->shape, image.shape) &&
              of->levels == image.levels && of->steps == image.steps && of->width == image.width &&
              of->scale == image.scale && of->plu == image.plu &&
              of->learned_prior == image.learned_prior && of->bins == image.bins &&
              of->alpha == image.alpha && of->seed == image.seed);
  nf_flow_free(f);
}

static void a_flow_of_layers_has_no_model(void **state) {
  (void)state;
  nf_flow *f = nf_flow_new(nf_bijector_from_model(&point, NULL), 1, NULL);
  assert_non_null(f);
  assert_null(nf_flow_model(f));
  nf_flow_free(f);
  assert_null(nf_flow_model(NULL));
}

/* The seed of a model is that of its initial parameters, and of the noise. */
/* Pixels of 0 after the dequantisation, the first layer: the noise alone */
static void noise_of(const nf_flow *f, double *x) {
  nf_batch batch = nf_flow_batch(f, 1, x);
  double log_det = 0;
  nf_work work = {0};
  memset(x, 0, f->d * sizeof *x);
  check_ok(nf_bijector_forward(f->bijector->child[0], &batch, &log_det, &work));
  nf_work_free(&work);
}

/* Each of them by itself: actnorm's parameters, say, come from data with noise. */
static void the_seed_makes_parameters_and_noise(void **state) {
  (void)state;
  for (int variational = 0; variational < 2; variational++) {
    nf_model m = image;
    nf_flow *f[3];
    double x[3][16];
    m.variational = variational;
    assert_int_equal(nf_shape_size(m.shape), 16);
    for (int i = 0; i < 3; i++) {
      m.seed = i < 2 ? 3 : 4;
      f[i] = nf_flow_from_model(&m, NULL);
      noise_of(f[i], x[i]);
    }
    assert_true(bits_equal(f[0]->n_param, f[0]->param, f[1]->param) && bits_equal(16, x[0], x[1]));
    assert_false(bits_equal(f[0]->n_param, f[0]->param, f[2]->param));
    for (int k = 0; k < 16; k++) assert_true(x[0][k] != x[2][k]);
    for (int i = 0; i < 3; i++) nf_flow_free(f[i]);
  }
}

static void names_are_in_the_order_of_their_values(void **state) {
  (void)state;
  assert_string_equal(nf_family_names[NF_NICE], "nice");
  assert_string_equal(nf_family_names[NF_REALNVP], "realnvp");
  assert_string_equal(nf_family_names[NF_GLOW], "glow");
  assert_string_equal(nf_family_names[NF_SINGLE_SCALE], "single-scale");
  assert_string_equal(nf_family_names[NF_MAF], "maf");
  assert_string_equal(nf_family_names[NF_NSF], "nsf");
  assert_string_equal(nf_family_names[NF_CNF], "cnf");
  assert_string_equal(nf_family_names[NF_FM], "fm");
  assert_null(nf_family_names[NF_FM + 1]);
  assert_string_equal(nf_net_names[NF_NET_USUAL], "usual");
  assert_string_equal(nf_net_names[NF_NET_GATED], "gated");
  assert_null(nf_net_names[NF_NET_GATED + 1]);
  assert_string_equal(nf_scale_names[NF_SCALE_NONE], "none");
  assert_string_equal(nf_scale_names[NF_SCALE_EXP], "exp");
  assert_string_equal(nf_scale_names[NF_SCALE_TANH], "tanh");
  assert_string_equal(nf_scale_names[NF_SCALE_SIGMOID], "sigmoid");
  assert_string_equal(nf_scale_names[NF_SCALE_CLAMP], "clamp");
  assert_null(nf_scale_names[NF_SCALE_CLAMP + 1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_build_for_points_and_images),
      cmocka_unit_test(defaults_are_the_usual_settings),
      cmocka_unit_test(levels_follow_from_the_size),
      cmocka_unit_test(a_continuous_flow_takes_points_alone),
      cmocka_unit_test(every_dimension_is_coupled),
      cmocka_unit_test(shapes_that_do_not_divide_are_refused),
      cmocka_unit_test(settings_out_of_range_are_refused),
      cmocka_unit_test(ranges_include_their_ends),
      cmocka_unit_test(settings_belong_to_families),
      cmocka_unit_test(a_flow_remembers_its_model),
      cmocka_unit_test(a_flow_of_layers_has_no_model),
      cmocka_unit_test(the_seed_makes_parameters_and_noise),
      cmocka_unit_test(names_are_in_the_order_of_their_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
