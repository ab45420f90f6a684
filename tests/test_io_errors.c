/* Files and names that are wrong. Each case must give its status and one line that says what,
 * where and what would be right, and must leave the output as it was. */
#include <string.h>
#include <sys/wait.h>
#include <zlib.h>

#include "folder.h"
#include "io/file.h"
#include "nf/data.h"

/* nf_images_load of kind:path in the folder; a second path for labels, or NULL. */
static void check_fails(int status, const char *kind, const char *path, const char *labels,
                        const char *words) {
  char spec[2200];
  snprintf(spec, sizeof spec, "%s:%s%s%s", kind, folder_path(path), labels == NULL ? "" : ",",
           labels == NULL ? "" : folder_path(labels));
  uint8_t mark;
  nf_images out = {7, {1, 2, 3}, 5, &mark, &mark};
  nf_error e = {0};
  nf_images_load(spec, &out, &e);
  assert_true(out.n == 7 && out.shape.h == 1 && out.shape.w == 2 && out.shape.c == 3);
  assert_true(out.bins == 5 && out.pixel == &mark && out.label == &mark);
  check_failed(&e, status, words);
}

static void names(void **state) {
  (void)state;
  const struct {
    const char *name, *words;
  } bad[] = {
      {"digit",
       "digit: no such|'digits'|icons|cifar10:PATH|cifar100-test:PATH|idx:IMAGES|images:FOLDER"},
      {"cifar-10:/data", "'cifar10'"},
      {"", "no such"},
      {"digitsx", "'digits'"},
      {"icons:here", "'icons' is embedded and takes no path"},
      {"cifar10", "cifar10:PATH"},
      {"idx:", "idx:PATH"},
      {"a\nb\x1b", "a?b?: no such"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    nf_images out;
    nf_error e = {0};
    nf_images_load(bad[i].name, &out, &e);
    check_failed(&e, NF_EINVAL, bad[i].words);
  }
}

static void long_names_are_cut(void **state) {
  (void)state;
  char name[3 * NF_MESSAGE];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = 0;
  nf_images out;
  nf_error e = {0};
  check_status(nf_images_load(name, &out, &e), NF_EINVAL);
  assert_int_equal(strlen(e.message), NF_MESSAGE - 1);
  assert_non_null(strstr(e.message, "xxx…xxx"));
  assert_non_null(strstr(e.message, "no such"));
}

static void cifar10(void **state) {
  (void)state;
  static uint8_t record[2 * 3073];
  check_fails(NF_EIO, "cifar10", "none", NULL, "/none: No such file");
  folder_mkdir("c");
  check_fails(NF_EIO, "cifar10", "c", NULL, "/c: no data_batch_*.bin|data_batch_1.bin");
  folder_write("c/data_batch_1.bin", record, 3073);
  check_fails(NF_EIO, "cifar10-test", "c", NULL, "/c: no test_batch.bin");
  folder_write("c/data_batch_2.bin", record, 5000);
  check_fails(NF_EFORMAT, "cifar10", "c", NULL,
              "data_batch_2.bin: 5000 bytes (1 × 3073 + 1927)|records of 3073");
  folder_write("c/data_batch_2.bin", record, 0);
  check_fails(NF_EFORMAT, "cifar10", "c", NULL, "data_batch_2.bin: 0 bytes|records of 3073");
  record[3073] = 10;
  folder_write("c/data_batch_2.bin", record, sizeof record);
  check_fails(NF_EFORMAT, "cifar10", "c", NULL, "data_batch_2.bin: byte 3073: label 10|0 to 9");
  folder_mkdir("c/data_batch_3.bin");
  check_fails(NF_EIO, "cifar10", "c", NULL, "data_batch_3.bin: not a regular file");
  assert_int_equal(symlink("loop", folder_path("loop")), 0);
  check_fails(NF_EIO, "cifar10", "loop", NULL, "/loop: ");
}

static void cifar100(void **state) {
  (void)state;
  static uint8_t record[2 * 3074];
  folder_mkdir("h");
  check_fails(NF_EIO, "cifar100", "h", NULL, "/h: no train.bin in|train.bin and test.bin");
  folder_write("h/train.bin", record, 3073);
  check_fails(NF_EIO, "cifar100-test", "h", NULL, "/h: no test.bin in");
  check_fails(NF_EFORMAT, "cifar100", "h", NULL,
              "train.bin: 3073 bytes (0 × 3074 + 3073); a CIFAR-100 batch|records of 3074");
  record[3074] = 20;
  folder_write("h/train.bin", record, sizeof record);
  check_fails(NF_EFORMAT, "cifar100", "h", NULL,
              "train.bin: byte 3074: label 20; CIFAR-100|0 to 19");
  record[3074] = 19, record[3075] = 100;
  folder_write("h/train.bin", record, sizeof record);
  check_fails(NF_EFORMAT, "cifar100", "h", NULL, "byte 3075: label 100; CIFAR-100|0 to 99");
}

/* As another user when the test runs as root, whom no permission stops. */
static void an_unreadable_folder(void **state) {
  (void)state;
  folder_mkdir("closed");
  folder_write("closed/data_batch_1.bin", "x", 1);
  folder_write("closed.idx", "x", 1);
  assert_int_equal(chmod(folder, 0755) + chmod(folder_path("closed"), 0111), 0);
  assert_int_equal(chmod(folder_path("closed.idx"), 0), 0);
  const bool root = geteuid() == 0;
  if (root && seteuid(65534) != 0) {
    print_message("root without another user to become: skipped\n");
    skip();
  }
  char spec[1100];
  nf_error files = {0}, idx = {0};
  nf_images out;
  snprintf(spec, sizeof spec, "cifar10:%s", folder_path("closed"));
  nf_images_load(spec, &out, &files);
  snprintf(spec, sizeof spec, "idx:%s", folder_path("closed.idx"));
  nf_images_load(spec, &out, &idx);
  if (root) assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(folder_path("closed"), 0755), 0);
  check_failed(&idx, NF_EIO, "/closed.idx: |ermission denied");
  check_failed(&files, NF_EIO, "/closed: cannot read the folder: |ermission denied");
}

