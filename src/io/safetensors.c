/* What is in a file, once it is known to be sound: look-up by name, and the values. They are
 * put together byte by byte, so that the machine's own byte order never matters. */
#include "io/safetensors.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char *nf_dtype_name(nf_dtype dtype) { return dtype == NF_F32 ? "F32" : "F64"; }

const nf_safetensor *nf_safetensors_find(const nf_safetensors *file, const char *name) {
  for (size_t i = 0; i < file->n; i++)
    if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
  return NULL;
}

const char *nf_safetensors_metadata(const nf_safetensors *file, const char *key) {
  return json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), key));
}

static double f32(const unsigned char *b) {
  const uint32_t bits =
      (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

static double f64(const unsigned char *b) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) bits |= (uint64_t)b[i] << (8 * i);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

int nf_safetensor_values(const nf_safetensor *t, nf_real *out) {
  if (t->dtype > NF_DTYPE) return NF_EINVAL;
  for (size_t i = 0; i < t->size; i++)
    out[i] = (nf_real)(t->dtype == NF_F32 ? f32(t->byte + 4 * i) : f64(t->byte + 8 * i));
  return NF_OK;
}

void nf_safetensors_free(nf_safetensors *file) {
  if (file == NULL) return;
  json_decref(file->header);
  free(file->tensor);
  free(file->bytes);
  *file = (nf_safetensors){0};
}
