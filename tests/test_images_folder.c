/* images:FOLDER: PNG and JPEG together, in order, at one size; what cannot be read is skipped with
 * its reason. And pixels of fewer bits. */
#include <png.h>
#include <stdio.h>

#include <jpeglib.h>

#include "data/picture.h"
#include "folder.h"

static void write_png(const char *name, unsigned w, unsigned h, unsigned format, const void *byte) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
  assert_true(png_image_write_to_file(&image, folder_path(name), 0, byte, 0, NULL));
}

/* With a block APP1, unless its size is 0. */
static void encode_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space,
                        uint8_t *pixel, size_t size, const uint8_t *exif) {
  struct jpeg_error_mgr manager;
  struct jpeg_compress_struct j = {.err = jpeg_std_error(&manager)};
  FILE *f = fopen(folder_path(name), "wb");
  assert_non_null(f);
  jpeg_create_compress(&j);
  jpeg_stdio_dest(&j, f);
  j.image_width = w, j.image_height = h;
  j.input_components = space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
  j.in_color_space = space;
  jpeg_set_defaults(&j);
  jpeg_set_quality(&j, 100, TRUE);
  jpeg_start_compress(&j, TRUE);
  if (size > 0) jpeg_write_marker(&j, JPEG_APP0 + 1, exif, (unsigned)size);
  const unsigned stride = w * (unsigned)j.input_components;
  while (j.next_scanline < h)
    jpeg_write_scanlines(&j, (JSAMPROW[]){pixel + j.next_scanline * stride}, 1);
  jpeg_finish_compress(&j);
  jpeg_destroy_compress(&j);
  fclose(f);
}

/* Of one colour, which compression does not change by more than rounding. */
static void write_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space,
                       const uint8_t colour[]) {
  static uint8_t pixel[40 * 40];
  const unsigned c = space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
  assert_true(w * h * c <= sizeof pixel);
  for (unsigned i = 0; i < w * h * c; i++) pixel[i] = colour[i % c];
  encode_jpeg(name, w, h, space, pixel, 0, NULL);
}

/* --- orientation ---------------------------------------------------------------------------- */

