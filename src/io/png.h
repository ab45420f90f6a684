/* Pictures of image sets. */
#ifndef NF_IO_PNG_H
#define NF_IO_PNG_H

#include "data/images.h"

/* Writes all images (h, w, 1) or (h, w, 3) as one PNG, gray or RGB: row by row, `columns` to
 * a row, one gray pixel between neighbours. Pixel k is shown as 255·k/(levels-1). Part of a
 * set is a set too: {.n = 16, .shape = s.shape, .levels = s.levels, .pixel = s.pixel}.
 * The file appears whole or not at all.
 * errors  NF_ESHAPE (c), NF_EINVAL (no image, no column, a side over 10⁶), NF_ENOMEM, NF_EIO */
int nf_png_write_grid(const char *path, const nf_images *images, size_t columns,
                      char message[NF_MESSAGE]);

#endif
