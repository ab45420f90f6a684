/* The command line as a person uses it: train, eval, sample, interpolate, reconstruct, info; what
 * it prints against the double library on the same weights. */
#include "data/images.h"
#include "gsl_gaussian.h"
#include "io/checkpoint.h"
#include "nf_command.h"
#include "train/shuffle.h"

#define TRAIN \
  "train --data digits --levels 2 --depth 1 --width 6 --holdout 50 --every 10 --steps 30"

static int train_both(void **state) {
  if (folder_make(state) != 0) return -1;
  nf_fine(TRAIN " --out @/d.safetensors");
  nf_fine(
      "train --data toy:banana --depth 2 --width 8 --batch 256 --steps 60 --rate 0.01 "
      "--out @/t.safetensors");
  return 0;
}

/* log p of n digits from `index` by the double library on the tool's weights. */
static void by_library(const char *file, size_t n, const size_t *index, uint64_t draw,
                       double *log_p) {
  char message[NF_MESSAGE] = "";
  nf_checkpoint c = {0};
  nf_images set;
  check_ok(nf_checkpoint_load(folder_path(file), &c, message));
  check_ok(nf_images_digits(&set, message));
  nf_batch x = {.n = n, .shape = set.shape, .draw = draw};
  x.data = malloc(n * 64 * sizeof *x.data);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < 64; k++) x.data[64 * i + k] = set.pixel[64 * index[i] + k];
  check_ok(nf_flow_log_prob(c.flow, &x, log_p));
  free(x.data);
  nf_images_free(&set);
  nf_checkpoint_free(&c);
}

static double bits(const double *log_p, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += nf_bits_per_dim(log_p[i], 64) / (double)n;
  return sum;
}

static void help_teaches(void **state) {
  (void)state;
  const char *const command[] = {"train",       "eval", "sample", "interpolate",
                                 "reconstruct", "info", NULL};
  char words[64];
  assert_non_null(strstr(nf_fine("--help")->out, "nf train --data digits"));
  for (int i = 0; command[i] != NULL; i++) {
    assert_non_null(strstr(nf_fine("--help")->out, command[i]));
    snprintf(words, sizeof words, "%s --help", command[i]);
    const nf_result *r = nf_fine(words);
    assert_true(strncmp(r->out, "nf ", 3) == 0 && strstr(r->out, "\nexamples\n  nf ") != NULL);
  }
  const nf_result *r = nf_fine("train --help");
  const char *const option[] = {"--minutes M", "--width N", "[64]",
                                "--ema D",     "[0.999]",   "[cosine]"};
  for (int i = 0; i < 6; i++) assert_non_null(strstr(r->out, option[i]));
}

/* The numbers of the log: step, epoch, seconds, train, gradient norm, rate, validation. */
static size_t read_log(const char *name, double row[][7], size_t most) {
  char text[1 << 14], *rest = text;
  size_t n = 0;
  nf_slurp(name, text, sizeof text);
  assert_string_equal(strtok_r(rest, "\n", &rest),
                      "step,epoch,seconds,train,gradient_norm,rate,validation");
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL; n++) {
    assert_true(n < most);
    row[n][6] = NAN;
    assert_true(sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf", &row[n][0], &row[n][1], &row[n][2],
                       &row[n][3], &row[n][4], &row[n][5], &row[n][6]) >= 6);
  }
  return n;
}

static void train_writes_a_log(void **state) {
  (void)state;
  double row[40][7];
  assert_int_equal(read_log("d.csv", row, 40), 30);
  for (int i = 0; i < 30; i++) {
    assert_true(row[i][0] == i + 1 && row[i][1] == (i * 64) / (27 * 64));
    assert_true(isfinite(row[i][6]) == ((i + 1) % 10 == 0));
  }
  assert_true(row[29][3] < row[0][3] && row[29][6] < row[9][6]);
  check_close("warm-up", row[0][5], 1e-3 / 3, 0, 1e-5); /* a tenth of 30 steps */
}

static void validation_is_the_librarys(void **state) {
  (void)state;
  double row[40][7], log_p[50];
  size_t index[50];
  read_log("d.csv", row, 40);
  for (size_t i = 0; i < 50; i++) index[i] = nf_shuffled(1, UINT64_MAX, 1797, i);
  by_library("d.safetensors", 50, index, 1, log_p);
  check_close("validation", row[29][6], bits(log_p, 50), 2e-5, 0);
}

