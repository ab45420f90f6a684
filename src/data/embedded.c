/* The images inside the library (data/README.md): gzipped arrays made by
 * data/embed.sh, unzipped here, then read as text (digits) or as CIFAR-10 records (icons). */
#include <stdlib.h>
#include <zlib.h>

#include "data/cifar10.h"
#include "nf/data.h"

extern const unsigned char nf_digits_gz[], nf_icons_gz[];
extern const size_t nf_digits_gz_size, nf_icons_gz_size;

enum { DIGITS = 1797, DIGIT_BINS = 17, ICONS = 214 };

/* A gzip file ends with the size of what it holds, in four bytes, little-endian. */
static size_t unzipped_size(const unsigned char *gz, size_t gz_size) {
  const unsigned char *b = gz + gz_size - 4;
  return (size_t)b[0] | (size_t)b[1] << 8 | (size_t)b[2] << 16 | (size_t)b[3] << 24;
}

static int unzip(const unsigned char *gz, size_t gz_size, unsigned char *to, size_t size) {
  z_stream z = {.avail_in = (uInt)gz_size, .avail_out = (uInt)size};
  z.next_in = (unsigned char *)gz; /* zlib reads it only */
  z.next_out = to;
  int end = inflateInit2(&z, 16 + MAX_WBITS); /* 16: with gzip's header */
  if (end == Z_OK) end = inflate(&z, Z_FINISH);
  inflateEnd(&z);
  if (end == Z_MEM_ERROR) return NF_ENOMEM;
  return end == Z_STREAM_END && z.avail_out == 0 ? NF_OK : NF_EFORMAT;
}

/* Lines of 64 pixels and a label: "0,0,5,13,…,0". */
static bool read_digits(const unsigned char *text, size_t size, nf_images *images) {
  const size_t d = nf_shape_size(images->shape);
  size_t at = 0;
  for (size_t i = 0; i < images->n; i++)
    for (size_t j = 0; j <= d; j++) {
      const bool is_label = j == d;
      const size_t start = at;
      unsigned value = 0;
      while (at < size && at < start + 2 && text[at] >= '0' && text[at] <= '9')
        value = 10 * value + text[at++] - '0';
      if (at == start || at == size || text[at++] != (is_label ? '\n' : ',')) return false;
      if (value >= (is_label ? 10 : images->bins)) return false;
      *(is_label ? &images->label[i] : &images->pixel[i * d + j]) = (uint8_t)value;
    }
  return at == size;
}

static bool read_icons(const unsigned char *record, size_t size, nf_images *images) {
  if (size != images->n * (1 + NF_CIFAR10_SIZE)) return false;
  for (size_t i = 0; i < images->n; i++, record += 1 + NF_CIFAR10_SIZE) {
    images->label[i] = record[0];
    nf_cifar10_unpack(record + 1, images->pixel + i * NF_CIFAR10_SIZE);
  }
  return true;
}

static int load(const char *name, const unsigned char *gz, size_t gz_size,
                bool (*read)(const unsigned char *, size_t, nf_images *), size_t n, nf_shape shape,
                unsigned bins, nf_images *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const size_t size = unzipped_size(gz, gz_size);
  unsigned char *bytes = malloc(size);
  nf_images images = {0};
  int status = bytes == NULL ? NF_ENOMEM : nf_images_new(n, shape, bins, true, &images, NULL);
  if (status == NF_OK) status = unzip(gz, gz_size, bytes, size);
  if (status == NF_OK && !read(bytes, size, &images)) status = NF_EFORMAT;
  free(bytes);
  if (status != NF_OK) {
    nf_images_free(&images);
    return nf_fail(e, status, "%s: the embedded images: %s", name, nf_status_text(status));
  }
  *out = images;
  return NF_OK;
}

int nf_images_digits(nf_images *out, nf_error *e) {
  return load("digits", nf_digits_gz, nf_digits_gz_size, read_digits, DIGITS, (nf_shape){8, 8, 1},
              DIGIT_BINS, out, e);
}

int nf_images_icons(nf_images *out, nf_error *e) {
  return load("icons", nf_icons_gz, nf_icons_gz_size, read_icons, ICONS, nf_cifar10_shape(), 256,
              out, e);
}
