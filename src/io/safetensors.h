/* Named arrays in a file that any Python user opens: safetensors (huggingface.co/docs/safetensors).
 *
 *   8 bytes   N, the length of the header, unsigned, little-endian
 *   N bytes   JSON: {"__metadata__": {key: text, …},
 *                    name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …}
 *   the rest  the values, little-endian, row-major; offsets count from here
 *
 * Of the format's types the values of F16, BF16, F32 and F64 can be read, and the build's own is
 * written; arrays of other types may stand beside them. A file is taken only when it is exactly
 * that: no name twice, every size equal to shape times width, and the arrays one after the other
 * from the first byte to the last. */
#ifndef NF_IO_SAFETENSORS_H
#define NF_IO_SAFETENSORS_H

#include <stddef.h>

#include "nf/core.h"

typedef enum { NF_F32, NF_F64, NF_F16, NF_BF16, NF_OTHER_DTYPE } nf_dtype;
#ifdef NF_FLOAT
#define NF_DTYPE NF_F32 /* of nf_real */
#else
#define NF_DTYPE NF_F64
#endif
const char *nf_dtype_name(nf_dtype dtype);

enum {
  NF_SAFETENSOR_RANK = 8,
  NF_SAFETENSOR_HEADER = 100000000 /* bytes at most, as for the format's own library */
};
typedef struct {
  const char *name, *dtype_name;
  nf_dtype dtype;
  size_t rank, dim[NF_SAFETENSOR_RANK]; /* rank 0 is one value, a side of 0 none */
  size_t size;                          /* values: the product of the sides */
  size_t bytes;
  const unsigned char *byte; /* as in the file: little-endian, not aligned */
} nf_safetensor;

typedef struct {
  size_t n;
  nf_safetensor *tensor;   /* in the order of their data */
  nf_safetensor **by_name; /* the same, in the order of their names */
  struct json_t *header;   /* owns the names and the metadata */
  unsigned char *bytes;    /* the whole file, or NULL when the caller has them */
} nf_safetensors;          /* start from {0} */

/* "-" is standard input.   errors  NF_EIO, NF_EFORMAT, NF_ENOMEM; *out is then as it was */
int nf_safetensors_read(const char *path, nf_safetensors *out, nf_error *e);
/* The same from memory, which must outlive *out; `path` is only for the message. */
int nf_safetensors_parse(const char *path, const unsigned char *bytes, size_t size,
                         nf_safetensors *out, nf_error *e);
void nf_safetensors_free(nf_safetensors *file); /* leaves {0}; NULL and {0} are fine */

/* NULL when there is none */
const nf_safetensor *nf_safetensors_find(const nf_safetensors *file, const char *name);
const char *nf_safetensors_metadata(const nf_safetensors *file, const char *key);
/* Values of all tensors that can be read: no more than the file has bytes for. */
size_t nf_safetensors_size(const nf_safetensors *file);

/* The values in the build's precision: exactly, but that the float build rounds F64.
 * errors  NF_EINVAL (another type) */
int nf_safetensor_values(const nf_safetensor *tensor, nf_real *out);

/* --- writing -------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  size_t rank, dim[NF_SAFETENSOR_RANK];
  const nf_real *data; /* row-major */
} nf_saved_tensor;
typedef struct {
  const char *key, *text; /* UTF-8 */
} nf_metadata;

/* The file is complete or as it was (io/file.h).
 * errors  NF_EIO, NF_ENOMEM, NF_EINVAL (a name twice, or not UTF-8; a header too large to read) */
int nf_safetensors_write(const char *path, size_t n, const nf_saved_tensor tensor[],
                         size_t n_metadata, const nf_metadata metadata[], nf_error *e);

#endif
