/* Points from NumPy's .npy (numpy.org/doc/stable/reference/generated/numpy.lib.format.html):
 *
 *   6 bytes   "\x93NUMPY"
 *   2 bytes   version: 1, 2 or 3; and 0
 *   2 bytes   (version 1; else 4) N, the length of the header, little-endian
 *   N bytes   {'descr': '<f4', 'fortran_order': False, 'shape': (100, 2), }
 *   the rest  the values, in the order of rows, or of columns when fortran_order is True
 *
 * The first side of the shape counts points. Nothing is allocated for what a header claims before
 * the file's size confirms it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nf/data.h"

enum { RANK = 32, SHOWN = 120 };

typedef struct {
  const char *path;
  unsigned char *byte; /* the whole file, and a 0 */
  size_t size, data;   /* its length; where the values begin */
  bool big_endian, fortran;
  size_t width, rank, dim[RANK];
  nf_error *e;
} reader;

/* --- the file ------------------------------------------------------------------------------- */

static int read_file(reader *r, FILE *f) {
  for (size_t capacity = 0;;) {
    if (r->size + 1 >= capacity) {
      capacity = 2 * capacity + 4096;
      unsigned char *more = capacity > r->size ? realloc(r->byte, capacity) : NULL;
      if (more == NULL) return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path);
      r->byte = more;
    }
    const size_t got = fread(r->byte + r->size, 1, capacity - 1 - r->size, f);
    r->size += got;
    if (got > 0) continue;
    if (ferror(f)) return nf_fail(r->e, NF_EIO, "%s: cannot read: %s", r->path, strerror(errno));
    r->byte[r->size] = 0;
    return NF_OK;
  }
}

/* --- the header ----------------------------------------------------------------------------- */

static const char *skip(const char *s) { return s + strspn(s, " \t\n"); }

/* The text in quotes at s; NULL when there is none of less than `size` bytes. */
static const char *read_quoted(const char *s, size_t size, char *to) {
  if (*s != '\'' && *s != '"') return NULL;
  const char *end = strchr(s + 1, *s);
  if (end == NULL || (size_t)(end - s - 1) >= size) return NULL;
  memcpy(to, s + 1, (size_t)(end - s - 1));
  to[end - s - 1] = 0;
  return end + 1;
}

static const char *read_type(reader *r, const char *s) {
  char type[16] = "";
  const char *end = read_quoted(s, sizeof type, type);
  if (end != NULL && strlen(type) == 3 && (*type == '<' || *type == '>') && type[1] == 'f' &&
      (type[2] == '4' || type[2] == '8')) {
    r->big_endian = *type == '>';
    r->width = (size_t)(type[2] - '0');
    return end;
  }
  nf_fail(r->e, NF_EFORMAT,
          "%s: values of type %s%.*s%s; they must be '<f4' or '<f8' (float32, float64)", r->path,
          end != NULL ? "'" : "", end != NULL ? (int)strlen(type) : (int)strcspn(s, "}"),
          end != NULL ? type : s, end != NULL ? "'" : "");
  return NULL;
}

static const char *read_order(reader *r, const char *s) {
  r->fortran = strncmp(s, "True", 4) == 0;
  return r->fortran ? s + 4 : strncmp(s, "False", 5) == 0 ? s + 5 : NULL;
}

/* (2, 3), (2,) or () */
static const char *read_shape(reader *r, const char *s) {
  if (*s != '(') return NULL;
  for (s = skip(s + 1); *s != ')'; s = skip(s)) {
    if (*s < '0' || *s > '9' || r->rank == RANK) return NULL;
    size_t side = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
      if (side > (SIZE_MAX - 9) / 10) return NULL;
      side = 10 * side + (size_t)(*s - '0');
    }
    r->dim[r->rank++] = side;
    if (*s == 'L') s++; /* of Python 2 */
    s = skip(s);
    if (*s == ',')
      s++;
    else if (*s != ')')
      return NULL;
  }
  return s + 1;
}

/* What follows a key, which then is no longer missing. */
static const char *read_entry(reader *r, const char *s, unsigned *missing) {
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  const char *(*const read[])(reader *, const char *) = {read_type, read_order, read_shape};
  char key[16];
  s = read_quoted(s, sizeof key, key);
  if (s == NULL || *(s = skip(s)) != ':') return NULL;
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(key, keys[i]) != 0 || (*missing & 1u << i) == 0) continue;
    *missing &= ~(1u << i);
    return read[i](r, skip(s + 1));
  }
  return NULL;
}

static bool parse(reader *r, const char *text) {
  unsigned missing = 7;
  const char *s = skip(text);
  if (*s != '{') return false;
  for (s = skip(s + 1); *s != '}'; s = skip(s)) {
    s = read_entry(r, s, &missing);
    if (s == NULL) return false;
    s = skip(s);
    if (*s == ',')
      s++;
    else if (*s != '}')
      return false;
  }
  return missing == 0 && *skip(s + 1) == 0;
}

