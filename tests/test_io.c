/* Image sets that are as they should be: the embedded ones against sums taken outside this
 * library, CIFAR-10 and IDX on small files made here and on the real ones when they are near,
 * and batches. What goes wrong with files is in test_io_errors.c. */
#include <math.h>
#include <string.h>
#include <zlib.h>

#include "core/nearest.h"
#include "folder.h"
#include "nf/data.h"

static nf_error e;

static void load(const char *kind, const char *name, nf_images *out) {
  char spec[1100];
  snprintf(spec, sizeof spec, "%s%s", kind, name);
  nf_images_load(spec, out, &e);
  check_no_error(&e);
}

static void check_set(const nf_images *s, size_t n, size_t h, size_t w, size_t c, unsigned bins) {
  assert_int_equal(s->n, n);
  assert_true(nf_shape_equal(s->shape, (nf_shape){h, w, c}));
  assert_int_equal(s->bins, bins);
}

static unsigned long crc(const uint8_t *bytes, size_t size) {
  return crc32(0, bytes, (unsigned)size);
}

static void check_histogram(const nf_images *s, const unsigned expected[10]) {
  unsigned count[256] = {0};
  for (size_t i = 0; i < s->n; i++) count[s->label[i]]++;
  for (size_t k = 0; k < 10; k++) assert_int_equal(count[k], expected[k]);
}

static void check_pixel(const nf_images *s, size_t i, size_t y, size_t x, const uint8_t *colour) {
  const nf_shape d = s->shape;
  assert_memory_equal(s->pixel + ((i * d.h + y) * d.w + x) * d.c, colour, d.c);
}