/* Two images of 2×3 with byte `at` of the file set to `value`. */
enum { IDX_SIZE = 16 + 12 };
static const uint8_t *idx_with(size_t at, uint8_t value) {
  static uint8_t file[IDX_SIZE + 1];
  const uint8_t header[16] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3};
  memcpy(file, header, sizeof header);
  for (uint8_t i = 16; i < IDX_SIZE; i++) file[i] = i;
  file[at] = value;
  return file;
}

/* What is said of the first `size` bytes of a file. */
static void check_idx(const uint8_t *file, size_t size, const char *words) {
  folder_write("i", file, size);
  check_fails(NF_EFORMAT, "idx", "i", NULL, words);
}

static void idx_plain(void **state) {
  (void)state;
  check_fails(NF_EIO, "idx", "none", NULL, "/none: No such file");
  check_fails(NF_EIO, "idx", ".", NULL, "/.: not a regular file");
  check_idx(idx_with(0, 0), 0, "/i: ends after byte 0 of 16");
  check_idx(idx_with(0, 0), 9, "/i: ends after byte 9 of 16");
  check_idx(idx_with(0, 0), IDX_SIZE - 1, "/i: ends after byte 27 of 28");
  check_idx(idx_with(0, 0), IDX_SIZE + 1, "/i: goes on after byte 28");
  check_idx(idx_with(3, 1), IDX_SIZE, "/i: begins with 00 00 08 01|images|00 00 08 03");
  check_idx(idx_with(2, 13), IDX_SIZE, "/i: begins with 00 00 0d 03|00 00 08 03");
  check_idx(idx_with(1, 1), IDX_SIZE, "/i: begins with 00 01 08 03|00 00 08 03");
  check_idx(idx_with(11, 0), IDX_SIZE, "/i: byte 8: a side of 0|at least 1|28 bytes");
}

/* Headers of more than there is: found before memory is allocated. */
static void idx_header_larger_than_file(void **state) {
  (void)state;
  check_idx(idx_with(4, 0xff), IDX_SIZE, "/i: byte 4: a side of 4278190082|28 bytes can hold");
  check_idx(idx_with(7, 200), IDX_SIZE, "/i: byte 4: a side of 200|28 bytes can hold");
  check_idx(idx_with(12, 0x80), IDX_SIZE, "/i: byte 12: a side of 2147483651|28 bytes can hold");
  uint8_t file[IDX_SIZE];
  memcpy(file, idx_with(0, 0), IDX_SIZE);
  memset(file + 4, 0xff, 12); /* the product overflows 64 bits */
  check_idx(file, IDX_SIZE, "/i: byte 4: a side of 4294967295");
}

/* The file gzipped, in a buffer; its size. */
static size_t gzip(const void *bytes, size_t size, uint8_t *to, size_t room) {
  z_stream z = {.avail_in = (uInt)size, .avail_out = (uInt)room};
  z.next_in = (Bytef *)(uintptr_t)bytes;
  z.next_out = to;
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  assert_int_equal(deflateEnd(&z), Z_OK);
  return z.total_out;
}