static void eval_is_the_librarys(void **state) {
  (void)state;
  double log_p[50], mean[50] = {0}, all[1797];
  size_t index[50], every[1797];
  for (size_t i = 0; i < 50; i++) index[i] = nf_shuffled(1, UINT64_MAX, 1797, i);
  for (size_t i = 0; i < 1797; i++) every[i] = i;
  by_library("d.safetensors", 50, index, 2, log_p);
  const double right = bits(log_p, 50);
  double square = 0;
  for (int i = 0; i < 50; i++) square += pow(nf_bits_per_dim(log_p[i], 64) - right, 2) / 49 / 50;

  const nf_result *r = nf_fine("eval @/d.safetensors --data digits");
  assert_non_null(strstr(r->out, "50 samples that training held out"));
  check_close("bits/dim", nf_number(r->out, "\nbits/dim "), right, 6e-5, 0);
  check_close("standard error", nf_number(r->out, "±"), sqrt(square), 6e-5, 0);

  for (uint64_t k = 0; k < 3; k++) {
    by_library("d.safetensors", 50, index, 2 + k, log_p);
    for (int i = 0; i < 50; i++) mean[i] += exp(log_p[i] + 100) / 3;
  }
  for (int i = 0; i < 50; i++) mean[i] = log(mean[i]) - 100;
  r = nf_fine("eval @/d.safetensors --data digits --importance 3 --threads 1 --csv @/e.csv");
  check_close("bits/dim", nf_number(r->out, "\nbits/dim "), right, 6e-5, 0);
  check_close("3 draws", nf_number(r->out, "bits/dim, 3 draws"), bits(mean, 50), 6e-5, 0);
  char text[1 << 13], *rest = text;
  nf_slurp("e.csv", text, sizeof text);
  assert_string_equal(strtok_r(rest, "\n", &rest), "index,log_p,bits_per_dim");
  for (int i = 0; i < 50; i++) {
    double got[3];
    assert_int_equal(sscanf(strtok_r(rest, "\n", &rest), "%lf,%lf,%lf", got, got + 1, got + 2), 3);
    assert_true(got[0] == (double)index[i]);
    check_close("log p", got[1], mean[i], 2e-3, 0);
    check_close("its bits/dim", got[2], nf_bits_per_dim(got[1], 64), 1e-6, 0);
  }

  r = nf_fine("eval @/d.safetensors --data digits --all");
  assert_non_null(strstr(r->out, ": 1797 samples\n"));
  by_library("d.safetensors", 256, every, 2, all); /* noise belongs to the sample's number */
  r = nf_fine("eval @/d.safetensors --data digits --range 0:256");
  check_close("range", nf_number(r->out, "\nbits/dim "), bits(all, 256), 6e-5, 0);
}

/* Digits index[0 … n-1] after dequantisation and logit; log-dets, when wanted. */
static double *logits(size_t n, const size_t *index, uint64_t draw, double *log_det) {
  char message[NF_MESSAGE] = "";
  nf_images set;
  nf_flow *flow = NULL;
  int status = NF_OK;
  check_ok(nf_images_digits(&set, message));
  nf_bijector *chain = nf_chain_new(set.shape, &status);
  nf_chain_add(chain, nf_dequantise_new(set.shape, 17, 1, &status), &status);
  nf_chain_add(chain, nf_logit_new(set.shape, 0.05, &status), &status);
  check_ok(nf_flow_new(&flow, chain, 1));
  nf_batch x = {.n = n, .shape = set.shape, .draw = draw};
  x.data = malloc(n * 64 * sizeof *x.data);
  for (size_t i = 0; i < n * 64; i++) x.data[i] = set.pixel[64 * index[i / 64] + i % 64];
  check_ok(nf_flow_forward(flow, &x, x.data, log_det));
  nf_flow_free(flow);
  nf_images_free(&set);
  return x.data;
}

