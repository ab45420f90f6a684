/* The pictures of a folder as one set: in the order of their names, folders within it where their
 * name stands; gray when every one of them is gray, else RGB. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "data/picture.h"

typedef struct {
  nf_folder_options options;
  bool strict; /* *.png alone, and what is wrong with one is an error */
  nf_error *e; /* ends it all */
  char *first; /* path of the picture whose size all must have */
  nf_picture *picture;
  size_t n, max;
} reader;

static int no_memory(const reader *r, const char *path) {
  return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", path);
}

/* --- one file ------------------------------------------------------------------------------- */

static int resize(const reader *r, const char *path, nf_picture *p) {
  const nf_shape s = nf_image(r->options.h, r->options.w, p->shape.c);
  uint8_t *byte = malloc(nf_shape_size(s));
  if (byte == NULL) return no_memory(r, path);
  nf_picture_resize(p->shape, p->byte, s.h, s.w, byte);
  free(p->byte);
  *p = (nf_picture){s, byte};
  return NF_OK;
}

/* The size of the first, or that of the options. */
static int check_size(reader *r, const char *path, const nf_picture *p) {
  const nf_shape s = p->shape, first = r->n > 0 ? r->picture[0].shape : s;
  if (r->n == 0 && (r->first = strdup(path)) == NULL) return no_memory(r, path);
  if (!nf_shape_valid(s))
    return nf_fail(r->e, NF_EFORMAT, "%s: %zu×%zu pixels are too many", path, s.w, s.h);
  if (s.h == first.h && s.w == first.w) return NF_OK;
  return nf_fail(r->e, NF_EFORMAT, "%s: %zu×%zu pixels, but %s has %zu×%zu; all must have one size",
                 path, s.w, s.h, r->first, first.w, first.h);
}

static int add(reader *r, const char *path, nf_picture *p) {
  int status = NF_OK;
  if (r->options.h > 0) status = resize(r, path, p);
  if (status == NF_OK) status = check_size(r, path, p);
  if (status == NF_OK && r->n == r->max) {
    const size_t max = 2 * r->max + 64;
    nf_picture *more = realloc(r->picture, max * sizeof *more);
    if (more == NULL) return no_memory(r, path);
    r->picture = more;
    r->max = max;
  }
  if (status == NF_OK) r->picture[r->n++] = *p;
  return status;
}

static void skip(const reader *r, const char *line) {
  if (r->options.skipped != NULL) r->options.skipped(r->options.user, line);
}

static int read_file(reader *r, const char *path) {
  nf_error why = {0};
  nf_picture p = {0};
  int status = nf_picture_read(path, &p, &why);
  if (status != NF_OK && (r->strict || status == NF_ENOMEM))
    return nf_fail(r->e, status, "%s", why.message);
  if (status != NF_OK) {
    skip(r, why.message);
    return NF_OK;
  }
  status = add(r, path, &p);
  if (status != NF_OK) free(p.byte);
  return status;
}

/* --- a folder ------------------------------------------------------------------------------- */

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}
static bool ends_in(const char *name, const char *ending) {
  const size_t n = strlen(name), m = strlen(ending);
  return n > m && strcasecmp(name + n - m, ending) == 0;
}
/* Not hidden, nor the lock of a training that writes to this folder */
static int is_visible(const struct dirent *e) {
  return e->d_name[0] != '.' && !ends_in(e->d_name, ".lock");
}
static int is_png(const struct dirent *e) { return is_visible(e) && ends_in(e->d_name, ".png"); }

static int read_folder(reader *r, const char *path, bool is_inner);

static int read_entry(reader *r, const char *path) {
  struct stat s;
  nf_error why = {0};
  if (r->strict || lstat(path, &s) != 0 || !S_ISDIR(s.st_mode)) return read_file(r, path);
  if (r->options.recursive) return read_folder(r, path, true);
  nf_fail(&why, NF_EIO, "%s: a folder, which only a recursive reading enters", path);
  skip(r, why.message);
  return NF_OK;
}

static int read_folder(reader *r, const char *path, bool is_inner) {
  struct dirent **entry;
  nf_error why = {0};
  const int n = scandir(path, &entry, r->strict ? is_png : is_visible, by_name);
  if (n < 0) {
    nf_fail(&why, NF_EIO, "%s: cannot read the folder: %s", path, strerror(errno));
    if (!is_inner) return nf_fail(r->e, NF_EIO, "%s", why.message);
    skip(r, why.message);
    return NF_OK;
  }
  int status = NF_OK;
  for (int i = 0; i < n; i++) {
    const size_t size = strlen(path) + strlen(entry[i]->d_name) + 2;
    char *inner = status == NF_OK ? malloc(size) : NULL;
    if (inner != NULL) {
      snprintf(inner, size, "%s/%s", path, entry[i]->d_name);
      status = read_entry(r, inner);
    } else if (status == NF_OK) {
      status = no_memory(r, path);
    }
    free(inner);
    free(entry[i]);
  }
  free(entry);
  return status;
}

/* --- the set -------------------------------------------------------------------------------- */

static int gather(const reader *r, const char *path, nf_images *out) {
  nf_images images;
  if (r->n == 0)
    return nf_fail(r->e, NF_EIO, "%s: no %s in this folder", path,
                   r->strict ? "*.png" : "PNG or JPEG that can be read");
  nf_shape s = r->picture[0].shape;
  for (size_t i = 0; i < r->n; i++)
    if (r->picture[i].shape.c == 3) s.c = 3;
  const int status = nf_images_new(r->n, s, 256, false, &images, NULL);
  if (status != NF_OK) return nf_fail(r->e, status, "%s: no memory for %zu images", path, r->n);
  uint8_t *to = images.pixel;
  for (size_t i = 0; i < r->n; i++) {
    const size_t c = r->picture[i].shape.c;
    for (size_t k = 0; k < nf_shape_size(s); k++) *to++ = r->picture[i].byte[c == s.c ? k : k / 3];
  }
  *out = images;
  return NF_OK;
}

static int read_set(const char *path, reader *r, nf_images *out) {
  if (nf_status_of(r->e) != NF_OK) return nf_status_of(r->e);
  int status = read_folder(r, path, false);
  if (status == NF_OK) status = gather(r, path, out);
  for (size_t i = 0; i < r->n; i++) free(r->picture[i].byte);
  free(r->picture);
  free(r->first);
  return status;
}

int nf_images_png(const char *path, nf_images *out, nf_error *e) {
  return read_set(path, &(reader){.strict = true, .e = e}, out);
}

int nf_images_folder(const char *path, const nf_folder_options *options, nf_images *out,
                     nf_error *e) {
  reader r = {.e = e};
  if (options != NULL) r.options = *options;
  const size_t h = r.options.h, w = r.options.w;
  if ((h > 0 || w > 0) && !nf_shape_valid(nf_image(h, w, 3)))
    return nf_fail(e, NF_EINVAL, "%s: images of %zu×%zu pixels: too large, or a side of 0", path, w,
                   h);
  return read_set(path, &r, out);
}
