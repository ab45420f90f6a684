/* What comes out of a flow, in a file that one looks at. */
#ifndef NF_TOOLS_PICTURE_H
#define NF_TOOLS_PICTURE_H

#include "nf_tool.h"

/* n samples x (n · D) of the model: images as a PNG grid, `columns` to a row (0: as square as can
 * be); points as CSV, one a line.   errors  those of nf_png_write_grid, NF_EIO */
int nf_write_samples(const char *path, const nf_model *m, size_t n, nf_real *x, size_t columns,
                     char message[NF_MESSAGE]);

#endif
