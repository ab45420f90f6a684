/* IDX, the format of MNIST (LeCun et al. 1998), plain or gzipped; zlib's gz functions read
 * both. Numbers are big-endian:
 *
 *   4 bytes        00 00 08 rank; 08 stands for unsigned bytes
 *   rank · 4       the sides, n first
 *   n · …          the values, last index fastest
 *
 * A header may be wrong, so memory is only allocated for what the file can hold: its own size when
 * plain, 1032 times that when gzipped (deflate's best is 258 bytes from 2 bits). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "nf/data.h"

enum { MAX_RANK = 3, DEFLATE_BEST = 1032 };

typedef struct {
  const char *path;
  gzFile gz;
  uint64_t size;         /* on disk */
  uint64_t at, promised; /* bytes read, and in all, once unzipped */
} idx_file;

static int read_failed(const idx_file *f, nf_error *e) {
  int code;
  gzerror(f->gz, &code);
  if (code == Z_ERRNO) return nf_fail(e, NF_EIO, "%s: %s", f->path, strerror(errno));
  if (code == Z_MEM_ERROR) return nf_fail(e, NF_ENOMEM, "%s: no memory to unzip it", f->path);
  return nf_fail(e, NF_EFORMAT, "%s: %s after byte %llu of %llu", f->path,
                 code == Z_OK          ? "ends"
                 : code == Z_BUF_ERROR ? "the gzip data are cut off"
                                       : "the gzip data are damaged",
                 (unsigned long long)f->at, (unsigned long long)f->promised);
}

static int read_bytes(idx_file *f, uint8_t *to, uint64_t size, nf_error *e) {
  const uint64_t max = 1 << 30;
  for (const uint64_t end = f->at + size; f->at < end;) {
    const int got = gzread(f->gz, to, (unsigned)(end - f->at < max ? end - f->at : max));
    if (got <= 0) return read_failed(f, e);
    to += got;
    f->at += (unsigned)got;
  }
  return NF_OK;
}

/* The end of the file, where zlib also compares the checksum. */
static int read_end(idx_file *f, nf_error *e) {
  uint8_t more;
  const int got = gzread(f->gz, &more, 1);
  int code;
  gzerror(f->gz, &code);
  if (got == 0 && code == Z_OK) return NF_OK;
  if (got <= 0) return read_failed(f, e);
  return nf_fail(e, NF_EFORMAT, "%s: goes on after byte %llu, where its header says it ends",
                 f->path, (unsigned long long)f->at);
}

static int read_header(idx_file *f, unsigned rank, size_t side[MAX_RANK], nf_error *e) {
  uint8_t header[4 + 4 * MAX_RANK];
  f->promised = 4 + 4 * rank;
  int status = read_bytes(f, header, 4, e);
  if (status != NF_OK) return status;
  if (header[0] != 0 || header[1] != 0 || header[2] != 8 || header[3] != rank)
    return nf_fail(e, NF_EFORMAT,
                   "%s: begins with %02x %02x %02x %02x; IDX %s of unsigned bytes begin with "
                   "00 00 08 %02x",
                   f->path, header[0], header[1], header[2], header[3],
                   rank == 1 ? "labels" : "images", rank);
  status = read_bytes(f, header + 4, 4 * rank, e);
  if (status != NF_OK) return status;
  const uint64_t max = gzdirect(f->gz) ? f->size : DEFLATE_BEST * f->size;
  uint64_t total = 1;
  for (unsigned i = 0; i < rank; i++) {
    const uint8_t *b = header + 4 + 4 * i;
    const uint64_t n = (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 | (uint64_t)b[2] << 8 | b[3];
    if (n == 0 || n > max / total || n * total > SIZE_MAX)
      return nf_fail(e, NF_EFORMAT,
                     "%s: byte %u: a side of %llu; it should be at least 1 and, times the sides "
                     "before it, no more than a file of %llu bytes can hold",
                     f->path, 4 + 4 * i, (unsigned long long)n, (unsigned long long)f->size);
    total *= n;
    side[i] = (size_t)n;
  }
  f->promised += total;
  return NF_OK;
}

static int read_values(idx_file *f, uint8_t **value, nf_error *e) {
  const uint64_t size = f->promised - f->at;
  uint8_t *bytes = malloc((size_t)size);
  if (bytes == NULL)
    return nf_fail(e, NF_ENOMEM, "%s: no memory for %llu bytes", f->path, (unsigned long long)size);
  int status = read_bytes(f, bytes, size, e);
  if (status == NF_OK) status = read_end(f, e);
  if (status == NF_OK)
    *value = bytes;
  else
    free(bytes);
  return status;
}

/* The sides and the values (to be freed) of an IDX of unsigned bytes with that rank. */
static int read_idx(const char *path, unsigned rank, size_t side[MAX_RANK], uint8_t **value,
                    nf_error *e) {
  struct stat s;
  if (stat(path, &s) != 0) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  if (!S_ISREG(s.st_mode)) return nf_fail(e, NF_EIO, "%s: not a regular file", path);
  idx_file f = {path, gzopen(path, "rb"), (uint64_t)s.st_size, 0, 0};
  if (f.gz == NULL)
    return nf_fail(e, errno == ENOMEM ? NF_ENOMEM : NF_EIO, "%s: %s", path, strerror(errno));
  int status = read_header(&f, rank, side, e);
  if (status == NF_OK) status = read_values(&f, value, e);
  gzclose(f.gz);
  return status;
}

int nf_images_idx(const char *images, const char *labels, nf_images *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  size_t side[MAX_RANK], labelled[MAX_RANK];
  nf_images set = {.bins = 256};
  int status = read_idx(images, 3, side, &set.pixel, e);
  if (status != NF_OK) return status;
  set.n = side[0];
  set.shape = (nf_shape){side[1], side[2], 1};
  if (!nf_shape_valid(set.shape))
    status = nf_fail(e, NF_EFORMAT, "%s: byte 8: images of %zu×%zu are too large", images, side[1],
                     side[2]);
  if (status == NF_OK && labels != NULL) status = read_idx(labels, 1, labelled, &set.label, e);
  if (status == NF_OK && labels != NULL && labelled[0] != set.n)
    status = nf_fail(e, NF_EFORMAT, "%s: byte 4: %zu labels; %s has %zu images", labels,
                     labelled[0], images, set.n);
  if (status == NF_OK)
    *out = set;
  else
    nf_images_free(&set);
  return status;
}
