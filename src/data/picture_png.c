/* PNG by libpng's own reader, not by its simplified one, which would apply gamma: the samples of an
 * image are values, and come as they are stored. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "data/picture.h"

typedef struct {
  FILE *file;
  const char *path;
  nf_error *e;
  nf_picture picture;
} png_source;

/* libpng gives one message for all; malloc sets errno. */
static void on_error(png_structp png, png_const_charp message) {
  const png_source *s = png_get_error_ptr(png);
  const int status = errno == ENOMEM ? NF_ENOMEM : ferror(s->file) ? NF_EIO : NF_EFORMAT;
  nf_fail(s->e, status, "%s: %s", s->path, message);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void read_bytes(png_structp png, png_bytep to, size_t size) {
  const png_source *s = png_get_io_ptr(png);
  if (fread(to, 1, size, s->file) != size)
    png_error(png, ferror(s->file) ? strerror(errno) : "the file is cut short");
}

/* Whether it is stored as gray, or has a palette of grays. */
static bool is_gray(png_structp png, png_infop info) {
  png_colorp colour;
  int n;
  if (png_get_PLTE(png, info, &colour, &n) == 0 ||
      png_get_color_type(png, info) != PNG_COLOR_TYPE_PALETTE)
    return (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0;
  for (int i = 0; i < n; i++)
    if (colour[i].red != colour[i].green || colour[i].red != colour[i].blue) return false;
  return true;
}

/* From `stored` channels to c, over white, in place. The last of an even number is the opacity. */
static void compose(nf_picture *p, size_t stored) {
  const uint8_t *from = p->byte;
  uint8_t *to = p->byte;
  for (size_t i = 0; i < nf_shape_pixels(p->shape); i++, from += stored) {
    const unsigned a = stored % 2 == 0 ? from[stored - 1] : 255;
    for (size_t c = 0; c < p->shape.c; c++)
      *to++ = (uint8_t)((from[c] * a + 255 * (255 - a) + 127) / 255);
  }
}

/* The orientation in the chunk eXIf, which may come before the pixels or after them. */
static unsigned orientation(png_structp png, png_infop info) {
  png_uint_32 size;
  png_bytep exif;
  return png_get_eXIf_1(png, info, &size, &exif) == 0 ? 1 : nf_exif_orientation(size, exif);
}

static void decode(png_structp png, png_infop info, png_source *s) {
  errno = 0;
  png_set_read_fn(png, s, read_bytes);
  png_read_info(png, info);
  const size_t h = png_get_image_height(png, info), w = png_get_image_width(png, info);
  if (h > NF_PICTURE_MAX / w) png_error(png, "more than 100 million pixels");
  s->picture.shape = nf_image(h, w, is_gray(png, info) ? 1 : 3);
  png_set_expand(png); /* to 8 bits at least, without a palette, opacity as a channel */
  png_set_scale_16(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t stored = png_get_channels(png, info);
  s->picture.byte = malloc(h * w * stored);
  if (s->picture.byte == NULL) png_error(png, "no memory for its pixels");
  for (int pass = 0; pass < passes; pass++)
    for (size_t y = 0; y < h; y++) png_read_row(png, s->picture.byte + y * w * stored, NULL);
  png_read_end(png, info);
  if (errno == ENOMEM) png_error(png, "no memory for one of its chunks"); /* libpng leaves it out */
  compose(&s->picture, stored);
  if (!nf_picture_turn(&s->picture, orientation(png, info))) png_error(png, "no memory to turn it");
}

int nf_picture_png(FILE *file, const char *path, nf_picture *out, nf_error *e) {
  nf_error own = {0};
  png_source s = {.file = file, .path = path, .e = &own};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &s, on_error, on_warning);
  png_infop info = png_create_info_struct(png);
  if (info == NULL)
    nf_fail(&own, NF_ENOMEM, "%s: out of memory", path);
  else if (setjmp(png_jmpbuf(png)) == 0)
    decode(png, info, &s);
  png_destroy_read_struct(&png, &info, NULL);
  if (own.status == NF_OK) {
    *out = s.picture;
    return NF_OK;
  }
  free(s.picture.byte);
  return nf_fail(e, own.status, "%s", own.message);
}
