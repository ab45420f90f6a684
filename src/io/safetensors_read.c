/* Every number of the header is checked against the size of the file before it is used: first each
 * array alone, then that, sorted by where they begin, they follow one another from the first byte
 * of data to the last. */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/safetensors.h"

enum { PREFIX = 8 };

/* What is being read: for the checks and for their messages. */
typedef struct {
  const char *path, *name;
  size_t data_size; /* bytes after the header */
  nf_error *e;
} place;

#define BAD(p, format, ...) \
  nf_fail((p)->e, NF_EFORMAT, "%s: tensor '%s': " format, (p)->path, (p)->name, __VA_ARGS__)

static int read_dtype(const place *p, const json_t *value, nf_safetensor *t) {
  const char *text = json_string_value(value);
  if (text == NULL) return BAD(p, "its dtype is %s; it must be text", "missing or no text");
  t->dtype_name = text;
  t->dtype = NF_F32;
  while (t->dtype < NF_OTHER_DTYPE && strcmp(text, nf_dtype_name(t->dtype)) != 0) t->dtype++;
  return NF_OK;
}

/* 0: not known, so only its offsets say how large it is. */
static size_t width(nf_dtype dtype) {
  static const size_t bytes[] = {4, 8, 2, 2, 0};
  return bytes[dtype];
}

/* No product overflows: it stays below the number of values that the file can hold. */
static int read_shape(const place *p, const json_t *value, nf_safetensor *t) {
  const size_t rank = json_array_size(value), w = width(t->dtype),
               max = w > 0 ? p->data_size / w : SIZE_MAX;
  if (!json_is_array(value) || rank > NF_SAFETENSOR_RANK)
    return BAD(p, "its shape must be a list of at most %d sides", NF_SAFETENSOR_RANK);
  t->rank = rank;
  t->size = 1;
  for (size_t i = 0; i < rank; i++) {
    const json_t *side = json_array_get(value, i);
    const json_int_t v = json_integer_value(side);
    if (!json_is_integer(side) || v < 0)
      return BAD(p, "side %zu of its shape must be a whole number from 0", i);
    if (t->size > 0 && (uint64_t)v > max / t->size)
      return BAD(p, "its shape asks for more values than the %zu that the file can hold", max);
    t->dim[i] = (size_t)v;
    t->size *= t->dim[i];
  }
  return NF_OK;
}

static int read_offsets(const place *p, const json_t *value, const unsigned char *data,
                        nf_safetensor *t) {
  const json_t *first = json_array_get(value, 0), *last = json_array_get(value, 1);
  if (json_array_size(value) != 2 || !json_is_integer(first) || !json_is_integer(last))
    return BAD(p, "its data_offsets must be %s", "two whole numbers");
  const json_int_t begin = json_integer_value(first), end = json_integer_value(last);
  if (begin < 0 || end < begin || (uint64_t)end > p->data_size)
    return BAD(p, "its data_offsets [%lld, %lld] leave the %zu bytes of data", (long long)begin,
               (long long)end, p->data_size);
  t->bytes = (size_t)(end - begin);
  if (t->dtype != NF_OTHER_DTYPE && t->bytes != t->size * width(t->dtype))
    return BAD(p, "its data_offsets span %zu bytes; its shape and dtype need %zu", t->bytes,
               t->size * width(t->dtype));
  t->byte = data + begin;
  return NF_OK;
}

static int read_tensor(const place *p, const json_t *entry, const unsigned char *data,
                       nf_safetensor *t) {
  if (!json_is_object(entry) || json_object_size(entry) != 3)
    return BAD(p, "it must have %s", "a dtype, a shape and data_offsets, and nothing else");
  t->name = p->name;
  int status = read_dtype(p, json_object_get(entry, "dtype"), t);
  if (status == NF_OK) status = read_shape(p, json_object_get(entry, "shape"), t);
  if (status == NF_OK) status = read_offsets(p, json_object_get(entry, "data_offsets"), data, t);
  return status;
}

static int check_metadata(const place *p, json_t *metadata) {
  if (!json_is_object(metadata))
    return nf_fail(p->e, NF_EFORMAT, "%s: __metadata__ must be an object", p->path);
  for (void *i = json_object_iter(metadata); i != NULL; i = json_object_iter_next(metadata, i))
    if (!json_is_string(json_object_iter_value(i)))
      return nf_fail(p->e, NF_EFORMAT, "%s: __metadata__: the value of '%s' must be text", p->path,
                     json_object_iter_key(i));
  return NF_OK;
}

static int by_begin(const void *a, const void *b) {
  const nf_safetensor *p = a, *q = b;
  if (p->byte != q->byte) return p->byte > q->byte ? 1 : -1;
  return (p->bytes > q->bytes) - (p->bytes < q->bytes); /* those without values first */
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(nf_safetensor *const *)a)->name, (*(nf_safetensor *const *)b)->name);
}

static int check_order(place *p, const nf_safetensors *f, const unsigned char *data) {
  const unsigned char *next = data;
  for (size_t i = 0; i < f->n; i++) {
    const nf_safetensor *t = &f->tensor[i];
    p->name = t->name;
    if (t->byte != next)
      return BAD(p, "its data begin at %zu; the tensor before it ends at %zu",
                 (size_t)(t->byte - data), (size_t)(next - data));
    next += t->bytes;
  }
  if (next != data + p->data_size)
    return nf_fail(p->e, NF_EFORMAT, "%s: %zu bytes after the last tensor, which ends at %zu",
                   p->path, p->data_size - (size_t)(next - data), (size_t)(next - data));
  return NF_OK;
}

