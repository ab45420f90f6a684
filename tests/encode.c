/* libpng and libjpeg do the work. */
#include "encode.h"

#include "folder.h"

void write_png(const char *name, unsigned w, unsigned h, unsigned format, const void *byte) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = w, .height = h, .format = format};
  assert_true(png_image_write_to_file(&image, folder_path(name), 0, byte, 0, NULL));
}

void encode_png(const char *name, unsigned w, unsigned h, uint8_t *pixel, size_t size,
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

void encode_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space, uint8_t *pixel,
                 size_t size, const uint8_t *exif) {
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

void write_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space,
                const uint8_t colour[]) {
  static uint8_t pixel[40 * 40];
  const unsigned c = space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
  assert_true(w * h * c <= sizeof pixel);
  for (unsigned i = 0; i < w * h * c; i++) pixel[i] = colour[i % c];
  encode_jpeg(name, w, h, space, pixel, 0, NULL);
}
