/* PNG and JPEG files as a camera or a drawing program would write them, into the folder of the
 * test. */
#ifndef NF_TESTS_ENCODE_H
#define NF_TESTS_ENCODE_H

#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

void write_png(const char *name, unsigned w, unsigned h, unsigned format, const void *byte);

/* A gray PNG with a chunk eXIf before its pixels or after them. */
void encode_png(const char *name, unsigned w, unsigned h, uint8_t *pixel, size_t size,
                const uint8_t *exif, bool after);

/* With a block APP1, unless its size is 0. */
void encode_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space, uint8_t *pixel,
                 size_t size, const uint8_t *exif);

/* Of one colour, which compression does not change by more than rounding. */
void write_jpeg(const char *name, unsigned w, unsigned h, J_COLOR_SPACE space,
                const uint8_t colour[]);

#endif
