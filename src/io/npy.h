/* An array as NumPy's .npy, version 1: a line that describes it, then its values. */
#ifndef NF_IO_NPY_H
#define NF_IO_NPY_H

#include "nf/core.h"

/* dim[0] · … · dim[rank-1] values, row-major, in the build's precision. The file is complete or as
 * it was (io/file.h).   errors  NF_EIO, NF_ENOMEM */
int nf_npy_write(const char *path, size_t rank, const size_t dim[], const nf_real *x, nf_error *e);

#endif