/* Fitted to the 1747 digits trained on, judged on the 50 held out: by counting, and by GSL. */
static void baselines_by_other_roads(void **state) {
  (void)state;
  char message[NF_MESSAGE] = "";
  nf_images set;
  size_t order[1797];
  double histogram[50] = {0}, log_p[50];
  check_ok(nf_images_digits(&set, message));
  for (size_t i = 0; i < 1797; i++) order[i] = nf_shuffled(1, UINT64_MAX, 1797, i);
  for (size_t i = 0; i < 50; i++)
    for (size_t k = 0; k < 64; k++) {
      double same = 1;
      for (size_t j = 50; j < 1797; j++)
        same += set.pixel[64 * order[j] + k] == set.pixel[64 * order[i] + k];
      histogram[i] += log(same / (1747 + 17));
    }
  nf_images_free(&set);

  double *seen = logits(1747, order + 50, 0, NULL), *held = logits(50, order, 2, log_p);
  gsl_gaussian g = gsl_gaussian_fit(1747, 64, seen);
  for (size_t i = 0; i < 50; i++) log_p[i] += gsl_gaussian_log_p(&g, held + 64 * i);

  const nf_result *r = nf_fine("eval @/d.safetensors --data digits --baselines digits");
  assert_true(strstr(r->out, "\nbits/dim ") < strstr(r->out, "\nindependent pixels "));
  check_close("pixels", nf_number(r->out, "independent pixels"), bits(histogram, 50), 6e-5, 0);
  check_close("Gaussian", nf_number(r->out, "one Gaussian"), bits(log_p, 50), 2e-4, 0);
  check_close("shrinkage", nf_number(r->out, "shrunk by"), g.shrinkage, 6e-5, 0);
  assert_non_null(strstr(r->out, "the 1747 samples trained on"));

  const double nats =
      nf_number(nf_fine("eval @/t.safetensors --data toy:banana --baselines toy:banana")->out,
                "one Gaussian");
  assert_true(nats > 2.5 && nats < 5); /* points: no pixels, and nats */
  assert_null(strstr(r->out, "independent pixels"));
  gsl_gaussian_free(&g);
  free(seen);
  free(held);
}

static void points_are_judged_against_the_truth(void **state) {
  (void)state;
  const nf_result *r = nf_fine("eval @/t.safetensors --data toy:banana");
  const double nats = nf_number(r->out, "nats "), kl = nf_number(r->out, "KL(data|flow)");
  assert_true(isfinite(nats) && kl > 0 && kl < 1);
  r = nf_fine("sample @/t.safetensors --n 3 --out @/p.csv");
  char text[256], again[256];
  double x, y;
  nf_slurp("p.csv", text, sizeof text);
  assert_int_equal(sscanf(text, "x_1,x_2\n%lf,%lf\n", &x, &y), 2);
  nf_fine("sample @/t.safetensors --n 1 --out @/p.csv"); /* the first is the same */
  nf_slurp("p.csv", again, sizeof again);
  assert_memory_equal(text, again, strlen(again));
  assert_non_null(strstr(nf_fine("reconstruct @/t.safetensors --data toy:banana")->out,
                         "largest difference of a coordinate"));
}

/* --- pictures ----------------------------------------------------------------------------- */

/* A PNG of 8×8 digits in columns: pixel (y, x) of image i, in levels of 16. */
static nf_images read_png(const char *name, size_t rows, size_t columns) {
  char message[NF_MESSAGE] = "", to[64];
  nf_images set;
  folder_mkdir("png");
  snprintf(to, sizeof to, "png/%s", name);
  assert_int_equal(rename(folder_path(name), folder_path(to)), 0);
  check_ok(nf_images_png(folder_path("png"), &set, message));
  assert_true(set.n == 1 && set.shape.c == 1);
  assert_int_equal(set.shape.h, 9 * rows - 1);
  assert_int_equal(set.shape.w, 9 * columns - 1);
  folder_remove_path(folder_path("png"));
  return set;
}

static int pixel(const nf_images *set, size_t row, size_t column, size_t k) {
  const size_t y = 9 * row + k / 8, x = 9 * column + k % 8;
  return (set->pixel[y * set->shape.w + x] * 16 + 127) / 255;
}

static void sample_draws_the_librarys_samples(void **state) {
  (void)state;
  char message[NF_MESSAGE] = "";
  nf_checkpoint c = {0};
  nf_real x[5 * 64];
  check_ok(nf_checkpoint_load(folder_path("d.safetensors"), &c, message));
  check_ok(nf_flow_sample(c.flow, 7, 0, 5, 0.8, x));
  nf_checkpoint_free(&c);
  nf_fine("sample @/d.safetensors --n 5 --seed 7 --temperature 0.8 --out @/s.png");
  nf_images set = read_png("s.png", 2, 3);
  int differ = 0, bright = 0;
  for (size_t i = 0; i < 5; i++)
    for (size_t k = 0; k < 64; k++) {
      differ += pixel(&set, i / 3, i % 3, k) != (int)x[64 * i + k];
      bright += x[64 * i + k] > 8;
    }
  assert_true(bright > 20);
  assert_in_range(differ, 0, 2); /* a value next to the edge of its pixel may round over in float */
  nf_images_free(&set);
}

