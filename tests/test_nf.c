/* The numbers of the command line, which calculates in float, against the double library on the
 * same weights. Pictures are in test_nf_pictures.c; what needs no second calculation, in
 * tests/cli. */
#include "catalogue.h"
#include "flow/flow.h"
#include "folder.h"
#include "gsl_gaussian.h"
#include "nf/nf.h"
#include "run_nf.h"

static int train_both(void **state) {
  if (folder_make(state) != 0) return -1;
  train_digits();
  nf(0,
     "train --data toy:banana --depth 2 --width 8 --batch 256 --steps 60 --rate 0.01 "
     "--out @/t.safetensors");
  return 0;
}

/* log p of n digits from `index` by the double library on the tool's weights. */
static void by_library(const char *file, size_t n, const size_t *index, uint64_t draw,
                       double *log_p) {
  nf_images set = {0};
  nf_flow *flow = nf_load(folder_path(file), NULL);
  assert_non_null(flow);
  check_ok(nf_images_digits(&set, NULL));
  nf_batch x = {.n = n, .shape = set.shape, .draw = draw};
  x.data = malloc(n * 64 * sizeof *x.data);
  for (size_t i = 0; i < n; i++)
    check_ok(nf_images_values(&set, index[i], 1, x.data + 64 * i, NULL));
  check_ok(nf_flow_log_prob_batch(flow, &x, log_p, NULL));
  free(x.data);
  nf_images_free(&set);
  nf_flow_free(flow);
}

static double bits(const double *log_p, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += nf_bits_per_dim(log_p[i], 64) / (double)n;
  return sum;
}

static void validation_is_that_of_the_library(void **state) {
  (void)state;
  double log_p[50];
  size_t index[50];
  const double last = strtod(strrchr(slurp("d.log.csv"), ',') + 1, NULL); /* after step 30 */
  for (size_t i = 0; i < 50; i++) index[i] = nf_shuffled(1, UINT64_MAX, 1797, i);
  by_library("d.safetensors", 50, index, 1, log_p);
  check_close("validation", last, bits(log_p, 50), 2e-5, 0);
}

static void eval_is_that_of_the_library(void **state) {
  (void)state;
  double log_p[50], mean[50] = {0}, all[1797];
  size_t index[50], every[1797];
  for (size_t i = 0; i < 50; i++) index[i] = nf_shuffled(1, UINT64_MAX, 1797, i);
  for (size_t i = 0; i < 1797; i++) every[i] = i;
  by_library("d.safetensors", 50, index, 2, log_p);
  const double right = bits(log_p, 50);
  double square = 0;
  for (int i = 0; i < 50; i++) square += pow(nf_bits_per_dim(log_p[i], 64) - right, 2) / 49 / 50;

  const char *r = nf(0, "eval @/d.safetensors --data digits");
  assert_non_null(strstr(r, "50 samples that training held out"));
  check_close("bits/dim", number(r, "\nbits/dim "), right, 6e-5, 0);
  check_close("standard error", number(r, "±"), sqrt(square), 6e-5, 0);

  for (uint64_t k = 0; k < 3; k++) {
    by_library("d.safetensors", 50, index, 2 + k, log_p);
    for (int i = 0; i < 50; i++) mean[i] += exp(log_p[i] + 100) / 3;
  }
  for (int i = 0; i < 50; i++) mean[i] = log(mean[i]) - 100;
  r = nf(0, "eval @/d.safetensors --data digits --importance 3 --threads 1 --csv @/e.csv");
  check_close("bits/dim", number(r, "\nbits/dim "), right, 6e-5, 0);
  check_close("3 draws", number(r, "bits/dim, 3 draws"), bits(mean, 50), 6e-5, 0);
  char *rest = slurp("e.csv");
  assert_string_equal(strtok_r(rest, "\n", &rest), "index,log_p,bits_per_dim");
  double last = -1; /* lines are in the order of the set, noise in that of the evaluation */
  for (int line = 0; line < 50; line++) {
    double got[3];
    int i = 0;
    assert_int_equal(sscanf(strtok_r(rest, "\n", &rest), "%lf,%lf,%lf", got, got + 1, got + 2), 3);
    while (i < 49 && got[0] != (double)index[i]) i++;
    assert_true(got[0] == (double)index[i] && got[0] > last);
    last = got[0];
    check_close("log p", got[1], mean[i], 2e-3, 0);
    check_close("its bits/dim", got[2], nf_bits_per_dim(got[1], 64), 1e-6, 0);
  }

  r = nf(0, "eval @/d.safetensors --data digits --all --csv @/all.csv");
  assert_non_null(strstr(r, ": 1797 samples\n"));
  by_library("d.safetensors", 1797, every, 2, all); /* noise belongs to the sample's number */
  FILE *f = fopen(folder_path("all.csv"), "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%*s"), 0);
  for (int i = 0; i < 1797; i++) {
    double got[2];
    assert_int_equal(fscanf(f, "%lf,%lf,%*f", got, got + 1), 2);
    check_close("index", got[0], i, 0, 0);
    check_close("log p", got[1], all[i], 2e-3, 0);
  }
  fclose(f);
  r = nf(0, "eval @/d.safetensors --data digits --range 0:256");
  check_close("range", number(r, "\nbits/dim "), bits(all, 256), 6e-5, 0);
}

