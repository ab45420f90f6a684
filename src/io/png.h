/* Pictures of image sets. */
#ifndef NF_IO_PNG_H
#define NF_IO_PNG_H

#include "nf/data.h"

/* Writes all images (h, w, 1) or (h, w, 3) as one PNG, gray or RGB: row by row, `columns` to
 * a row. A pixel k becomes a square of zoom × zoom of the value 255·k/(bins-1); between neighbours
 * is a gray line of ⌈zoom/2⌉. Part of a set is a set too:
 * {.n = 16, .shape = s.shape, .bins = s.bins, .pixel = s.pixel}.
 * The file is complete or as it was (io/file.h).
 * errors  NF_ESHAPE (c), NF_EINVAL (no image, no column, no zoom, a side over 10⁶), NF_ENOMEM,
 *         NF_EIO */
int nf_png_write_grid(const char *path, const nf_images *images, size_t columns, size_t zoom,
                      nf_error *e);

/* Whether n images of a shape can be written so.   errors  NF_ESHAPE, NF_EINVAL, as above */
int nf_png_check_grid(const char *path, size_t n, nf_shape shape, size_t columns, size_t zoom,
                      nf_error *e);

#endif