/* A gray PNG with a chunk eXIf before its pixels or after them. */
static void encode_png(const char *name, unsigned w, unsigned h, uint8_t *pixel, size_t size,
                       const uint8_t *exif, bool after) {
  FILE *f = fopen(folder_path(name), "wb");
  assert_non_null(f);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct(png);
  png_init_io(png, f);
  png_set_IHDR(png, info, w, h, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  uint8_t copy[100];
  memcpy(copy, exif, size);
  if (!after) png_set_eXIf_1(png, info, (png_uint_32)size, copy);
  png_write_info(png, info);
  for (unsigned y = 0; y < h; y++) png_write_row(png, pixel + y * w);
  if (after) png_set_eXIf_1(png, info, (png_uint_32)size, copy);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  fclose(f);
}

/* Six blocks of 8×8, a b c above d e f, of grays 0, 40 … 200, with an Exif block: what is read of
 * them, row by row, "abc/def". */
enum { HEAD = 6 }; /* "Exif\0\0", which a PNG does without */
typedef enum { JPEG, PNG_BEFORE, PNG_AFTER, KINDS } kind;
static const char *blocks_with(kind what, const uint8_t *exif, size_t size) {
  static char text[16];
  nf_images set = {0};
  size_t n = 0;
  uint8_t pixel[16 * 24];
  for (unsigned i = 0; i < sizeof pixel; i++)
    pixel[i] = (uint8_t)(40 * (i / 24 / 8 * 3 + i % 24 / 8));
  folder_mkdir("turned");
  if (what == JPEG)
    encode_jpeg("turned/a", 24, 16, JCS_GRAYSCALE, pixel, size, exif);
  else
    encode_png("turned/a", 24, 16, pixel, size - HEAD, exif + HEAD, what == PNG_AFTER);
  check_ok(nf_images_folder(folder_path("turned"), NULL, &set, NULL));
  folder_remove_path(folder_path("turned"));
  const size_t h = set.shape.h, w = set.shape.w;
  assert_true(h * w == 384 && (h == 16 || h == 24));
  for (size_t y = 0; y < h; y += 8) {
    for (size_t x = 0; x < w; x += 8) {
      const int first = set.pixel[y * w + x], block = (first + 20) / 40;
      assert_in_range(first + 2 - 40 * block, 0, 4);
      for (size_t k = 0; k < 64; k++)
        assert_in_range(set.pixel[(y + k / 8) * w + x + k % 8] + 2 - first, 0, 4);
      text[n++] = (char)('a' + block);
    }
    text[n++] = '/';
  }
  text[n - 1] = 0;
  nf_images_free(&set);
  return text;
}

/* A directory of two entries, the second the orientation. */
enum { EXIF = HEAD + 8 + 2 + 24 };
static void make_exif(bool big, unsigned orientation, uint8_t exif[EXIF]) {
  static const uint8_t little[EXIF] =
      "Exif\0\0II*\0\10\0\0\0\2\0"
      "\17\1\2\0\4\0\0\0abc\0"
      "\22\1\3\0\1\0\0\0\0\0\0\0";
  static const uint8_t large[EXIF] =
      "Exif\0\0MM\0*\0\0\0\10\0\2"
      "\1\17\0\2\0\0\0\4abc\0"
      "\1\22\0\3\0\0\0\1\0\0\0\0";
  memcpy(exif, big ? large : little, EXIF);
  exif[EXIF - (big ? 3 : 4)] = (uint8_t)orientation;
}

static void orientations(void **state) {
  (void)state;
  static const char *const seen[] = {"abc/def",  "abc/def",  "cba/fed",  "fed/cba",  "def/abc",
                                     "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad", "abc/def"};
  uint8_t exif[EXIF];
  for (unsigned o = 0; o < 10; o++)
    for (int big = 0; big < 2; big++)
      for (kind k = JPEG; k < KINDS; k++) {
        make_exif(big, o, exif);
        assert_string_equal(blocks_with(k, exif, EXIF), seen[o]);
      }
}

/* Blocks that say nothing: the picture is as it is stored. Each is read where its memory ends. */
static void damaged_orientations_are_none(void **state) {
  (void)state;
  uint8_t exif[EXIF];
  for (int big = 0; big < 2; big++)
    for (size_t at = 0; at < EXIF - HEAD; at++) {
      make_exif(big, 6, exif);
      uint8_t *cut = malloc(at + 1); /* malloc(0) may be NULL */
      memcpy(cut, exif + HEAD, at);
      const unsigned short_of = nf_exif_orientation(at, cut);
      assert_int_equal(short_of, at >= EXIF - HEAD - 2 ? 6 : 1);
      free(cut);
      exif[HEAD + at] ^= 0x80; /* far away, another tag, another type */
      const unsigned changed = nf_exif_orientation(EXIF - HEAD, exif + HEAD);
      assert_true(changed == 1 || changed == 6);
    }
  for (kind k = JPEG; k < KINDS; k++) {
    make_exif(false, 6, exif);
    memset(exif + 10, 0xff, 4); /* the directory at 2³²-1 */
    assert_string_equal(blocks_with(k, exif, EXIF), "abc/def");
    make_exif(true, 6, exif);
    exif[28] = 0, exif[29] = 4; /* of another type */
    assert_string_equal(blocks_with(k, exif, EXIF), "abc/def");
  }
  make_exif(false, 6, exif);
  exif[0] = 'F'; /* another block APP1 */
  assert_string_equal(blocks_with(JPEG, exif, EXIF), "abc/def");
  assert_string_equal(blocks_with(JPEG, exif, 5), "abc/def");
}

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

/* --- resizing -------------------------------------------------------------------------------- */

static void areas_are_averaged(void **state) {
  (void)state;
  uint8_t to[64];
  const uint8_t four[16] = {0, 2, 10, 20, 4, 6, 30, 40, 100, 100, 7, 7, 100, 101, 7, 8};
  nf_picture_resize(nf_image(4, 4, 1), four, 2, 2, to);
  assert_memory_equal(to, ((uint8_t[]){3, 25, 100, 7}), 4);
  nf_picture_resize(nf_image(4, 4, 1), four, 4, 4, to); /* nothing to do */
  assert_memory_equal(to, four, 16);

  /* 3 columns into 2: each has one and a half */
  const uint8_t row[9] = {0, 90, 240, 0, 90, 240, 0, 90, 240};
  nf_picture_resize(nf_image(3, 3, 1), row, 2, 2, to);
  assert_memory_equal(to, ((uint8_t[]){30, 190, 30, 190}), 4);

  /* a wide picture loses its sides, a high one its top and bottom; colours stay apart */
  const uint8_t wide[24] = {9, 9, 9, 1, 2, 3, 5, 6, 7, 9, 9, 9, 9, 9, 9, 1, 2, 3, 5, 6, 7, 9, 9, 9};
  nf_picture_resize(nf_image(2, 4, 3), wide, 2, 2, to);
  assert_memory_equal(to, ((uint8_t[]){1, 2, 3, 5, 6, 7, 1, 2, 3, 5, 6, 7}), 12);
  const uint8_t high[8] = {9, 9, 10, 20, 30, 40, 9, 9};
  nf_picture_resize(nf_image(4, 2, 1), high, 1, 1, to);
  assert_int_equal(to[0], 25);

  /* larger: pixels repeat */
  nf_picture_resize(nf_image(1, 2, 1), (uint8_t[]){3, 8}, 2, 4, to);
  assert_memory_equal(to, ((uint8_t[]){3, 3, 8, 8, 3, 3, 8, 8}), 8);
}

/* Whatever the sizes, one colour stays, and no value leaves the range of those that there are. */
static void any_size_to_any_size(void **state) {
  (void)state;
  static uint8_t from[40 * 40], to[40 * 40];
  for (size_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)(100 + nf_random_bits(1, 2, i) % 56);
  for (size_t i = 0; i < 400; i++) {
    const uint64_t r = nf_random_bits(3, 4, i);
    const nf_shape s = nf_image(1 + r % 40, 1 + (r >> 8) % 40, 1);
    const size_t h = 1 + (r >> 16) % 40, w = 1 + (r >> 24) % 40;
    nf_picture_resize(s, from, h, w, to);
    for (size_t k = 0; k < h * w; k++) assert_true(to[k] >= 100 && to[k] < 156);
  }
  memset(from, 255, sizeof from);
  nf_picture_resize(nf_image(37, 31, 1), from, 11, 13, to);
  for (size_t k = 0; k < 11 * 13; k++) assert_int_equal(to[k], 255);
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
      cmocka_unit_test(orientations),
      cmocka_unit_test(damaged_orientations_are_none),
      cmocka_unit_test(what_cannot_be_read_is_skipped),
      cmocka_unit_test(folders_are_read_where_their_name_stands),
      cmocka_unit_test(sizes_must_agree),
      cmocka_unit_test(areas_are_averaged),
      cmocka_unit_test(any_size_to_any_size),
      cmocka_unit_test(pixels_are_reduced),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