static int read_header(reader *r) {
  const unsigned char *b = r->byte;
  if (r->size < 10 || memcmp(b, "\x93NUMPY", 6) != 0)
    return nf_fail(r->e, NF_EFORMAT, "%s: no .npy file: it does not begin with \\x93NUMPY",
                   r->path);
  if (b[6] < 1 || b[6] > 3 || b[7] != 0)
    return nf_fail(r->e, NF_EFORMAT, "%s: .npy version %d.%d; this reads 1.0, 2.0 and 3.0", r->path,
                   b[6], b[7]);
  const size_t begin = b[6] == 1 ? 10 : 12;
  size_t length = b[8] + 256u * b[9];
  if (begin == 12 && r->size >= 12) length += ((size_t)b[10] << 16) + ((size_t)b[11] << 24);
  if (r->size < begin || length > r->size - begin)
    return nf_fail(r->e, NF_EFORMAT, "%s: cut short: %zu bytes, a header of %zu", r->path, r->size,
                   length);
  char *text = malloc(length + 1);
  if (text == NULL) return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path);
  memcpy(text, b + begin, length);
  text[length] = 0;
  r->data = begin + length;
  if (!parse(r, text) || strlen(text) != length)
    nf_fail(r->e, NF_EFORMAT,
            "%s: its header must be a dictionary of descr, fortran_order and shape; it is %.*s",
            r->path, SHOWN, text);
  free(text);
  return r->e->status;
}

/* --- the values ----------------------------------------------------------------------------- */

/* n points of R^d, whose values are all that follows the header. */
static int read_sizes(const reader *r, size_t *n, size_t *d) {
  if (r->rank == 0)
    return nf_fail(r->e, NF_EFORMAT, "%s: a single value; points are an array (n, d)", r->path);
  const size_t values = (r->size - r->data) / r->width;
  bool fits = (r->size - r->data) % r->width == 0;
  *n = r->dim[0], *d = 1;
  for (size_t i = 1; i < r->rank && fits && *d > 0; i++) {
    fits = r->dim[i] <= SIZE_MAX / *d;
    if (fits) *d *= r->dim[i];
  }
  if (*n == 0 || *d == 0) return nf_fail(r->e, NF_EFORMAT, "%s: no points", r->path);
  if (fits && *n <= values / *d && *n * *d == values) return NF_OK;
  double needed = (double)r->width;
  for (size_t i = 0; i < r->rank; i++) needed *= (double)r->dim[i];
  return nf_fail(r->e, NF_EFORMAT, "%s: %zu bytes of values; its shape needs %.15g", r->path,
                 r->size - r->data, needed);
}

static double value_at(const reader *r, size_t i) {
  const unsigned char *b = r->byte + r->data + i * r->width;
  uint64_t bits = 0;
  for (size_t k = 0; k < r->width; k++)
    bits |= (uint64_t)b[r->big_endian ? r->width - 1 - k : k] << (8 * k);
  const uint32_t low = (uint32_t)bits;
  float single;
  double value;
  memcpy(&single, &low, sizeof single);
  memcpy(&value, &bits, sizeof value);
  return r->width == 4 ? (double)single : value;
}

/* Of column k, which counts the sides but the first with the last one fastest: where its values
 * begin when the second side is the fastest, in units of a column. */
static size_t fortran_column(const reader *r, size_t k, size_t d) {
  size_t at = 0;
  for (size_t i = r->rank - 1; i > 0; i--) {
    d /= r->dim[i]; /* the product of the sides 1 … i-1 */
    at += k % r->dim[i] * d;
    k /= r->dim[i];
  }
  return at;
}

static int read_values(const reader *r, nf_points *out) {
  size_t n = 0, d = 0;
  if (read_sizes(r, &n, &d) != NF_OK) return r->e->status;
  nf_real *x = malloc(n * d * sizeof *x);
  if (x == NULL) return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path);
  for (size_t k = 0; k < d; k++) {
    const size_t begin = r->fortran ? n * fortran_column(r, k, d) : k, step = r->fortran ? 1 : d;
    for (size_t i = 0; i < n; i++) x[i * d + k] = (nf_real)value_at(r, begin + i * step);
  }
  for (size_t i = 0; i < n * d && r->e->status == NF_OK; i++)
    if (!isfinite(x[i]))
      nf_fail(r->e, NF_EFORMAT,
              "%s: row %zu, column %zu (the first is 0) is %g; it must be a finite number%s",
              r->path, i / d, i % d, (double)x[i], sizeof *x == 4 ? " of single precision" : "");
  if (r->e->status == NF_OK)
    *out = (nf_points){.n = n, .d = d, .x = x};
  else
    free(x);
  return r->e->status;
}

int nf_points_read_npy(const char *path, nf_points *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const bool standard = strcmp(path, "-") == 0;
  nf_error own = {0};
  reader r = {.path = standard ? "standard input" : path, .e = &own};
  FILE *f = standard ? stdin : fopen(path, "rb");
  if (f == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  read_file(&r, f);
  if (!standard) fclose(f);
  if (own.status == NF_OK && read_header(&r) == NF_OK) read_values(&r, out);
  free(r.byte);
  return own.status == NF_OK ? NF_OK : nf_fail(e, own.status, "%s", own.message);
}
