/* A picture file is known by its first bytes. A picture is resized by area averaging: with the step
 *
 *   r = min(h/H, w/W)
 *
 * the window of H·r × W·r pixels in the middle becomes H×W; output pixel (i, j) is the mean over
 * the square of r×r that it covers, where a pixel that it covers in part counts in part. */
#include "data/picture.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

int nf_picture_read(const char *path, nf_picture *out, nf_error *e) {
  static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
  struct stat s;
  uint8_t first[8] = {0};
  if (stat(path, &s) != 0) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(s.st_mode))
    return nf_fail(e, NF_EIO, "%s: %s, not a PNG or JPEG file", path,
                   S_ISDIR(s.st_mode) ? "a folder" : "not a regular file");
  if (s.st_size < (off_t)sizeof jpeg)
    return nf_fail(e, NF_EFORMAT, "%s: %d byte%s, not a PNG or JPEG", path, (int)s.st_size,
                   s.st_size == 1 ? "" : "s");
  FILE *file = fopen(path, "rb");
  if (file == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  const size_t n = fread(first, 1, sizeof first, file);
  int status;
  if (ferror(file) || fseek(file, 0, SEEK_SET) != 0)
    status = nf_fail(e, NF_EIO, "%s: cannot read: %s", path, strerror(errno));
  else if (n == sizeof png && memcmp(first, png, sizeof png) == 0)
    status = nf_picture_png(file, path, out, e);
  else if (memcmp(first, jpeg, sizeof jpeg) == 0)
    status = nf_picture_jpeg(file, path, out, e);
  else
    status = nf_fail(e, NF_EFORMAT, "%s: begins with %02x %02x %02x, not as a PNG or JPEG does",
                     path, first[0], first[1], first[2]);
  fclose(file);
  return status;
}

/* How much of [k, k+1] is in [begin, end]. */
static double part(size_t k, double begin, double end) {
  return fmin((double)k + 1, end) - fmax((double)k, begin);
}

/* Adds up the area from (top, left), r×r, in each channel; returns the area. */
static double add_area(nf_shape s, const uint8_t *byte, double top, double left, double r,
                       double sum[3]) {
  double area = 0;
  for (size_t y = (size_t)top; y < s.h && (double)y < top + r; y++)
    for (size_t x = (size_t)left; x < s.w && (double)x < left + r; x++) {
      const double a = part(y, top, top + r) * part(x, left, left + r);
      for (size_t c = 0; c < s.c; c++) sum[c] += a * byte[(y * s.w + x) * s.c + c];
      area += a;
    }
  return area;
}

void nf_picture_resize(nf_shape s, const uint8_t *byte, size_t h, size_t w, uint8_t *to) {
  const double r = fmin((double)s.h / (double)h, (double)s.w / (double)w);
  const double top = ((double)s.h - (double)h * r) / 2, left = ((double)s.w - (double)w * r) / 2;
  for (size_t i = 0; i < h; i++)
    for (size_t j = 0; j < w; j++) {
      double sum[3] = {0};
      const double area =
          add_area(s, byte, fmax(top + (double)i * r, 0), fmax(left + (double)j * r, 0), r, sum);
      for (size_t c = 0; c < s.c; c++) *to++ = (uint8_t)floor(sum[c] / area + 0.5);
    }
}
