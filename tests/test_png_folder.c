/* png:FOLDER: pixels, order and kinds of images come as they are, and a folder that is no set is
 * refused. (One image a file; what nf says about such folders is in cli/nf-errors.txt.) */
#include <png.h>

#include "folder.h"
#include "nf/data.h"

static void write_png(const char *name, unsigned w, unsigned h, unsigned format, const void *byte) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
  assert_true(png_image_write_to_file(&image, folder_path(name), 0, byte, 0, NULL));
}

static void pixels_come_in_order(void **state) {
  (void)state;
  const unsigned char b[6] = {0, 1, 127, 128, 254, 255}, a[6] = {9, 8, 7, 6, 5, 4};
  nf_images set;
  nf_error e = {0};
  folder_mkdir("gray");
  write_png("gray/b.png", 3, 2, PNG_FORMAT_GRAY, b);
  write_png("gray/a.PNG", 3, 2, PNG_FORMAT_GRAY, a);
  folder_write("gray/notes.txt", "x", 1);
  folder_write("gray/.hidden.png", "x", 1);
  check_ok(nf_images_png(folder_path("gray"), &set, &e));
  assert_true(set.n == 2 && set.bins == 256 && set.label == NULL);
  assert_true(set.shape.h == 2 && set.shape.w == 3 && set.shape.c == 1);
  assert_memory_equal(set.pixel, a, 6);
  assert_memory_equal(set.pixel + 6, b, 6);
  nf_images_free(&set);
  char name[600];
  snprintf(name, sizeof name, "png:%s", folder_path("gray"));
  check_ok(nf_images_load(name, &set, &e));
  assert_int_equal(set.n, 2);
  nf_images_free(&set);
}

static void one_colour_makes_all_rgb_and_transparent_is_white(void **state) {
  (void)state;
  const unsigned char gray[2] = {10, 200}, rgb[6] = {1, 2, 3, 250, 251, 252};
  const unsigned char transparent[8] = {50, 60, 70, 0, 50, 60, 70, 255};
  const unsigned char right[18] = {10,  10,  10,  200, 200, 200, 1,  2,  3,
                                   250, 251, 252, 255, 255, 255, 50, 60, 70};
  nf_images set;
  nf_error e = {0};
  folder_mkdir("rgb");
  write_png("rgb/1.png", 2, 1, PNG_FORMAT_GRAY, gray);
  write_png("rgb/2.png", 2, 1, PNG_FORMAT_RGB, rgb);
  write_png("rgb/3.png", 2, 1, PNG_FORMAT_RGBA, transparent);
  check_ok(nf_images_png(folder_path("rgb"), &set, &e));
  assert_true(set.n == 3 && set.shape.c == 3);
  assert_memory_equal(set.pixel, right, 18);
  nf_images_free(&set);
}

static void refused(const char *name, int status, const char *part) {
  nf_images set = {.n = 77};
  nf_error e = {0};
  nf_images_png(folder_path(name), &set, &e);
  assert_int_equal(set.n, 77);
  check_failed(&e, status, part);
}

static void what_is_no_set_is_refused(void **state) {
  (void)state;
  const unsigned char byte[64] = {0};
  char png[4096];
  folder_mkdir("bad");
  refused("none", NF_EIO, "none: cannot read the folder: No such file");
  refused("bad", NF_EIO, "bad: no *.png in this folder");
  write_png("bad/a.png", 4, 4, PNG_FORMAT_GRAY, byte);
  write_png("bad/b.png", 4, 5, PNG_FORMAT_GRAY, byte);
  refused("bad", NF_EFORMAT, "b.png: 4×5 pixels, but a.png has 4×4; all must have one size");
  write_png("bad/b.png", 3, 4, PNG_FORMAT_GRAY, byte);
  refused("bad", NF_EFORMAT, "b.png: 3×4 pixels");
  folder_write("bad/b.png", "no image", 8);
  refused("bad", NF_EFORMAT, "b.png: ");
  FILE *f = fopen(folder_path("bad/a.png"), "rb");
  const size_t size = fread(png, 1, sizeof png, f);
  fclose(f);
  for (size_t cut = 0; cut < size - 12; cut++) { /* the last 12 bytes only mark the end */
    folder_write("bad/b.png", png, cut);
    refused("bad", NF_EFORMAT, "b.png: ");
  }
  assert_int_equal(remove(folder_path("bad/b.png")), 0);
  folder_mkdir("bad/c.png");
  refused("bad", NF_EFORMAT, "c.png: ");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pixels_come_in_order),
      cmocka_unit_test(one_colour_makes_all_rgb_and_transparent_is_white),
      cmocka_unit_test(what_is_no_set_is_refused),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
