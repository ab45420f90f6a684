/* png:FOLDER: pixels, order and kinds of images come as they are, and a folder that is no set is
 * refused. (One image a file; what nf says about such folders is in cli/nf-errors-train.txt.) */
#include <math.h>

#include "encode.h"
#include "folder.h"
#include "nf/data.h"

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

/* The one image of tests/fuzz/png/NAME, which is freed with the set. */
static nf_images read_fixture(const char *name) {
  char bytes[4096], path[200];
  nf_images set = {0};
  snprintf(path, sizeof path, "tests/fuzz/png/%s", name);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  const size_t size = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  folder_mkdir("one");
  folder_write("one/a.png", bytes, size);
  check_ok(nf_images_png(folder_path("one"), &set, NULL));
  folder_remove_path(folder_path("one"));
  assert_int_equal(set.n, 1);
  return set;
}

static void check_fixture(const char *name, nf_shape shape, const uint8_t *right) {
  nf_images set = read_fixture(name);
  assert_true(nf_shape_equal(set.shape, shape));
  assert_memory_equal(set.pixel, right, nf_shape_size(shape));
  nf_images_free(&set);
}

static void samples_come_as_they_are_stored(void **state) {
  (void)state;
  const unsigned deep[16] = {0,   257, 16384, 32768, 65535, 16448, 514,   128,
                             129, 127, 255,   256,   40000, 50000, 60000, 65279};
  const uint8_t bit[8] = {255, 0, 255, 255, 0, 0, 255, 0}, gray[4] = {0, 10, 128, 255};
  uint8_t byte[16], bits[32];
  for (unsigned i = 0; i < 16; i++) byte[i] = (uint8_t)(17 * i);
  check_fixture("gray8_gamma", nf_image(4, 4, 1), byte); /* a gAMA of 1, which changes nothing */
  for (unsigned i = 0; i < 16; i++) byte[i] = (uint8_t)floor(deep[i] * 255.0 / 65535 + 0.5);
  check_fixture("gray16", nf_image(4, 4, 1), byte);
  for (unsigned i = 0; i < 32; i++) bits[i] = bit[i % 8];
  check_fixture("gray1", nf_image(4, 8, 1), bits);
  nf_images set = read_fixture("gray_palette");
  assert_int_equal(set.shape.c, 1);
  for (size_t i = 0; i < nf_shape_size(set.shape); i++)
    assert_non_null(memchr(gray, set.pixel[i], sizeof gray));
  nf_images_free(&set);
}

/* A palette is gray when all its colours are; its opacities are composed like any. */
static void a_palette_is_its_colours(void **state) {
  (void)state;
  const uint8_t index[3] = {2, 0, 1}, half[12] = {1, 2, 3, 255, 7, 8, 9, 0, 100, 150, 200, 128};
  uint8_t colour[9] = {5, 5, 5, 90, 90, 90, 250, 250, 250};
  for (int coloured = 0; coloured < 3; coloured++) {
    if (coloured == 1) colour[5] = 91; /* the blue of one entry */
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 3, .height = 1, .colormap_entries = 3};
    image.format = coloured == 2 ? PNG_FORMAT_RGBA_COLORMAP : PNG_FORMAT_RGB_COLORMAP;
    folder_mkdir("palette");
    assert_true(png_image_write_to_file(&image, folder_path("palette/a.png"), 0, index, 0,
                                        coloured == 2 ? half : colour));
    nf_images set;
    check_ok(nf_images_png(folder_path("palette"), &set, NULL));
    assert_int_equal(set.shape.c, coloured ? 3 : 1);
    const uint8_t gray[3] = {250, 5, 90}, rgb[9] = {250, 250, 250, 5, 5, 5, 90, 90, 91};
    const uint8_t white[9] = {177, 202, 227, 1, 2, 3, 255, 255, 255}; /* 100·a + 255·(1-a), … */
    assert_memory_equal(set.pixel, coloured == 2 ? white : coloured ? rgb : gray, coloured ? 9 : 3);
    nf_images_free(&set);
    folder_remove_path(folder_path("palette"));
  }
}

/* All of 16 bits, with an opacity: round(v/257), then v·a + 255·(1-a). */
static void sixteen_bits_and_opacity_are_rounded(void **state) {
  (void)state;
  enum { SIDE = 256 };
  static png_byte row[SIDE][SIDE * 4];
  folder_mkdir("deep");
  FILE *f = fopen(folder_path("deep/a.png"), "wb");
  assert_non_null(f);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, f);
  png_set_IHDR(png, info, SIDE, SIDE, 16, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_INTERLACE_ADAM7,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_gAMA(png, info, 0.45455);
  png_set_interlace_handling(png);
  png_write_info(png, info);
  png_bytep rows[SIDE];
  for (int y = 0; y < SIDE; y++) {
    for (int x = 0; x < SIDE; x++)
      memcpy(&row[y][4 * x], (png_byte[4]){(png_byte)y, (png_byte)x, (png_byte)x, (png_byte)x}, 4);
    rows[y] = row[y];
  }
  png_write_image(png, rows);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  fclose(f);
  nf_images set;
  check_ok(nf_images_png(folder_path("deep"), &set, NULL));
  assert_true(set.shape.h == SIDE && set.shape.w == SIDE && set.shape.c == 1);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      const double v = floor((256 * y + x) / 257.0 + 0.5);
      assert_true(set.pixel[SIDE * y + x] == floor((v * x + 255.0 * (255 - x)) / 255 + 0.5));
    }
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
  refused("bad", NF_EFORMAT, "b.png: 4×5 pixels, but |a.png has 4×4; all must have one size");
  write_png("bad/b.png", 3, 4, PNG_FORMAT_GRAY, byte);
  refused("bad", NF_EFORMAT, "b.png: 3×4 pixels");
  folder_write("bad/b.png", "no image", 8);
  refused("bad", NF_EFORMAT, "b.png: begins with 6e 6f 20, not as a PNG");
  folder_write("bad/b.png", "", 0);
  refused("bad", NF_EFORMAT, "b.png: 0 bytes, not a PNG");
  folder_write("bad/b.png", "x", 1);
  refused("bad", NF_EFORMAT, "b.png: 1 byte, not a PNG");
  folder_write("bad/b.png", "\377\330", 2);
  refused("bad", NF_EFORMAT, "b.png: 2 bytes, not a PNG");
  FILE *f = fopen(folder_path("bad/a.png"), "rb");
  const size_t size = fread(png, 1, sizeof png, f);
  fclose(f);
  for (size_t cut = 0; cut < size; cut++) {
    folder_write("bad/b.png", png, cut);
    refused("bad", NF_EFORMAT, "b.png: ");
  }
  assert_int_equal(remove(folder_path("bad/b.png")), 0);
  folder_mkdir("bad/c.png");
  refused("bad", NF_EIO, "c.png: a folder, not a PNG");
  assert_int_equal(remove(folder_path("bad/c.png")), 0);
  assert_int_equal(mkfifo(folder_path("bad/c.png"), 0600), 0);
  refused("bad", NF_EIO, "c.png: not a regular file");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pixels_come_in_order),
      cmocka_unit_test(one_colour_makes_all_rgb_and_transparent_is_white),
      cmocka_unit_test(samples_come_as_they_are_stored),
      cmocka_unit_test(a_palette_is_its_colours),
      cmocka_unit_test(sixteen_bits_and_opacity_are_rounded),
      cmocka_unit_test(what_is_no_set_is_refused),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
