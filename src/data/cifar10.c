/* CIFAR-10 and CIFAR-100, binary version (Krizhevsky 2009): a folder of batches, or one batch. The
 * number of images follows from the sizes of the files, which are all checked before any is
 * read. */
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
  const char *name, *files; /* of a folder, for errors */
  const char *train, *test; /* their names */
  size_t labels;            /* bytes of a record before its values; the last is kept */
  unsigned classes[2];
} version;

static const version cifar10 = {"CIFAR-10",
                                "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
                                "data_batch_*.bin",
                                "test_batch.bin",
                                1,
                                {10}};
static const version cifar100 = {"CIFAR-100", "train.bin and test.bin", "train.bin", "test.bin", 2,
                                 {20, 100}};

typedef struct {
  const version *v;
  const char *path;
  size_t n; /* records */
} batch_file;

static size_t record_size(const version *v) { return v->labels + NF_CIFAR10_SIZE; }

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
  const long long size = s.st_size, record = (long long)record_size(b->v);
  if (size == 0 || size % record != 0)
    return nf_fail(e, NF_EFORMAT,
                   "%s: %lld bytes (%lld × %lld + %lld); a %s batch is one or more whole "
                   "records of %lld bytes",
                   b->path, size, size / record, record, size % record, b->v->name, record);
  b->n = (size_t)(size / record);
  return NF_OK;
}

static int check_labels(const batch_file *b, size_t i, const uint8_t *record, nf_error *e) {
  for (size_t k = 0; k < b->v->labels; k++)
    if (record[k] >= b->v->classes[k])
      return nf_fail(e, NF_EFORMAT, "%s: byte %zu: label %d; %s has labels 0 to %u", b->path,
                     i * record_size(b->v) + k, record[k], b->v->name, b->v->classes[k] - 1);
  return NF_OK;
}

static int read_records(const batch_file *b, uint8_t *pixel, uint8_t *label, nf_error *e) {
  FILE *file = fopen(b->path, "rb");
  if (file == NULL) return nf_fail(e, NF_EIO, "%s: %s", b->path, strerror(errno));
  int status = NF_OK;
  for (size_t i = 0; i < b->n && status == NF_OK; i++) {
    uint8_t record[2 + NF_CIFAR10_SIZE];
    const size_t labels = b->v->labels, size = record_size(b->v);
    if (fread(record, 1, size, file) != size)
      status = nf_fail(e, NF_EIO, "%s: cannot read the record at byte %zu: %s", b->path, i * size,
                       ferror(file) ? strerror(errno) : "the file has shrunk");
    else
      status = check_labels(b, i, record, e);
    if (status == NF_OK) {
      nf_cifar10_unpack(record + labels, pixel + i * NF_CIFAR10_SIZE);
      label[i] = record[labels - 1];
    }
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
    status = read_records(&b[i], images.pixel + done * NF_CIFAR10_SIZE, images.label + done, e);
  if (status == NF_OK)
    *out = images;
  else
    nf_images_free(&images);
  return status;
}

/* The entries whose names are like the pattern; the others are freed. */
static int find(const char *folder, const char *pattern, struct dirent ***entry) {
  const int all = scandir(folder, entry, NULL, in_order);
  int found = 0;
  for (int i = 0; i < all; i++)
    if (fnmatch(pattern, (*entry)[i]->d_name, 0) == 0)
      (*entry)[found++] = (*entry)[i];
    else
      free((*entry)[i]);
  return all < 0 ? all : found;
}

static int read_folder(const version *v, const char *folder, bool test, nf_images *out,
                       nf_error *e) {
  struct dirent **entry;
  const int found = find(folder, test ? v->test : v->train, &entry);
  if (found < 0)
    return nf_fail(e, NF_EIO, "%s: cannot read the folder: %s", folder, strerror(errno));
  const size_t files = (size_t)found;
  batch_file *b = calloc(files + 1, sizeof *b);
  bool complete = b != NULL;
  for (size_t i = 0; i < files; i++) {
    if (complete) b[i].v = v;
    if (complete) complete = (b[i].path = join(folder, entry[i]->d_name)) != NULL;
    free(entry[i]);
  }
  free(entry);
  int status;
  if (!complete)
    status = nf_fail(e, NF_ENOMEM, "%s: out of memory", folder);
  else if (files == 0)
    status = nf_fail(e, NF_EIO, "%s: no %s in this folder; %s's binary version has %s", folder,
                     test ? v->test : v->train, v->name, v->files);
  else
    status = read_batches(b, files, out, e);
  for (size_t i = 0; b != NULL && i < files; i++) free((char *)b[i].path);
  free(b);
  return status;
}

static int read_path(const version *v, const char *path, bool test, nf_images *out, nf_error *e) {
  struct stat s;
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) return read_folder(v, path, test, out, e);
  return read_batches(&(batch_file){v, path, 0}, 1, out, e);
}

int nf_images_cifar10(const char *path, bool test, nf_images *out, nf_error *e) {
  return read_path(&cifar10, path, test, out, e);
}

int nf_images_cifar100(const char *path, bool test, nf_images *out, nf_error *e) {
  return read_path(&cifar100, path, test, out, e);
}