static void idx_gzipped(void **state) {
  (void)state;
  uint8_t gz[200];
  const size_t size = gzip(idx_with(0, 0), IDX_SIZE, gz, sizeof gz);
  const size_t cut[] = {11, size / 2, size - 8, size - 1}; /* header, data, checksum, size */
  for (int i = 0; i < 4; i++) {
    folder_write("i.gz", gz, cut[i]);
    check_fails(NF_EFORMAT, "idx", "i.gz", NULL, "/i.gz: the gzip data are cut off after byte");
  }
  gz[size - 8] ^= 1;
  folder_write("i.gz", gz, size);
  check_fails(NF_EFORMAT, "idx", "i.gz", NULL, "/i.gz: the gzip data are damaged after byte");
  gz[size - 8] ^= 1;
  gz[10] = 0xff;
  folder_write("i.gz", gz, size);
  check_fails(NF_EFORMAT, "idx", "i.gz", NULL,
              "/i.gz: the gzip data are damaged after byte 0 of 16");

  folder_write("i.gz", gz, gzip(idx_with(7, 200), IDX_SIZE, gz, sizeof gz));
  check_fails(NF_EFORMAT, "idx", "i.gz", NULL, "/i.gz: ends after byte 28 of 1216");
  folder_write("i.gz", gz, gzip(idx_with(7, 1), IDX_SIZE, gz, sizeof gz));
  check_fails(NF_EFORMAT, "idx", "i.gz", NULL, "/i.gz: goes on after byte 22");
  folder_write("i.gz", gz, gzip(idx_with(5, 2), IDX_SIZE, gz, sizeof gz));
  check_fails(NF_EFORMAT, "idx", "i.gz", NULL, "/i.gz: byte 4: a side of 131074|bytes can hold");
}

static void idx_too_large_an_image(void **state) {
  (void)state;
  const size_t size = 16 + 4097 * 4096;
  uint8_t *file = calloc(size, 1), *gz = malloc(size);
  assert_true(file != NULL && gz != NULL);
  memcpy(file, (uint8_t[]){0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0x10, 1, 0, 0, 0x10, 0}, 16);
  folder_write("large.gz", gz, gzip(file, size, gz, size));
  check_fails(NF_EFORMAT, "idx", "large.gz", NULL, "/large.gz: byte 8: images of 4097×4096");
  free(file);
  free(gz);
}

static void idx_labels(void **state) {
  (void)state;
  const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3};
  folder_write("i", idx_with(0, 0), IDX_SIZE);
  folder_write("l", labels, sizeof labels);
  check_fails(NF_EFORMAT, "idx", "i", "l", "/l: byte 4: 3 labels|/i has 2 images");
  check_fails(NF_EFORMAT, "idx", "i", "i", "/i: begins with 00 00 08 03|labels|00 00 08 01");
  check_fails(NF_EIO, "idx", "i", "none", "/none: No such file");
}

static void new_sets(void **state) {
  (void)state;
  nf_images s = {0};
  const nf_shape d = {2, 2, 1};
  check_status(nf_images_new(0, d, 17, false, &s, NULL), NF_EINVAL);
  check_status(nf_images_new(1, d, 1, false, &s, NULL), NF_EINVAL);
  check_status(nf_images_new(1, d, 257, false, &s, NULL), NF_EINVAL);
  check_status(nf_images_new(1, (nf_shape){2, 0, 1}, 2, false, &s, NULL), NF_ESHAPE);
  check_status(nf_images_new(SIZE_MAX / 2, d, 17, true, &s, NULL), NF_ENOMEM);
  assert_null(s.pixel);
}

/* Told by the status alone, for a caller who wants no message. */
static void a_lock_is_held_by_one_process(void **state) {
  (void)state;
  int lock, status = 0;
  check_ok(nf_lock_file(folder_path("lock"), &lock, NULL));
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    _exit(nf_lock_file(folder_path("lock"), &lock, NULL));
  }
  assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), NF_EBUSY);
  nf_unlock_file(folder_path("lock"), lock);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(long_names_are_cut),
      cmocka_unit_test(cifar10),
      cmocka_unit_test(cifar100),
      cmocka_unit_test(an_unreadable_folder),
      cmocka_unit_test(idx_plain),
      cmocka_unit_test(idx_header_larger_than_file),
      cmocka_unit_test(idx_gzipped),
      cmocka_unit_test(idx_too_large_an_image),
      cmocka_unit_test(idx_labels),
      cmocka_unit_test(new_sets),
      cmocka_unit_test(a_lock_is_held_by_one_process),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
