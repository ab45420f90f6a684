/* A grid is painted in memory, then handed to libpng at once. */
#include "io/png.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

enum { GAP_SHADE = 128, MAX_SIDE = 1000000 };

typedef struct {
  size_t width, height, c;
  size_t columns, zoom, gap;
  uint8_t *byte;
} canvas;

/* Row y of image i, each of its pixels zoom times in a line, and that line zoom times. */
static void paint_row(const canvas *to, nf_shape s, size_t i, size_t y, const uint8_t *pixel,
                      const uint8_t shade[256]) {
  const size_t z = to->zoom, top = i / to->columns * (s.h * z + to->gap) + y * z,
               left = i % to->columns * (s.w * z + to->gap), stride = to->width * to->c;
  uint8_t *line = to->byte + top * stride + left * to->c;
  for (size_t x = 0; x < s.w * z; x++)
    for (size_t k = 0; k < to->c; k++) line[x * to->c + k] = shade[pixel[x / z * to->c + k]];
  for (size_t copy = 1; copy < z; copy++) memcpy(line + copy * stride, line, s.w * z * to->c);
}

static void paint(const canvas *to, const nf_images *images) {
  const nf_shape s = images->shape;
  uint8_t shade[256];
  for (unsigned k = 0; k < 256; k++)
    shade[k] = (uint8_t)(k < images->bins ? 255 * k / (images->bins - 1) : 255);
  memset(to->byte, GAP_SHADE, to->width * to->height * to->c);
  for (size_t i = 0; i < images->n; i++)
    for (size_t y = 0; y < s.h; y++)
      paint_row(to, s, i, y, images->pixel + (i * s.h + y) * s.w * s.c, shade);
}

static int write_png(const char *path, const canvas *from, nf_error *e) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, e);
  if (status != NF_OK) return status;
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)from->width,
                     .height = (png_uint_32)from->height,
                     .format = from->c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
  errno = 0; /* libpng gives a message alone, "Write Error" */
  if (!png_image_write_to_stdio(&image, f.file, 0, from->byte, 0, NULL))
    status = nf_fail(e, errno == ENOMEM ? NF_ENOMEM : NF_EIO, "%s: cannot write: %s", path,
                     errno != 0 ? strerror(errno) : image.message);
  png_image_free(&image);
  return nf_new_file_close(&f, status, e);
}

/* All of the canvas but its bytes. */
static int plan(const char *path, size_t n, nf_shape s, size_t columns, size_t zoom, canvas *out,
                nf_error *e) {
  if (s.c != 1 && s.c != 3)
    return nf_fail(e, NF_ESHAPE, "%s: a PNG has 1 or 3 channels here, not %zu", path, s.c);
  if (n == 0 || columns == 0 || zoom == 0)
    return nf_fail(e, NF_EINVAL,
                   "%s: %zu images in %zu columns, %zu times as large; each at least one", path, n,
                   columns, zoom);
  const size_t across = columns < n ? columns : n, rows = (n - 1) / across + 1;
  const size_t gap = (zoom + 1) / 2;
  *out = (canvas){.width = across * (s.w * zoom + gap) - gap,
                  .height = rows * (s.h * zoom + gap) - gap,
                  .c = s.c,
                  .columns = across,
                  .zoom = zoom,
                  .gap = gap};
  if (out->width <= MAX_SIDE && out->height <= MAX_SIDE) return NF_OK;
  return nf_fail(e, NF_EINVAL, "%s: %zu×%zu is too large for a PNG; each side at most %d", path,
                 out->width, out->height, MAX_SIDE);
}

int nf_png_check_grid(const char *path, size_t n, nf_shape shape, size_t columns, size_t zoom,
                      nf_error *e) {
  canvas grid = {0};
  return plan(path, n, shape, columns, zoom, &grid, e);
}

int nf_png_write_grid(const char *path, const nf_images *images, size_t columns, size_t zoom,
                      nf_error *e) {
  canvas grid = {0};
  int status = plan(path, images->n, images->shape, columns, zoom, &grid, e);
  if (status != NF_OK) return status;
  grid.byte = calloc(grid.height, grid.width * grid.c);
  if (grid.byte == NULL)
    return nf_fail(e, NF_ENOMEM, "%s: no memory for %zu×%zu pixels", path, grid.width, grid.height);
  paint(&grid, images);
  status = write_png(path, &grid, e);
  free(grid.byte);
  return status;
}
