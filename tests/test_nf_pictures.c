/* The pictures of the command line, which calculates in float, against the double library on the
 * same weights: samples, strips, pairs and levels of a flow of digits, and of one that is given
 * labels. */
#include "catalogue.h"
#include "flow/flow.h"
#include "folder.h"
#include "nf/nf.h"
#include "run_nf.h"

static int train_both(void **state) {
  if (folder_make(state) != 0) return -1;
  train_digits();
  nf(0,
     "train --data digits --condition label --levels 2 --depth 1 --width 6 --rate 0.01 --ema 0 "
     "--steps 30 --out @/c.safetensors");
  return 0;
}

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_are_those_of_the_library),
      cmocka_unit_test(levels_are_those_of_the_library),
      cmocka_unit_test(strips_and_pairs_hold_the_originals),
      cmocka_unit_test(labels_are_interpolated_with_the_latents),
      cmocka_unit_test(what_does_not_come_back_is_counted),
  };
  return cmocka_run_group_tests(tests, train_both, folder_remove);
}
