/* The numbers and the pictures of the command line, which calculates in float, against the double
 * library on the same weights. What needs no second calculation is in tests/cli. */
#include <sys/wait.h>

#include "catalogue.h"
#include "flow/flow.h"
#include "folder.h"
#include "gsl_gaussian.h"
#include "nf/nf.h"

/* What nf prints on both channels, good until the next run; @ stands for the folder. */
static const char *nf(int status, const char *words) {
  static char out[1 << 14];
  char command[2000];
  const char *b = getenv("B");
  size_t length = (size_t)snprintf(command, sizeof command, "'%s/nf' ", b != NULL ? b : "build");
  for (const char *p = words; *p != 0; p++) {
    assert_true(length + sizeof folder < sizeof command);
    length += (size_t)sprintf(command + length, *p == '@' ? "%s" : "%.1s", *p == '@' ? folder : p);
  }
  strcat(command, " 2>&1");
  FILE *f = popen(command, "r");
  assert_non_null(f);
  out[fread(out, 1, sizeof out - 1, f)] = 0;
  const int ended = pclose(f);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) != status)
    fail_msg("nf %s: status %d, not %d: %s", words, WEXITSTATUS(ended), status, out);
  return out;
}

static char *slurp(const char *name) {
  static char text[1 << 14];
  FILE *f = fopen(folder_path(name), "r");
  assert_non_null(f);
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  return text;
}

/* The number after a name in what it printed. */
static double number(const char *text, const char *name) {
  const char *at = strstr(text, name);
  if (at == NULL) print_error("no %s in what was printed\n", name);
  assert_non_null(at);
  return strtod(at + strlen(name), NULL);
}

