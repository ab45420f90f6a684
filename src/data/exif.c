/* The orientation that a camera writes into a picture, and the picture turned by it. Exif data are
 * a TIFF file:
 *
 *   II 42 0 or MM 0 42     the order of bytes: little- or big-endian
 *   4 bytes                where the first directory is, counted from II or MM
 *   n in 2 bytes           and n entries of 12: tag, type, number of values, value
 *
 * Tag 0x112, of type 3, says where row 0 and column 0 of the stored picture belong (EXIF 2.3):
 *
 *   1 top, left      2 top, right     3 bottom, right  4 bottom, left
 *   5 left, top      6 right, top     7 right, bottom  8 left, bottom */
#include <stdlib.h>
#include <string.h>

#include "data/picture.h"

typedef struct {
  const uint8_t *byte;
  size_t size;
  bool big_endian;
} tiff;

/* A number of 2 or 4 bytes; 0 behind the end. */
static uint32_t number(const tiff *t, size_t at, size_t bytes) {
  uint32_t value = 0;
  if (at > t->size || bytes > t->size - at) return 0;
  for (size_t i = 0; i < bytes; i++)
    value = value << 8 | t->byte[at + (t->big_endian ? i : bytes - 1 - i)];
  return value;
}

unsigned nf_exif_orientation(size_t size, const uint8_t *byte) {
  enum { ENTRY = 12, ORIENTATION = 0x112, SHORT = 3 };
  if (size < 8) return 1;
  const tiff t = {byte, size, byte[0] == 'M'};
  if (memcmp(byte, t.big_endian ? "MM" : "II", 2) != 0 || number(&t, 2, 2) != 42) return 1;
  const size_t directory = number(&t, 4, 4), entries = number(&t, directory, 2);
  for (size_t i = 0; i < entries; i++) {
    const size_t at = directory + 2 + ENTRY * i;
    if (number(&t, at, 2) != ORIENTATION || number(&t, at + 2, 2) != SHORT) continue;
    const unsigned value = number(&t, at + 8, 2);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

bool nf_picture_turn(nf_picture *p, unsigned orientation) {
  const nf_shape s = p->shape;
  const bool sideways = orientation >= 5;
  const bool from_bottom = strchr("\3\4\6\7", (int)orientation) != NULL;
  const bool from_right = strchr("\2\3\7\10", (int)orientation) != NULL;
  if (orientation == 1) return true;
  const nf_shape out = nf_image(sideways ? s.w : s.h, sideways ? s.h : s.w, s.c);
  uint8_t *byte = malloc(nf_shape_size(out)), *to = byte;
  if (byte == NULL) return false;
  for (size_t y = 0; y < out.h; y++)
    for (size_t x = 0; x < out.w; x++, to += s.c) {
      const size_t row = sideways ? x : y, column = sideways ? y : x;
      const size_t r = from_bottom ? s.h - 1 - row : row;
      memcpy(to, p->byte + (r * s.w + (from_right ? s.w - 1 - column : column)) * s.c, s.c);
    }
  free(p->byte);
  *p = (nf_picture){out, byte};
  return true;
}
