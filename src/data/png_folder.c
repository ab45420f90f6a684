/* All PNG images of a folder, in the order of their names: one shape, 8 bits a channel, gray when
 * every one of them is gray, else RGB; what is transparent is shown over white. Their headers are
 * compared before any of them is unpacked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "nf/data.h"

typedef struct {
  const char *path;
  int number; /* the open folder's */
  struct dirent **file;
  size_t n;
  nf_error *e;
} folder;

static int is_png(const struct dirent *e) {
  const size_t length = strlen(e->d_name);
  return length > 4 && e->d_name[0] != '.' && strcasecmp(e->d_name + length - 4, ".png") == 0;
}
static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

/* Opens one image and reads its header; close with fclose and png_image_free. */
static int open_image(const folder *f, size_t i, png_image *image, FILE **file) {
  const char *name = f->file[i]->d_name;
  const int number = openat(f->number, name, O_RDONLY);
  *file = number >= 0 ? fdopen(number, "rb") : NULL;
  if (*file == NULL) return nf_fail(f->e, NF_EIO, "%s/%s: %s", f->path, name, strerror(errno));
  *image = (png_image){.version = PNG_IMAGE_VERSION};
  if (png_image_begin_read_from_stdio(image, *file)) return NF_OK;
  fclose(*file);
  return nf_fail(f->e, NF_EFORMAT, "%s/%s: %s", f->path, name, image->message);
}

static int read_shape(const folder *f, nf_shape *shape) {
  *shape = (nf_shape){0, 0, 1};
  for (size_t i = 0; i < f->n; i++) {
    png_image image;
    FILE *file;
    const int status = open_image(f, i, &image, &file);
    if (status != NF_OK) return status;
    if (image.format & PNG_FORMAT_FLAG_COLOR) shape->c = 3;
    png_image_free(&image);
    fclose(file);
    if (i == 0) shape->w = image.width, shape->h = image.height;
    if (image.width != shape->w || image.height != shape->h)
      return nf_fail(f->e, NF_EFORMAT,
                     "%s/%s: %u×%u pixels, but %s has %zu×%zu; all must have one size", f->path,
                     f->file[i]->d_name, image.width, image.height, f->file[0]->d_name, shape->w,
                     shape->h);
  }
  if (nf_shape_valid(*shape)) return NF_OK;
  return nf_fail(f->e, NF_EFORMAT, "%s/%s: %zu×%zu pixels are too many", f->path,
                 f->file[0]->d_name, shape->w, shape->h);
}

static int read_pixels(const folder *f, size_t i, const nf_images *to) {
  png_image image;
  FILE *file;
  int status = open_image(f, i, &image, &file);
  if (status != NF_OK) return status;
  image.format = to->shape.c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  const png_color white = {255, 255, 255};
  uint8_t *pixel = to->pixel + i * nf_shape_size(to->shape);
  if (image.width != to->shape.w || image.height != to->shape.h)
    status =
        nf_fail(f->e, NF_EIO, "%s/%s: it changed while it was read", f->path, f->file[i]->d_name);
  else if (!png_image_finish_read(&image, &white, pixel, 0, NULL))
    status = nf_fail(f->e, NF_EFORMAT, "%s/%s: %s", f->path, f->file[i]->d_name, image.message);
  png_image_free(&image);
  fclose(file);
  return status;
}

static int read_folder(const folder *f, nf_images *out) {
  nf_shape shape;
  nf_images images;
  if (f->n == 0) return nf_fail(f->e, NF_EIO, "%s: no *.png in this folder", f->path);
  int status = read_shape(f, &shape);
  if (status != NF_OK) return status;
  status = nf_images_new(f->n, shape, 256, false, &images, NULL);
  if (status != NF_OK) return nf_fail(f->e, status, "%s: no memory for %zu images", f->path, f->n);
  for (size_t i = 0; i < f->n && status == NF_OK; i++) status = read_pixels(f, i, &images);
  if (status == NF_OK)
    *out = images;
  else
    nf_images_free(&images);
  return status;
}

int nf_images_png(const char *path, nf_images *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  folder f = {.path = path, .e = e};
  const int found = scandir(path, &f.file, is_png, by_name);
  if (found < 0) return nf_fail(e, NF_EIO, "%s: cannot read the folder: %s", path, strerror(errno));
  f.n = (size_t)found;
  f.number = open(path, O_RDONLY | O_DIRECTORY);
  const int status =
      f.number >= 0 ? read_folder(&f, out)
                    : nf_fail(e, NF_EIO, "%s: cannot read the folder: %s", path, strerror(errno));
  if (f.number >= 0) close(f.number);
  for (size_t i = 0; i < f.n; i++) free(f.file[i]);
  free(f.file);
  return status;
}
