/* images:FOLDER: PNG and JPEG together, in order, at one size; what cannot be read is skipped with
 * its reason. And pixels of fewer bits. */
#include "encode.h"
#include "folder.h"
#include "nf/data.h"

/* --- what was skipped: the lines, and the number of them ------------------------------------- */

static char told[8][NF_MESSAGE];
static size_t n_told;
static void tell(void *user, const char *line) {
  assert_ptr_equal(user, told);
  assert_true(n_told < 8);
  snprintf(told[n_told++], NF_MESSAGE, "%s", line);
}

static int read_folder(const char *name, nf_folder_options o, nf_images *set, nf_error *e) {
  n_told = 0;
  o.skipped = tell, o.user = told;
  return nf_images_folder(folder_path(name), &o, set, e);
}

static void check_told(size_t i, const char *part) {
  if (strstr(told[i], part) == NULL) fail_msg("'%s' is not in: %s", part, told[i]);
}

static void both_formats_come_in_order(void **state) {
  (void)state;
  const uint8_t gray[6] = {1, 2, 3, 4, 5, 6}, red[3] = {250, 10, 20}, light[1] = {200};
  nf_images set = {0};
  nf_error e = {0};
  folder_mkdir("both");
  write_jpeg("both/a.jpg", 3, 2, JCS_GRAYSCALE, light);
  write_png("both/b.png", 3, 2, PNG_FORMAT_GRAY, gray);
  write_png("both/c.jpg", 3, 2, PNG_FORMAT_GRAY, gray); /* known by its content, not by its name */
  folder_write("both/.hidden", "x", 1);
  check_ok(read_folder("both", (nf_folder_options){0}, &set, &e));
  assert_true(set.n == 3 && set.bins == 256 && nf_shape_equal(set.shape, nf_image(2, 3, 1)));
  for (int i = 0; i < 6; i++) assert_int_equal(set.pixel[i], 200);
  assert_memory_equal(set.pixel + 6, gray, 6);
  assert_memory_equal(set.pixel + 12, gray, 6);
  assert_int_equal(n_told, 0);
  nf_images_free(&set);

  write_jpeg("both/d", 3, 2, JCS_RGB, red);
  char name[600];
  snprintf(name, sizeof name, "images:%s", folder_path("both"));
  check_ok(nf_images_load(name, &set, &e));
  assert_true(set.n == 4 && set.shape.c == 3);
  for (int k = 0; k < 18; k++) assert_int_equal(set.pixel[k], 200);
  for (int k = 0; k < 18; k++) assert_int_equal(set.pixel[18 + k], gray[k / 3]);
  for (int k = 0; k < 18; k++) assert_true(abs(set.pixel[54 + k] - red[k % 3]) <= 1);
  nf_images_free(&set);
}

static void what_cannot_be_read_is_skipped(void **state) {
  (void)state;
  const uint8_t gray[6] = {1, 2, 3, 4, 5, 6}, ink[4] = {9, 9, 9, 9};
  char bytes[4096];
  nf_images set = {.n = 77};
  nf_error e = {0};
  folder_mkdir("some");
  folder_mkdir("some/f");
  folder_write("some/a.png", "", 0);
  write_jpeg("some/b.jpg", 40, 40, JCS_GRAYSCALE, gray);
  FILE *f = fopen(folder_path("some/b.jpg"), "rb");
  const size_t size = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  folder_write("some/b.jpg", bytes, size - 8); /* without its last pixels */
  write_jpeg("some/c.jpg", 3, 2, JCS_CMYK, ink);
  folder_write("some/d.gif", "GIF89a", 6);
  assert_int_equal(symlink("nowhere", folder_path("some/g")), 0);
  assert_int_equal(symlink("..", folder_path("some/h")), 0);

  read_folder("some", (nf_folder_options){0}, &set, &e);
  check_failed(&e, NF_EIO, "some: no PNG or JPEG that can be read");
  assert_int_equal(set.n, 77);
  e = (nf_error){0};
  write_png("some/e.png", 3, 2, PNG_FORMAT_GRAY, gray);
  write_png("some/f/a.png", 3, 2, PNG_FORMAT_GRAY, gray);
  check_ok(read_folder("some", (nf_folder_options){0}, &set, &e));
  assert_int_equal(set.n, 1);
  assert_int_equal(n_told, 7);
  check_told(0, "some/a.png: 0 bytes, not a PNG or JPEG");
  check_told(1, "some/b.jpg: Premature end");
  check_told(2, "some/c.jpg: a JPEG of four inks; it must be gray or RGB");
  check_told(3, "some/d.gif: begins with 47 49 46, not as");
  check_told(4, "some/f: a folder, which only a recursive reading enters");
  check_told(5, "some/g: No such file");
  check_told(6, "some/h: a folder, not a PNG or JPEG");
  nf_images_free(&set);

  check_ok(read_folder("some", (nf_folder_options){.recursive = true}, &set, &e));
  assert_int_equal(set.n, 2); /* links are not followed, or there was no end */
  nf_images_free(&set);
}