static int train_both(void **state) {
  if (folder_make(state) != 0) return -1;
  nf(0,
     "train --data digits --levels 2 --depth 1 --width 6 --holdout 50 --every 10 --steps 30 "
     "--out @/d.safetensors");
  nf(0,
     "train --data digits --condition label --levels 2 --depth 1 --width 6 --rate 0.01 --ema 0 "
     "--steps 30 --out @/c.safetensors");
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
  const double last = strtod(strrchr(slurp("d.csv"), ',') + 1, NULL); /* after step 30 */
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

/* --- pictures ----------------------------------------------------------------------------- */

/* A PNG of 8×8 digits in columns: pixel (y, x) of image i, as 0 … 16. */
static nf_images read_png(const char *name, size_t rows, size_t columns) {
  char to[64];
  nf_images set = {0};
  folder_mkdir("png");
  snprintf(to, sizeof to, "png/%s", name);
  assert_int_equal(rename(folder_path(name), folder_path(to)), 0);
  check_ok(nf_images_png(folder_path("png"), &set, NULL));
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

static void samples_are_those_of_the_library(void **state) {
  (void)state;
  nf_real x[5 * 64];
  nf_flow *flow = nf_load(folder_path("d.safetensors"), NULL);
  check_ok(nf_flow_sample(flow, 5, 7, 0.8, x, NULL));
  nf_flow_free(flow);
  nf(0, "sample @/d.safetensors --n 5 --seed 7 --temperature 0.8 --out @/s.png");
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

/* A strip of 4, and pairs of 3, whatever the labels that go both ways. */
static void check_originals(const char *words) {
  char command[200];
  nf_images digits = {0}, set;
  check_ok(nf_images_digits(&digits, NULL));
  snprintf(command, sizeof command, "interpolate %s --from 3 --to 14 --n 4 --out @/i.png", words);
  nf(0, command);
  set = read_png("i.png", 1, 4);
  int between = 0;
  for (size_t k = 0; k < 64; k++) {
    assert_int_equal(pixel(&set, 0, 0, k), digits.pixel[3 * 64 + k]);
    assert_int_equal(pixel(&set, 0, 3, k), digits.pixel[14 * 64 + k]);
    between += pixel(&set, 0, 1, k) != pixel(&set, 0, 0, k);
  }
  assert_true(between > 20);
  nf_images_free(&set);

  snprintf(command, sizeof command, "reconstruct %s --n 3 --out @/r.png", words);
  check_close("pixels that differ", number(nf(0, command), ""), 0, 1, 0);
  set = read_png("r.png", 2, 3);
  for (size_t i = 0; i < 3; i++)
    for (size_t k = 0; k < 64; k++)
      assert_int_equal(pixel(&set, 0, i, k), digits.pixel[i * 64 + k]);
  nf_images_free(&set);
  nf_images_free(&digits);
}

static void strips_and_pairs_hold_the_originals(void **state) {
  (void)state;
  check_originals("@/d.safetensors --data digits");
  check_originals("@/c.safetensors --data digits");
  check_originals("@/c.safetensors --data digits --label 7");
}

/* y(t) = (1-t) y_0 + t y_1 of the labels, halfway and at all three points: of the mean of the
 * latents. */
static void labels_are_interpolated_with_the_latents(void **state) {
  (void)state;
  enum { D = 64, C = 10 };
  nf_images digits = {0};
  nf_flow *flow = nf_load(folder_path("c.safetensors"), NULL);
  check_ok(nf_images_digits(&digits, NULL));
  nf(0, "interpolate @/c.safetensors --data digits --from 3 --to 14 --n 3 --out @/i.csv");
  nf_real x[2 * D], y[2 * C] = {0}, z[2 * D];
  const size_t end[2] = {3, 14};
  for (size_t i = 0; i < 2; i++) {
    check_ok(nf_images_values(&digits, end[i], 1, x + i * D, NULL));
    y[i * C + digits.label[end[i]]] = 1;
  }
  assert_int_not_equal(digits.label[3], digits.label[14]);
  nf_batch both = nf_flow_batch_given(flow, 2, x, y);
  check_ok(nf_flow_forward_batch(flow, &both, z, NULL, NULL));
  for (size_t k = 0; k < D; k++) z[k] = (z[k] + z[D + k]) / 2;
  for (size_t k = 0; k < C; k++) y[k] = (y[k] + y[C + k]) / 2;
  nf_batch middle = nf_flow_batch_given(flow, 1, z, y);
  check_ok(nf_flow_inverse_batch(flow, &middle, x, NULL, NULL));
  char *rest = slurp("i.csv");
  for (int line = 0; line < 2; line++) strtok_r(rest, "\n", &rest);
  int differ = 0, bright = 0;
  for (size_t k = 0; k < D; k++) {
    differ += strtod(rest, &rest) != (double)x[k];
    bright += x[k] > 8;
    rest++;
  }
  assert_true(bright > 5);
  assert_in_range(differ, 0, 2);
  nf_images_free(&digits);
  nf_flow_free(flow);
}

/* A flow of digits or of points that adds so much that as many digits are lost: an actnorm, or the
 * net of a coupling. */
typedef struct {
  bool net;
  double bias;
  size_t n;
} rough;

static int set_bias(void *user, const char *path, nf_tensor *t) {
  rough *r = user;
  if ((strstr(path, ".net.") != NULL) != r->net || strstr(path, "bias") == NULL) return NF_OK;
  for (size_t k = 0; k < t->dim[0]; k++) t->data[k] = r->bias;
  r->n++;
  return NF_OK;
}

static void save_rough(const char *name, nf_model m, bool net, double bias) {
  rough r = {net, bias, 0};
  m.levels = m.steps = 1;
  m.width = 2;
  nf_flow *flow = nf_flow_from_model(&m, NULL);
  check_ok(nf_flow_tensors(flow, set_bias, &r));
  assert_true(r.n > 0);
  check_ok(nf_save(folder_path(name), flow, NULL, NULL));
  nf_flow_free(flow);
}

/* What reconstruct reports, writes and draws of a flow that loses digits. */
static void what_does_not_come_back_is_counted(void **state) {
  (void)state;
  enum { N = 20, SIZE = N * 64 };
  nf_images digits = {0};
  nf_model m = nf_model_default(NF_GLOW, nf_image(8, 8, 1));
  check_ok(nf_images_digits(&digits, NULL));
  m.bins = 17;
  save_rough("near", m, false, 1e5);
  const char *r = nf(0, "reconstruct @/near --data digits --range 7:100 --n 20 --out @/back.csv");
  const double counted = number(r, "");
  check_close("at most", number(r, "by at most"), 1, 0, 0);
  check_close("of", number(r, "of"), SIZE, 0, 0);

  double back[SIZE];
  int differ = 0;
  FILE *f = fopen(folder_path("back.csv"), "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%*s"), 0);
  for (int i = 0; i < SIZE; i++) {
    assert_int_equal(fscanf(f, "%lf,", &back[i]), 1);
    differ += back[i] != digits.pixel[7 * 64 + i];
  }
  fclose(f);
  assert_true(differ > 0);
  check_close("differ", counted, differ, 0, 0);

  nf(0, "reconstruct @/near --data digits --range 7:100 --n 20 --out @/pairs.png");
  nf_images set = read_png("pairs.png", 4, 16);
  for (size_t i = 0; i < N; i++)
    for (size_t k = 0; k < 64; k++) {
      assert_int_equal(pixel(&set, i / 16 * 2, i % 16, k), digits.pixel[(7 + i) * 64 + k]);
      assert_int_equal(pixel(&set, i / 16 * 2 + 1, i % 16, k), (int)back[i * 64 + k]);
    }
  nf_images_free(&set);
  nf_images_free(&digits);

  save_rough("far", m, false, 1e7);
  assert_true(number(nf(1, "reconstruct @/far --data digits"), "by at most") > 1);
  save_rough("near", nf_model_default(NF_GLOW, nf_point(2)), true, 1e2);
  save_rough("far", nf_model_default(NF_GLOW, nf_point(2)), true, 1e5);
  assert_true(number(nf(0, "reconstruct @/near --data toy:moons"), "coordinate:") < 1e-4);
  assert_true(number(nf(1, "reconstruct @/far --data toy:moons"), "coordinate:") > 1e-3);
}

/* A row: the image; level 1 drawn anew, then level 2; level 2 alone. Of the 64 latents the last
 * level has the first 32; those drawn are those of nf sample. */
static void check_levels(const char *file) {
  enum { D = 64, C = 10, HALF = 32, N = 3 };
  char command[200];
  nf_images digits = {0};
  check_ok(nf_images_digits(&digits, NULL));
  nf_flow *flow = nf_load(folder_path(file), NULL);
  snprintf(command, sizeof command,
           "levels @/%s --data digits --n 3 --seed 7 --temperature 0.8 --out @/l.png", file);
  nf(0, command);
  nf_images set = read_png("l.png", N, 4);
  nf_real x[N * D], z[N * D], y[N * C] = {0};
  for (size_t i = 0; i < N; i++) y[i * C + digits.label[i]] = 1;
  const bool given = nf_flow_condition(flow) > 0;
  check_ok(nf_images_values(&digits, 0, N, x, NULL));
  nf_batch batch = given ? nf_flow_batch_given(flow, N, x, y) : nf_flow_batch(flow, N, x);
  check_ok(nf_flow_forward_batch(flow, &batch, z, NULL, NULL));
  int differ[4] = {0}, changed[4] = {0};
  for (size_t i = 0; i < N; i++) {
    nf_real row[4 * D];
    memcpy(row, x + i * D, D * sizeof *x);
    for (size_t j = 1; j <= 3; j++) memcpy(row + j * D, z + i * D, D * sizeof *z);
    for (size_t k = 0; k < HALF; k++) {
      row[D + HALF + k] = 0.8 * nf_random_normal(7, i, HALF + k);
      row[2 * D + k] = 0.8 * nf_random_normal(7, i, k);
      row[3 * D + HALF + k] = 0;
    }
    for (size_t j = 1; j <= 3; j++) {
      nf_batch one = nf_batch_part(&batch, i, 1);
      one.data = row + j * D;
      check_ok(nf_flow_inverse_batch(flow, &one, row + j * D, NULL, NULL));
    }
    for (size_t j = 0; j < 4; j++)
      for (size_t k = 0; k < D; k++) {
        differ[j] += pixel(&set, i, j, k) != (int)row[j * D + k];
        changed[j] += (int)row[j * D + k] != digits.pixel[i * D + k];
      }
  }
  assert_int_equal(differ[0] + changed[0], 0);
  for (int j = 1; j < 4; j++) {
    assert_in_range(differ[j], 0, 2); /* a value next to the edge of its pixel, in float */
    assert_true(changed[j] > 20);
  }
  nf_images_free(&set);
  nf_images_free(&digits);
  nf_flow_free(flow);
}

static void levels_are_those_of_the_library(void **state) {
  (void)state;
  check_levels("d.safetensors");
  check_levels("c.safetensors");
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
      cmocka_unit_test(samples_are_those_of_the_library),
      cmocka_unit_test(levels_are_those_of_the_library),
      cmocka_unit_test(strips_and_pairs_hold_the_originals),
      cmocka_unit_test(labels_are_interpolated_with_the_latents),
      cmocka_unit_test(what_does_not_come_back_is_counted),
      cmocka_unit_test(a_double_checkpoint_is_rounded),
      cmocka_unit_test(a_continuous_flow_is_that_of_the_library),
  };
  return cmocka_run_group_tests(tests, train_both, folder_remove);
}