static void digits(void **state) {
  (void)state;
  nf_images s;
  load("digits", "", &s);
  check_set(&s, 1797, 8, 8, 1, 17);
  const uint8_t first_row[8] = {0, 0, 5, 13, 9, 1, 0, 0};
  assert_memory_equal(s.pixel, first_row, 8);
  assert_int_equal(crc(s.pixel, 1797 * 64), 0xf3a2533c);
  assert_int_equal(crc(s.label, 1797), 0xf86fc929);
  check_histogram(&s, (unsigned[10]){178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
  nf_images_free(&s);
  assert_null(s.pixel);
  nf_images_free(&s);
}

static void icons(void **state) {
  (void)state;
  nf_images s;
  load("icons", "", &s);
  check_set(&s, 214, 32, 32, 3, 256);
  check_pixel(&s, 0, 0, 6, (uint8_t[]){255, 254, 241});
  check_pixel(&s, 7, 18, 12, (uint8_t[]){229, 228, 227});
  check_pixel(&s, 213, 1, 14, (uint8_t[]){142, 143, 140});
  assert_int_equal(crc(s.pixel, 214 * 3072), 0x5988e397);
  check_histogram(&s, (unsigned[10]){214});
  nf_images_free(&s);
}

/* Three colours that tell channel, row and column apart. */
static uint8_t colour_at(unsigned label, unsigned c, unsigned y, unsigned x) {
  return (uint8_t)(label + 80 * c + 2 * y + 5 * x);
}

static void write_batch(const char *name, size_t n, const uint8_t *label) {
  static uint8_t record[4][3073];
  assert_true(n <= 4);
  for (size_t i = 0; i < n; i++) {
    record[i][0] = label[i];
    for (unsigned c = 0; c < 3; c++)
      for (unsigned y = 0; y < 32; y++)
        for (unsigned x = 0; x < 32; x++)
          record[i][1 + 1024 * c + 32 * y + x] = colour_at(label[i], c, y, x);
  }
  folder_write(name, record, 3073 * n);
}

static void cifar10_reads_a_folder_in_order(void **state) {
  (void)state;
  folder_mkdir("cifar");
  write_batch("cifar/data_batch_10.bin", 1, (uint8_t[]){7});
  write_batch("cifar/data_batch_2.bin", 3, (uint8_t[]){4, 0, 9});
  write_batch("cifar/data_batch_1.bin", 2, (uint8_t[]){3, 8});
  write_batch("cifar/test_batch.bin", 2, (uint8_t[]){5, 6});
  folder_write("cifar/batches.meta.txt", "airplane\n", 9);

  nf_images s;
  load("cifar10:", folder_path("cifar"), &s);
  check_set(&s, 6, 32, 32, 3, 256);
  const uint8_t label[6] = {3, 8, 4, 0, 9, 7};
  assert_memory_equal(s.label, label, 6);
  for (unsigned i = 0; i < 6; i++)
    for (unsigned y = 0; y < 32; y++)
      for (unsigned x = 0; x < 32; x++)
        check_pixel(&s, i, y, x,
                    (uint8_t[]){colour_at(label[i], 0, y, x), colour_at(label[i], 1, y, x),
                                colour_at(label[i], 2, y, x)});
  nf_images_free(&s);

  load("cifar10-test:", folder_path("cifar"), &s);
  check_set(&s, 2, 32, 32, 3, 256);
  assert_memory_equal(s.label, ((uint8_t[]){5, 6}), 2);
  nf_images_free(&s);

  load("cifar10:", folder_path("cifar/data_batch_2.bin"), &s);
  check_set(&s, 3, 32, 32, 3, 256);
  assert_memory_equal(s.label, label + 2, 3);
  nf_images_free(&s);
}

/* Records of 3074 bytes: the fine label is kept, and no value moves by a byte. */
static void cifar100_reads_a_folder(void **state) {
  (void)state;
  static uint8_t record[2][3074];
  const uint8_t label[2][2] = {{19, 99}, {4, 0}};
  for (size_t i = 0; i < 2; i++) {
    memcpy(record[i], label[i], 2);
    for (unsigned k = 0; k < 3072; k++)
      record[i][2 + k] = colour_at(label[i][1], k / 1024, k / 32 % 32, k % 32);
  }
  folder_mkdir("cifar100");
  folder_write("cifar100/train.bin", record, sizeof record);
  folder_write("cifar100/test.bin", record[1], sizeof record[1]);
  folder_write("cifar100/fine_label_names.txt", "apple\n", 6);
  nf_images s;
  load("cifar100:", folder_path("cifar100"), &s);
  check_set(&s, 2, 32, 32, 3, 256);
  assert_memory_equal(s.label, ((uint8_t[]){99, 0}), 2);
  for (size_t i = 0; i < 2; i++)
    for (unsigned k = 0; k < 1024; k++)
      for (unsigned c = 0; c < 3; c++)
        assert_int_equal(s.pixel[3072 * i + 3 * k + c], record[i][2 + 1024 * c + k]);
  nf_images_free(&s);
  load("cifar100-test:", folder_path("cifar100"), &s);
  check_set(&s, 1, 32, 32, 3, 256);
  assert_int_equal(s.label[0], 0);
  nf_images_free(&s);
  load("cifar100:", folder_path("cifar100/test.bin"), &s);
  check_set(&s, 1, 32, 32, 3, 256);
  nf_images_free(&s);
}

static void idx_reads_plain_and_gzipped(void **state) {
  (void)state;
  uint8_t file[16 + 2 * 3 * 5] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5};
  for (uint8_t i = 0; i < 30; i++) file[16 + i] = (uint8_t)(255 - 7 * i);
  const uint8_t labels[10] = {0, 0, 8, 1, 0, 0, 0, 2, 61, 200};
  folder_write("images", file, sizeof file);
  folder_write("labels", labels, sizeof labels);
  gzFile gz = gzopen(folder_path("images.gz"), "wb");
  assert_int_equal(gzwrite(gz, file, sizeof file), sizeof file);
  assert_int_equal(gzclose(gz), Z_OK);

  char both[1100];
  snprintf(both, sizeof both, "%s,%s", folder_path("images"), folder_path("labels"));
  const char *const spec[] = {folder_path("images"), folder_path("images.gz"), both};
  for (int i = 0; i < 3; i++) {
    nf_images s;
    load("idx:", spec[i], &s);
    check_set(&s, 2, 3, 5, 1, 256);
    assert_memory_equal(s.pixel, file + 16, 30);
    if (i == 2)
      assert_memory_equal(s.label, labels + 8, 2);
    else
      assert_null(s.label);
    nf_images_free(&s);
  }
}

static void need(const char *path) {
  if (access(path, R_OK) == 0) return;
  print_message("%s is not there: skipped\n", path);
  skip();
}

static void the_real_cifar10(void **state) {
  (void)state;
  need("../shared/data/cifar10/data_batch_1.bin");
  need("../shared/data/cifar10/test_batch.bin");
  nf_images s;
  load("cifar10:", "../shared/data/cifar10/data_batch_1.bin", &s);
  check_set(&s, 10000, 32, 32, 3, 256);
  check_pixel(&s, 0, 0, 0, (uint8_t[]){59, 62, 63});
  assert_int_equal(crc(s.pixel, 10000 * 3072), 0x1fc70812);
  assert_int_equal(crc(s.label, 10000), 0x8ee293b3);
  nf_images_free(&s);
  load("cifar10-test:", "../shared/data/cifar10", &s);
  assert_true(s.n >= 1017);
  check_pixel(&s, 0, 0, 0, (uint8_t[]){158, 112, 49});
  assert_int_equal(crc(s.pixel, 1017 * 3072), 0xa8f5a53d);
  nf_images_free(&s);
}

static void the_real_mnist(void **state) {
  (void)state;
  need("../shared/data/mnist/t10k-images-idx3-ubyte.gz");
  need("../shared/data/mnist/t10k-labels-idx1-ubyte.gz");
  nf_images s;
  load("idx:",
       "../shared/data/mnist/t10k-images-idx3-ubyte.gz,"
       "../shared/data/mnist/t10k-labels-idx1-ubyte.gz",
       &s);
  check_set(&s, 10000, 28, 28, 1, 256);
  assert_int_equal(crc(s.pixel, 10000 * 784), 0xe4ca5f57);
  check_histogram(&s, (unsigned[10]){980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
  nf_images_free(&s);
}

static void values_and_back(void **state) {
  (void)state;
  nf_images s, back;
  load("digits", "", &s);
  nf_real *value = malloc(10 * 64 * sizeof *value);
  check_ok(nf_images_values(&s, 100, 10, value, &e));
  for (size_t i = 0; i < 640; i++) check_close("pixel", (double)value[i], s.pixel[6400 + i], 0, 0);
  check_ok(nf_images_from_values(10, s.shape, value, 17, &back, &e));
  check_set(&back, 10, 8, 8, 1, 17);
  assert_memory_equal(back.pixel, s.pixel + 6400, 640);
  assert_null(back.label);
  nf_images_free(&back);

  check_ok(nf_images_values(&s, 1796, 1, value, &e));
  nf_images_values(&s, 1796, 2, value, &e);
  check_failed(&e, NF_EINVAL, "1796|1798|1797");
  nf_images_values(&s, 1798, 0, value, &e);
  check_failed(&e, NF_EINVAL, "1798");
  check_status(nf_images_values(&s, SIZE_MAX, 2, value, NULL), NF_EINVAL);
  free(value);
  nf_images_free(&s);
}

static void samples_are_rounded_and_clamped(void **state) {
  (void)state;
  nf_real value[] = {-3, 0.4F, 0.6F, 15.4F, 15.6F, 1e30F};
  const nf_shape shape = {2, 3, 1};
  nf_images s;
  check_ok(nf_images_from_values(1, shape, value, 17, &s, &e));
  assert_memory_equal(s.pixel, ((uint8_t[]){0, 0, 1, 15, 16, 16}), 6);
  nf_images_free(&s);
  value[4] = (nf_real)NAN;
  nf_images_from_values(1, shape, value, 17, &s, &e);
  check_failed(&e, NF_ENONFINITE, "sample 0");
  assert_null(s.pixel);
}

static void nearest_spelling(void **state) {
  (void)state;
  const char *const word[] = {"cifar10", "cifar10-test", "digits", "icons", "idx"};
  assert_string_equal(nf_nearest("digit", 5, word), "digits");
  assert_string_equal(nf_nearest("dgiits", 5, word), "digits");
  assert_string_equal(nf_nearest("CIFAR10-test", 5, word), "cifar10-test");
  assert_string_equal(nf_nearest("cifar-10", 5, word), "cifar10");
  assert_string_equal(nf_nearest("ixd", 5, word), "idx");
  assert_string_equal(nf_nearest("idxes", 5, word), "idx");
  assert_string_equal(nf_nearest("ad", 2, (const char *const[]){"ab", "cd"}), "ab");
  assert_null(nf_nearest("", 5, word));
  assert_null(nf_nearest("idx.gz", 1, (const char *const[]){"ix"}));
  assert_null(nf_nearest("xx", 2, (const char *const[]){"ab", "cd"}));
  assert_null(nf_nearest("idx", 0, word));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digits),
      cmocka_unit_test(icons),
      cmocka_unit_test(cifar10_reads_a_folder_in_order),
      cmocka_unit_test(cifar100_reads_a_folder),
      cmocka_unit_test(idx_reads_plain_and_gzipped),
      cmocka_unit_test(the_real_cifar10),
      cmocka_unit_test(the_real_mnist),
      cmocka_unit_test(values_and_back),
      cmocka_unit_test(samples_are_rounded_and_clamped),
      cmocka_unit_test(nearest_spelling),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
