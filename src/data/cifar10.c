/* CIFAR-10, binary version (Krizhevsky 2009): a folder of batches, or one batch. The number
 * of images follows from the sizes of the files, which are all checked before any is read. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/cifar10.h"
#include "nf/data.h"

typedef struct {
  const char *path;
  size_t n; /* records */
} batch_file;

static int is_train(const struct dirent *e) {
  return fnmatch("data_batch_*.bin", e->d_name, 0) == 0;
}
static int is_test(const struct dirent *e) { return strcmp(e->d_name, "test_batch.bin") == 0; }

/* The names differ in their numbers alone, so a shorter one comes first: 9 before 10. */
static int in_order(const struct dirent **a, const struct dirent **b) {
  const char *p = (*a)->d_name, *q = (*b)->d_name;
  const size_t m = strlen(p), n = strlen(q);
  return m != n ? (m > n) - (m < n) : strcmp(p, q);
}

static char *join(const char *folder, const char *name) {
  const size_t size = strlen(folder) + strlen(name) + 2;
  char *path = malloc(size);
  if (path != NULL) snprintf(path, size, "%s/%s", folder, name);
  return path;
}

static int count_records(batch_file *b, nf_error *e) {
  struct stat s;
  if (stat(b->path, &s) != 0) return nf_fail(e, NF_EIO, "%s: %s", b->path, strerror(errno));
  if (!S_ISREG(s.st_mode)) return nf_fail(e, NF_EIO, "%s: not a regular file", b->path);
  const long long size = s.st_size;
  if (size == 0 || size % NF_CIFAR10_RECORD != 0)
    return nf_fail(e, NF_EFORMAT,
                   "%s: %lld bytes (%lld × %d + %lld); a CIFAR-10 batch is one or more whole "
                   "records of %d bytes",
                   b->path, size, size / NF_CIFAR10_RECORD, NF_CIFAR10_RECORD,
                   size % NF_CIFAR10_RECORD, NF_CIFAR10_RECORD);
  b->n = (size_t)(size / NF_CIFAR10_RECORD);
  return NF_OK;
}

static int read_records(const batch_file *b, uint8_t *pixel, uint8_t *label, nf_error *e) {
  FILE *file = fopen(b->path, "rb");
  if (file == NULL) return nf_fail(e, NF_EIO, "%s: %s", b->path, strerror(errno));
  int status = NF_OK;
  for (size_t i = 0; i < b->n && status == NF_OK; i++) {
    uint8_t record[NF_CIFAR10_RECORD];
    if (fread(record, 1, sizeof record, file) != sizeof record)
      status = nf_fail(e, NF_EIO, "%s: cannot read the record at byte %zu: %s", b->path,
                       i * sizeof record, ferror(file) ? strerror(errno) : "the file has shrunk");
    else if (record[0] > 9)
      status = nf_fail(e, NF_EFORMAT, "%s: byte %zu: label %d; CIFAR-10 has labels 0 to 9", b->path,
                       i * sizeof record, record[0]);
    else
      nf_cifar10_unpack(record, pixel + i * (NF_CIFAR10_RECORD - 1));
    label[i] = record[0];
  }
  fclose(file);
  return status;
}

static int read_batches(batch_file *b, size_t files, nf_images *out, nf_error *e) {
  size_t n = 0, done = 0;
  for (size_t i = 0; i < files; i++) {
    const int status = count_records(&b[i], e);
    if (status != NF_OK) return status;
    n += b[i].n;
  }
  nf_images images;
  int status = nf_images_new(n, nf_cifar10_shape(), 256, true, &images, NULL);
  if (status != NF_OK) return nf_fail(e, status, "%s: no memory for %zu images", b[0].path, n);
  for (size_t i = 0; i < files && status == NF_OK; done += b[i++].n)
    status =
        read_records(&b[i], images.pixel + done * (NF_CIFAR10_RECORD - 1), images.label + done, e);
  if (status == NF_OK)
    *out = images;
  else
    nf_images_free(&images);
  return status;
}

static int read_folder(const char *folder, bool test, nf_images *out, nf_error *e) {
  struct dirent **entry;
  const int found = scandir(folder, &entry, test ? is_test : is_train, in_order);
  if (found < 0)
    return nf_fail(e, NF_EIO, "%s: cannot read the folder: %s", folder, strerror(errno));
  const size_t files = (size_t)found;
  batch_file *b = calloc(files + 1, sizeof *b);
  bool complete = b != NULL;
  for (size_t i = 0; i < files; i++) {
    if (complete) complete = (b[i].path = join(folder, entry[i]->d_name)) != NULL;
    free(entry[i]);
  }
  free(entry);
  int status;
  if (!complete)
    status = nf_fail(e, NF_ENOMEM, "%s: out of memory", folder);
  else if (files == 0)
    status = nf_fail(e, NF_EIO,
                     "%s: no %s in this folder; CIFAR-10's binary version has data_batch_1.bin to "
                     "data_batch_5.bin and test_batch.bin",
                     folder, test ? "test_batch.bin" : "data_batch_*.bin");
  else
    status = read_batches(b, files, out, e);
  for (size_t i = 0; b != NULL && i < files; i++) free((char *)b[i].path);
  free(b);
  return status;
}

int nf_images_cifar10(const char *path, bool test, nf_images *out, nf_error *e) {
  struct stat s;
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) return read_folder(path, test, out, e);
  return read_batches(&(batch_file){path, 0}, 1, out, e);
}