static void strips_and_pairs_hold_the_originals(void **state) {
  (void)state;
  char message[NF_MESSAGE] = "";
  nf_images digits, set;
  check_ok(nf_images_digits(&digits, message));
  nf_fine("interpolate @/d.safetensors --data digits --from 3 --to 14 --n 4 --out @/i.png");
  set = read_png("i.png", 1, 4);
  int between = 0;
  for (size_t k = 0; k < 64; k++) {
    assert_int_equal(pixel(&set, 0, 0, k), digits.pixel[3 * 64 + k]);
    assert_int_equal(pixel(&set, 0, 3, k), digits.pixel[14 * 64 + k]);
    between += pixel(&set, 0, 1, k) != pixel(&set, 0, 0, k);
  }
  assert_true(between > 20);
  nf_images_free(&set);

  const nf_result *r = nf_fine("reconstruct @/d.safetensors --data digits --n 3 --out @/r.png");
  check_close("pixels that differ", nf_number(r->out, ""), 0, 1, 0);
  set = read_png("r.png", 2, 3);
  for (size_t i = 0; i < 3; i++)
    for (size_t k = 0; k < 64; k++)
      assert_int_equal(pixel(&set, 0, i, k), digits.pixel[i * 64 + k]);
  nf_images_free(&set);
  nf_images_free(&digits);
}

/* --- info --------------------------------------------------------------------------------- */

static void info_adds_up(void **state) {
  (void)state;
  const nf_result *r = nf_fine("info @/d.safetensors --data digits");
  const double parameters = nf_number(r->out, "F32,");
  check_close("sum", nf_number(r->out, "\nsum"), parameters, 0, 0);
  char text[1 << 14], *rest = text, path[64], layer[32];
  double sum = 0, count = 0, log_det = 0, all = NAN, n;
  snprintf(text, sizeof text, "%s", strstr(r->out, "(all)"));
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
    if (sscanf(line, "%63s %31s %*s %*s %lf %lf", path, layer, &n, &log_det) != 4) continue;
    count += n;
    if (strcmp(path, "(all)") == 0) all = log_det;
    if (strcmp(layer, "chain") != 0 && strcmp(layer, "split") != 0) sum += log_det;
  }
  check_close("parameters", count, parameters, 0, 0);
  check_close("log-det of all", all, sum, 1e-2, 0);
  assert_true(fabs(all) > 0.01);
  assert_non_null(strstr(r->out, ".inner.0 "));
}

/* In float, too, differences find what every layer says, and the rows add up to the sum. */
static void info_traces_a_sample(void **state) {
  (void)state;
  const nf_result *r = nf_fine("info @/d.safetensors --data digits --trace");
  char text[1 << 14], *rest = text;
  double log_det, so_far, check, sum = 0;
  int rows = 0;
  snprintf(text, sizeof text, "%s", strstr(r->out, "\n0 "));
  for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
    if (sscanf(line, "%*s %*s %*s %*s %*s %*s %lf %lf %lf", &log_det, &so_far, &check) != 3)
      continue;
    check_close("running sum", so_far, sum += log_det, 1e-2, 0);
    check_close("differences", check, log_det, 1e-3, 1e-3);
    rows++;
  }
  assert_true(rows > 10 && fabs(sum) > 1);
  check_close("sum", nf_number(r->out, "\nsum"), sum, 1e-2, 0);
}

int main(int argc, char **argv) {
  (void)argc;
  nf_find(argv[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(help_teaches),
      cmocka_unit_test(train_writes_a_log),
      cmocka_unit_test(validation_is_the_librarys),
      cmocka_unit_test(eval_is_the_librarys),
      cmocka_unit_test(baselines_by_other_roads),
      cmocka_unit_test(points_are_judged_against_the_truth),
      cmocka_unit_test(sample_draws_the_librarys_samples),
      cmocka_unit_test(strips_and_pairs_hold_the_originals),
      cmocka_unit_test(info_adds_up),
      cmocka_unit_test(info_traces_a_sample),
  };
  return cmocka_run_group_tests(tests, train_both, folder_remove);
}