/* Icons of 32 bins, here by division. */
static void five_bits_are_those_of_the_library(void **state) {
  (void)state;
  nf_images set = {0};
  nf(0, "train --data icons --bits 5 --depth 1 --width 4 --steps 3 --out @/i.safetensors");
  nf_flow *flow = nf_load(folder_path("i.safetensors"), NULL);
  check_ok(nf_images_icons(&set, NULL));
  double *values = malloc(21 * 3072 * sizeof *values), log_p[21], right = 0;
  for (size_t i = 0; i < 21 * 3072; i++)
    values[i] = set.pixel[nf_shuffled(1, UINT64_MAX, 214, i / 3072) * 3072 + i % 3072] / 8;
  nf_batch x = {.n = 21, .shape = set.shape, .data = values, .draw = 2};
  check_ok(nf_flow_log_prob_batch(flow, &x, log_p, NULL));
  for (size_t i = 0; i < 21; i++) right -= log_p[i] / (21 * 3072 * log(2));
  check_close("5 bits", number(nf(0, "eval @/i.safetensors --data icons"), "\nbits/dim "), right,
              6e-5, 0);
  free(values);
  nf_flow_free(flow);
  nf_images_free(&set);
}

/* Digits index[0 … n-1] after dequantisation and logit; log-dets, when wanted. */
static double *logits(const nf_images *set, double alpha, uint64_t seed, size_t n,
                      const size_t *index, uint64_t draw, double *log_det) {
  nf_bijector *chain = nf_chain_new(set->shape, NULL);
  nf_chain_add(chain, nf_dequantise_new(set->shape, 17, seed, NULL), NULL);
  nf_chain_add(chain, nf_logit_new(set->shape, alpha, NULL), NULL);
  nf_flow *flow = nf_flow_new(chain, 1, NULL);
  nf_batch x = {.n = n, .shape = set->shape, .draw = draw};
  double *z = malloc(2 * n * 64 * sizeof *z);
  x.data = z + n * 64;
  for (size_t i = 0; i < n; i++)
    check_ok(nf_images_values(set, index[i], 1, x.data + 64 * i, NULL));
  check_ok(nf_flow_forward_batch(flow, &x, z, log_det, NULL));
  nf_flow_free(flow);
  return z;
}

/* Fitted to digits first … first+n-1 but for the 50 held out, on which they are evaluated: by
 * counting, and by GSL. */
static void check_baselines(const char *words, size_t first, size_t n, uint64_t seed,
                            double alpha) {
  nf_images set = {0};
  size_t order[1797];
  double histogram[50] = {0}, log_p[50];
  check_ok(nf_images_digits(&set, NULL));
  for (size_t i = 0; i < n; i++) order[i] = first + nf_shuffled(seed, UINT64_MAX, n, i);
  for (size_t i = 0; i < 50; i++)
    for (size_t k = 0; k < 64; k++) {
      double same = 1;
      for (size_t j = 50; j < n; j++)
        same += set.pixel[64 * order[j] + k] == set.pixel[64 * order[i] + k];
      histogram[i] += log(same / (double)(n - 50 + 17));
    }
  double *seen = logits(&set, alpha, seed, n - 50, order + 50, 0, NULL);
  double *held = logits(&set, alpha, seed, 50, order, 2, log_p);
  gsl_gaussian g = gsl_gaussian_fit(n - 50, 64, seen);
  for (size_t i = 0; i < 50; i++) log_p[i] += gsl_gaussian_log_p(&g, held + 64 * i);

  const char *r = nf(0, words);
  assert_true(strstr(r, "\nbits/dim ") < strstr(r, "\nindependent pixels "));
  check_close("pixels", number(r, "independent pixels"), bits(histogram, 50), 6e-5, 0);
  check_close("Gaussian", number(r, "one Gaussian"), bits(log_p, 50), 2e-4, 0);
  check_close("shrinkage", number(r, "shrunk by"), g.shrinkage, 6e-5, 0);
  check_close("fitted to", number(r, "fitted to            the"), (double)(n - 50), 0, 0);
  gsl_gaussian_free(&g);
  nf_images_free(&set);
  free(seen);
  free(held);
}

static void baselines_are_gsls(void **state) {
  (void)state;
  check_baselines("eval @/d.safetensors --data digits --baselines digits", 0, 1797, 1, 0.05);
  nf(0,
     "train --data digits --range 300:1300 --seed 5 --alpha 0.2 --levels 1 --depth 1 --width 4 "
     "--holdout 50 --steps 1 --out @/r.safetensors");
  check_baselines("eval @/r.safetensors --data digits --range 300:1300 --baselines digits", 300,
                  1000, 5, 0.2);

  const char *r = nf(0, "eval @/t.safetensors --data toy:banana --baselines toy:banana");
  const double nats = number(r, "one Gaussian");
  assert_true(nats > 2.5 && nats < 5); /* points: no pixels, and nats */
  assert_null(strstr(r, "independent pixels"));
}

