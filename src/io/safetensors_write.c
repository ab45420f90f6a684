/* Writing: the header is padded with spaces to a multiple of 8 bytes, so that the values lie
 * aligned in the file, and all is flushed to the disk before the file takes its place. */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/new_file.h"
#include "io/safetensors.h"

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
  bool fine = true;
  for (size_t i = 0; i < t->rank; i++)
    fine = json_array_append_new(shape, json_integer((json_int_t)t->dim[i])) == 0 && fine;
  return add(header, t->name,
             json_pack("{s:s, s:o, s:[I, I]}", "dtype", nf_dtype_name(NF_DTYPE), "shape", shape,
                       "data_offsets", (json_int_t)begin, (json_int_t)*offset)) &&
         fine;
}

/* The header as text, to be freed; NULL when a name is there twice or is not UTF-8, or with
 * errno = ENOMEM when memory is out. */
static char *header_text(size_t n, const nf_saved_tensor tensor[], size_t n_metadata,
                         const nf_metadata metadata[]) {
  json_t *header = json_object(), *texts = json_object();
  bool fine = true;
  for (size_t i = 0; i < n_metadata; i++)
    fine = add(texts, metadata[i].key, json_string(metadata[i].text)) && fine;
  fine = add(header, "__metadata__", texts) && fine;
  size_t offset = 0;
  for (size_t i = 0; i < n; i++) fine = add_tensor(header, &tensor[i], &offset) && fine;
  /* into memory of our own: json_dumps may go on when it cannot grow its buffer */
  const size_t size = fine ? json_dumpb(header, NULL, 0, JSON_COMPACT) : 0;
  char *text = size > 0 ? calloc(size + 1, 1) : NULL;
  if (text != NULL && json_dumpb(header, text, size, JSON_COMPACT) != size) {
    free(text);
    text = NULL;
  }
  json_decref(header);
  return text;
}

/* Little-endian, whatever the machine. */
static void put(uint64_t bits, size_t bytes, unsigned char *to) {
  for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(bits >> (8 * i));
}

static void put_value(nf_real value, unsigned char *to) {
#ifdef NF_FLOAT
  uint32_t bits;
#else
  uint64_t bits;
#endif
  memcpy(&bits, &value, sizeof bits);
  put(bits, sizeof bits, to);
}

static void write_values(const nf_saved_tensor *t, FILE *file) {
  enum { ROOM = 1024 };
  unsigned char buffer[ROOM * sizeof(nf_real)];
  const size_t size = size_of(t);
  for (size_t i = 0, count; i < size; i += count) {
    count = size - i < ROOM ? size - i : ROOM;
    for (size_t k = 0; k < count; k++) put_value(t->data[i + k], buffer + k * sizeof(nf_real));
    fwrite(buffer, sizeof(nf_real), count, file);
  }
}

int nf_safetensors_write(const char *path, size_t n, const nf_saved_tensor tensor[],
                         size_t n_metadata, const nf_metadata metadata[],
                         char message[NF_MESSAGE]) {
  errno = 0;
  char *text = header_text(n, tensor, n_metadata, metadata);
  if (text == NULL && errno == ENOMEM)
    return nf_fail(NF_ENOMEM, message, "%s: out of memory", path);
  if (text == NULL)
    return nf_fail(NF_EINVAL, message, "%s: a name stands twice or is not UTF-8", path);
  nf_new_file f;
  int status = nf_new_file_open(&f, path, message);
  if (status == NF_OK) {
    const size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char prefix[8];
    put(padded, sizeof prefix, prefix);
    fwrite(prefix, 1, sizeof prefix, f.file);
    fprintf(f.file, "%-*s", (int)padded, text);
    for (size_t i = 0; i < n; i++) write_values(&tensor[i], f.file);
    if (ferror(f.file))
      status = nf_fail(NF_EIO, message, "%s: cannot write: %s", path, strerror(errno));
    status = nf_new_file_close(&f, status, message);
  }
  free(text);
  return status;
}
