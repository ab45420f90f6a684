/* One picture: turned as its Exif block says, and resized by averaging areas. */
#include "data/picture.h"
#include "encode.h"
#include "folder.h"

/* --- orientation ---------------------------------------------------------------------------- */

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(orientations),
      cmocka_unit_test(damaged_orientations_are_none),
      cmocka_unit_test(areas_are_averaged),
      cmocka_unit_test(any_size_to_any_size),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