static void folders_are_read_where_their_name_stands(void **state) {
  (void)state;
  nf_images set;
  folder_mkdir("deep");
  folder_mkdir("deep/b");
  folder_mkdir("deep/b/b");
  const char *const name[4] = {"deep/a.png", "deep/b/a.png", "deep/b/b/z.png", "deep/c.png"};
  for (uint8_t i = 0; i < 4; i++) write_png(name[i], 1, 1, PNG_FORMAT_GRAY, &i);
  check_ok(read_folder("deep", (nf_folder_options){.recursive = true}, &set, NULL));
  assert_int_equal(set.n, 4);
  for (uint8_t i = 0; i < 4; i++) assert_int_equal(set.pixel[i], i);
  nf_images_free(&set);
}

static void sizes_must_agree(void **state) {
  (void)state;
  const uint8_t gray[6] = {1, 2, 3, 4, 5, 6};
  nf_images set = {.n = 77};
  nf_error e = {0};
  folder_mkdir("sizes");
  write_png("sizes/a.png", 3, 2, PNG_FORMAT_GRAY, gray);
  write_png("sizes/b.png", 2, 3, PNG_FORMAT_GRAY, gray);
  read_folder("sizes", (nf_folder_options){0}, &set, &e);
  check_failed(&e, NF_EFORMAT, "b.png: 2×3 pixels, but |a.png has 3×2; all must have one size");
  read_folder("sizes", (nf_folder_options){.h = 4}, &set, &e);
  check_failed(&e, NF_EINVAL, "images of 0×4 pixels");
  read_folder("sizes", (nf_folder_options){.h = 1 << 20, .w = 1 << 20}, &set, &e);
  check_failed(&e, NF_EINVAL, "too large");
  assert_int_equal(set.n, 77);
  check_ok(read_folder("sizes", (nf_folder_options){.h = 1, .w = 1}, &set, &e));
  /* 2×2 in the middle: half of the columns beside it count */
  assert_int_equal(set.pixel[0], 4); /* (.5·1 + 2 + .5·3 + .5·4 + 5 + .5·6)/4 = 3.5 */
  assert_int_equal(set.pixel[1], 4); /* (.5·1 + .5·2 + 3 + 4 + .5·5 + .5·6)/4 = 3.5 */
  nf_images_free(&set);
}

/* --- fewer bits ------------------------------------------------------------------------------ */

static void pixels_are_reduced(void **state) {
  (void)state;
  nf_images set;
  nf_error e = {0};
  check_ok(nf_images_new(1, nf_image(16, 16, 1), 256, false, &set, &e));
  for (unsigned i = 0; i < 256; i++) set.pixel[i] = (uint8_t)i;
  check_ok(nf_images_reduce(&set, 8, &e));
  for (unsigned i = 0; i < 256; i++) assert_int_equal(set.pixel[i], i);
  check_ok(nf_images_reduce(&set, 5, &e));
  assert_int_equal(set.bins, 32);
  for (unsigned i = 0; i < 256; i++) assert_int_equal(set.pixel[i], i / 8);
  check_ok(nf_images_reduce(&set, 5, &e)); /* as it is */
  assert_int_equal(set.pixel[255], 31);
  nf_images_reduce(&set, 4, &e);
  check_failed(&e, NF_EINVAL, "pixels of 32 bins do not reduce to 4 bits|256 bins do");
  nf_images_reduce(&set, 0, &e);
  check_failed(&e, NF_EINVAL, "pixels of 0 bits|1 to 8");
  nf_images_reduce(&set, 9, &e);
  check_failed(&e, NF_EINVAL, "pixels of 9 bits|1 to 8");
  assert_int_equal(set.pixel[255], 31);
  nf_images_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_formats_come_in_order),
      cmocka_unit_test(what_cannot_be_read_is_skipped),
      cmocka_unit_test(folders_are_read_where_their_name_stands),
      cmocka_unit_test(sizes_must_agree),
      cmocka_unit_test(pixels_are_reduced),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
