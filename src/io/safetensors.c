/* What is in a file that has been checked, by name; and writing: the header is padded with spaces
 * to a multiple of 8 bytes, so that the values are aligned in the file. Values are read and written
 * byte by byte, whatever the machine's byte order. */
#include "io/safetensors.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

const char *nf_dtype_name(nf_dtype dtype) {
  static const char *const name[] = {"F32", "F64", "F16", "BF16", "another type"};
  return name[dtype];
}

static int compare(const void *name, const void *entry) {
  return strcmp(name, (*(nf_safetensor *const *)entry)->name);
}

const nf_safetensor *nf_safetensors_find(const nf_safetensors *file, const char *name) {
  if (file->n == 0) return NULL;
  nf_safetensor **found = bsearch(name, file->by_name, file->n, sizeof *found, compare);
  return found != NULL ? *found : NULL;
}

const char *nf_safetensors_metadata(const nf_safetensors *file, const char *key) {
  return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

size_t nf_safetensors_size(const nf_safetensors *file) {
  size_t values = 0;
  for (size_t i = 0; i < file->n; i++)
    if (file->tensor[i].dtype != NF_OTHER_DTYPE) values += file->tensor[i].size;
  return values;
}

static uint64_t little_endian(const unsigned char *b, int bytes) {
  uint64_t bits = 0;
  for (int i = 0; i < bytes; i++) bits |= (uint64_t)b[i] << (8 * i);
  return bits;
}

static double f32(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static double f64(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* sign, 5 bits of exponent, 10 of fraction */
static double f16(unsigned bits) {
  const int exponent = (int)(bits >> 10 & 31);
  const double fraction = bits & 1023, size = exponent == 31 ? (fraction > 0 ? NAN : INFINITY)
                                              : exponent == 0
                                                  ? ldexp(fraction, -24)
                                                  : ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

static double value_at(const nf_safetensor *t, size_t i) {
  switch (t->dtype) {
    case NF_F32:
      return f32((uint32_t)little_endian(t->byte + 4 * i, 4));
    case NF_F64:
      return f64(little_endian(t->byte + 8 * i, 8));
    case NF_F16:
      return f16((unsigned)little_endian(t->byte + 2 * i, 2));
    case NF_BF16:
      return f32((uint32_t)little_endian(t->byte + 2 * i, 2) << 16);
    case NF_OTHER_DTYPE:
      break;
  }
  return NAN;
}

int nf_safetensor_values(const nf_safetensor *t, nf_real *out) {
  if (t->dtype == NF_OTHER_DTYPE) return NF_EINVAL;
  for (size_t i = 0; i < t->size; i++) out[i] = (nf_real)value_at(t, i);
  return NF_OK;
}

void nf_safetensors_free(nf_safetensors *file) {
  if (file == NULL) return;
  json_decref(file->header);
  free(file->tensor);
  free(file->by_name);
  free(file->bytes);
  *file = (nf_safetensors){0};
}

/* --- writing -------------------------------------------------------------------------------- */

static size_t size_of(const nf_saved_tensor *t) {
  size_t size = 1;
  for (size_t i = 0; i < t->rank; i++) size *= t->dim[i];
  return size;
}

/* Takes `value`. False when the key is there already or is not UTF-8, or memory is out. */
static bool add(json_t *object, const char *key, json_t *value) {
  if (json_object_get(object, key) == NULL) return json_object_set_new(object, key, value) == 0;
  json_decref(value);
  return false;
}

static bool add_tensor(json_t *header, const nf_saved_tensor *t, size_t *offset) {
  const size_t begin = *offset;
  *offset += size_of(t) * sizeof(nf_real);
  json_t *shape = json_array();
  bool ok = true;
  for (size_t i = 0; i < t->rank; i++)
    ok = json_array_append_new(shape, json_integer((json_int_t)t->dim[i])) == 0 && ok;
  return add(header, t->name,
             json_pack("{s:s, s:o, s:[I, I]}", "dtype", nf_dtype_name(NF_DTYPE), "shape", shape,
                       "data_offsets", (json_int_t)begin, (json_int_t)*offset)) &&
         ok;
}

/* The header as text, to be freed; NULL when a name is there twice or is not UTF-8, or with
 * errno = ENOMEM when memory is out. */
static char *header_text(size_t n, const nf_saved_tensor tensor[], size_t n_metadata,
                         const nf_metadata metadata[]) {
  json_t *header = json_object(), *texts = json_object();
  bool ok = true;
  for (size_t i = 0; i < n_metadata; i++)
    ok = add(texts, metadata[i].key, json_string(metadata[i].text)) && ok;
  ok = add(header, "__metadata__", texts) && ok;
  size_t offset = 0;
  for (size_t i = 0; i < n; i++) ok = add_tensor(header, &tensor[i], &offset) && ok;
  /* into memory of our own: json_dumps may go on when it cannot grow its buffer */
  const size_t size = ok ? json_dumpb(header, NULL, 0, JSON_COMPACT) : 0;
  char *text = size > 0 ? calloc(size + 1, 1) : NULL;
  if (text != NULL && json_dumpb(header, text, size, JSON_COMPACT) != size) {
    free(text);
    text = NULL;
  }
  json_decref(header);
  return text;
}

int nf_safetensors_write(const char *path, size_t n, const nf_saved_tensor tensor[],
                         size_t n_metadata, const nf_metadata metadata[], nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  errno = 0;
  char *text = header_text(n, tensor, n_metadata, metadata);
  if (text == NULL && errno == ENOMEM) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  if (text == NULL) return nf_fail(e, NF_EINVAL, "%s: a name stands twice or is not UTF-8", path);
  const size_t length = strlen(text), padded = (length + 7) / 8 * 8;
  nf_new_file f;
  int status = padded <= NF_SAFETENSOR_HEADER
                   ? nf_new_file_open(&f, path, e)
                   : nf_fail(e, NF_EINVAL,
                             "%s: %zu tensors need a header of %zu bytes; at most %d can be read",
                             path, n, padded, NF_SAFETENSOR_HEADER);
  if (status == NF_OK) {
    nf_write_length(f.file, padded);
    fprintf(f.file, "%-*s", (int)padded, text);
    for (size_t i = 0; i < n; i++) nf_write_values(f.file, size_of(&tensor[i]), tensor[i].data);
    status = nf_new_file_close(&f, status, e);
  }
  free(text);
  return status;
}