static int read_entries(place *p, const unsigned char *data, nf_safetensors *f) {
  const size_t max = json_object_size(f->header) + 1;
  f->tensor = calloc(max, sizeof *f->tensor);
  f->by_name = calloc(max, sizeof *f->by_name);
  if (f->tensor == NULL || f->by_name == NULL)
    return nf_fail(p->e, NF_ENOMEM, "%s: out of memory", p->path);
  for (void *i = json_object_iter(f->header); i != NULL; i = json_object_iter_next(f->header, i)) {
    p->name = json_object_iter_key(i);
    json_t *entry = json_object_iter_value(i);
    const int status = strcmp(p->name, "__metadata__") == 0
                           ? check_metadata(p, entry)
                           : read_tensor(p, entry, data, &f->tensor[f->n++]);
    if (status != NF_OK) return status;
  }
  qsort(f->tensor, f->n, sizeof *f->tensor, by_begin);
  for (size_t i = 0; i < f->n; i++) f->by_name[i] = &f->tensor[i];
  qsort(f->by_name, f->n, sizeof *f->by_name, by_name);
  return check_order(p, f, data);
}

/* N, when the file is long enough for it; of a stream the size is not known. */
enum { STREAM = -1 };
static int header_length(const char *path, const unsigned char *bytes, uint64_t size,
                         size_t *length, nf_error *e) {
  uint64_t n = 0;
  for (int i = 0; size >= PREFIX && i < PREFIX; i++) n |= (uint64_t)bytes[i] << (8 * i);
  if (size < PREFIX || n < 2 || n > size - PREFIX || n > NF_SAFETENSOR_HEADER)
    return nf_fail(e, NF_EFORMAT, "%s: no safetensors file, or one that is cut short", path);
  *length = (size_t)n;
  return NF_OK;
}

int nf_safetensors_parse(const char *path, const unsigned char *bytes, size_t size,
                         nf_safetensors *out, nf_error *e) {
  size_t length = 0;
  int status = header_length(path, bytes, size, &length, e);
  if (status != NF_OK) return status;
  const char *text = (const char *)bytes + PREFIX;
  json_error_t error = {0};
  errno = 0; /* jansson's own code for "no memory" is less reliable than errno */
  nf_safetensors f = {.header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error)};
  place p = {path, "", size - PREFIX - length, e};
  if (f.header == NULL)
    status = nf_fail(e, errno == ENOMEM ? NF_ENOMEM : NF_EFORMAT,
                     "%s: byte %d: the header is no valid JSON: %s", path,
                     PREFIX + (error.position > 0 ? error.position : 0), error.text);
  else if (!json_is_object(f.header) || text[0] != '{')
    status = nf_fail(e, NF_EFORMAT, "%s: byte 8: the header must be a JSON object", path);
  else
    status = read_entries(&p, bytes + PREFIX + length, &f);
  if (status == NF_OK)
    *out = f;
  else
    nf_safetensors_free(&f);
  return status;
}

/* The header's length is looked at before memory is allocated for the rest. */
static int read_file(const char *path, FILE *file, uint64_t *size, unsigned char **bytes,
                     nf_error *e) {
  unsigned char prefix[PREFIX] = {0};
  const bool stream = *size == (uint64_t)STREAM;
  size_t length = 0, got = fread(prefix, 1, PREFIX, file);
  int status = header_length(path, prefix, got < PREFIX ? got : *size, &length, e);
  if (status != NF_OK) return status;
  uint64_t capacity = stream ? 2 * (PREFIX + length) : *size;
  unsigned char *b = capacity < SIZE_MAX ? malloc((size_t)capacity) : NULL, *more = b;
  if (b != NULL) memcpy(b, prefix, PREFIX);
  while (more != NULL) {
    got += fread(b + got, 1, (size_t)capacity - got, file);
    if (!stream || got < capacity) break;
    capacity *= 2;
    more = realloc(b, (size_t)capacity);
    if (more != NULL) b = more;
  }
  if (more == NULL)
    status = nf_fail(e, NF_ENOMEM, "%s: no memory for its %llu bytes", path,
                     (unsigned long long)capacity);
  else if (ferror(file) || (!stream && got < capacity))
    status = nf_fail(e, NF_EIO, "%s: cannot read: %s", path,
                     ferror(file) ? strerror(errno) : "the file has shrunk");
  if (status != NF_OK) {
    free(b);
    return status;
  }
  *bytes = b;
  *size = got;
  return NF_OK;
}

int nf_safetensors_read(const char *path, nf_safetensors *out, nf_error *e) {
  const bool standard = strcmp(path, "-") == 0;
  struct stat s;
  if ((standard ? fstat(STDIN_FILENO, &s) : stat(path, &s)) != 0)
    return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  if (S_ISDIR(s.st_mode)) return nf_fail(e, NF_EIO, "%s: a folder, not a file", path);
  FILE *file = standard ? stdin : fopen(path, "rb");
  if (file == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  unsigned char *bytes = NULL;
  uint64_t size = S_ISREG(s.st_mode) && !standard ? (uint64_t)s.st_size : (uint64_t)STREAM;
  int status = read_file(path, file, &size, &bytes, e);
  if (!standard) fclose(file);
  nf_safetensors f = {0};
  if (status == NF_OK) status = nf_safetensors_parse(path, bytes, (size_t)size, &f, e);
  f.bytes = bytes;
  if (status == NF_OK)
    *out = f;
  else
    nf_safetensors_free(&f);
  return status;
}
