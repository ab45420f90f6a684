/* Images become one PNG, points become lines of numbers. */
#include "nf_picture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/new_file.h"
#include "io/png.h"

static int write_points(const char *path, size_t d, size_t n, const nf_real *x,
                        char message[NF_MESSAGE]) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, message);
  if (status != NF_OK) return status;
  for (size_t k = 0; k < d; k++) fprintf(f.file, "%sx_%zu", k > 0 ? "," : "", k + 1);
  fputc('\n', f.file);
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < d; k++)
      fprintf(f.file, "%s%.9g", k > 0 ? "," : "", (double)x[i * d + k]);
    fputc('\n', f.file);
  }
  if (ferror(f.file))
    status = nf_fail(NF_EIO, message, "%s: cannot write: %s", path, strerror(errno));
  return nf_new_file_close(&f, status, message);
}

int nf_write_samples(const char *path, const nf_model *m, size_t n, nf_real *x, size_t columns,
                     char message[NF_MESSAGE]) {
  if (m->pixel_levels == 0) return write_points(path, nf_shape_size(m->shape), n, x, message);
  nf_images images;
  const nf_batch batch = {.n = n, .shape = m->shape, .data = x};
  int status = nf_images_from_batch(&batch, m->pixel_levels, &images);
  if (status != NF_OK) return nf_fail(status, message, "%s: %s", path, nf_status_text(status));
  for (size_t square = 1; columns == 0; square++)
    if (square * square >= n) columns = square;
  status = nf_png_write_grid(path, &images, columns, message);
  nf_images_free(&images);
  return status;
}