/* --- precision ---------------------------------------------------------------------------- */

/* Float against double: weights that are saved in double, with the same noise. */
static void a_double_checkpoint_is_rounded(void **state) {
  (void)state;
  nf_model m[2] = {nf_model_default(NF_NICE, nf_image(8, 8, 1)),
                   nf_model_default(NF_SINGLE_SCALE, nf_image(8, 8, 1))};
  m[1].net = NF_NET_GATED;
  size_t index[256];
  double log_p[256];
  for (size_t i = 0; i < 256; i++) index[i] = i;
  for (int k = 0; k < 2; k++) {
    m[k].steps = 1 + (size_t)k;
    m[k].width = 2 + 3 * (size_t)k;
    m[k].bins = 17;
    nf_flow *flow = nf_flow_from_model(&m[k], NULL);
    check_ok(move_weights(flow, 0.1, 3));
    check_ok(nf_save(folder_path("double"), flow, NULL, NULL));
    nf_flow_free(flow);
    by_library("double", 256, index, 2, log_p);
    const char *r = nf(0, "eval @/double --data digits --range 0:256");
    check_close("bits/dim", number(r, "\nbits/dim "), bits(log_p, 256), 6e-5, 0);
  }
  assert_non_null(strstr(nf(0, "info @/double"), "double: F64, "));
  assert_non_null(strstr(nf(0, "info @/double --json"), "\"type\": \"F64\""));
}

/* Mean log p less that by twice the steps, of points p.csv. */
static void check_solver(const char *file, nf_flow *flow, size_t n, const double *x,
                         const double *log_p) {
  char command[300];
  nf_model m = *nf_flow_model(flow);
  double twice[100], difference = 0;
  m.steps *= 2;
  nf_flow *finer = nf_flow_from_model(&m, NULL);
  memcpy(finer->param, flow->param, flow->n_param * sizeof(nf_real));
  memcpy(finer->constant, flow->constant, flow->n_constant * sizeof(nf_real));
  check_ok(nf_flow_log_prob(finer, n, x, twice, NULL));
  nf_flow_free(finer);
  for (size_t i = 0; i < n; i++) difference += (log_p[i] - twice[i]) / (double)n;
  snprintf(command, sizeof command, "eval @/%s --data csv:@/p.csv --all --json", file);
  const char *r = nf(0, command);
  check_close("solver", number(r, "\"difference\":"), difference, 1e-5, 0);
  check_close("steps", number(r, "\"steps\":"), (double)m.steps / 2, 0, 0);
  assert_true(fabs(difference) > 1e-4);
}

/* The solver's steps in float are those in double, up to rounding. */
static void a_continuous_flow_is_that_of_the_library(void **state) {
  (void)state;
  enum { N = 60 };
  static const char *const model[] = {"cnf", "fm"};
  double x[2 * N], log_p[N];
  FILE *f = fopen(folder_path("p.csv"), "w");
  assert_non_null(f);
  for (size_t i = 0; i < N; i++) {
    for (size_t k = 0; k < 2; k++) x[2 * i + k] = floor(64 * nf_random_normal(3, i, k)) / 64;
    fprintf(f, "%.17g %.17g\n", x[2 * i] + 2, x[2 * i + 1]);
    x[2 * i] += 2;
  }
  fclose(f);
  for (int m = 0; m < 2; m++) {
    char command[200];
    snprintf(
        command, sizeof command,
        "train --data csv:@/p.csv --model %s --width 8 --depth 1 --batch 20 --steps 60 --rate 0.02 "
        "--out @/%s.safetensors",
        model[m], model[m]);
    nf(0, command);
    snprintf(command, sizeof command,
             "eval @/%s.safetensors --data csv:@/p.csv --all --csv @/c.csv", model[m]);
    nf(0, command);
    snprintf(command, sizeof command, "%s.safetensors", model[m]);
    nf_flow *flow = nf_load(folder_path(command), NULL);
    assert_non_null(flow);
    check_ok(nf_flow_log_prob(flow, N, x, log_p, NULL));
    check_solver(command, flow, N, x, log_p);
    nf_flow_free(flow);
    char *rest = slurp("c.csv");
    strtok_r(rest, "\n", &rest);
    for (size_t i = 0; i < N; i++) {
      double got[2];
      assert_int_equal(sscanf(strtok_r(rest, "\n", &rest), "%lf,%lf", got, got + 1), 2);
      check_close("log p", got[1], log_p[i], 1e-4, 0);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(validation_is_that_of_the_library),
      cmocka_unit_test(eval_is_that_of_the_library),
      cmocka_unit_test(five_bits_are_those_of_the_library),
      cmocka_unit_test(baselines_are_gsls),
      cmocka_unit_test(a_double_checkpoint_is_rounded),
      cmocka_unit_test(a_continuous_flow_is_that_of_the_library),
  };
  return cmocka_run_group_tests(tests, train_both, folder_remove);
}
