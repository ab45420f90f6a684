/* Points from NumPy's .npy: every form that is read, one line for each that is not, and what
 * nf_npy_write writes. */
#include <math.h>
#include <unistd.h>

#include "folder.h"
#include "io/npy.h"
#include "nf/data.h"

/* A file of this version with the header padded as NumPy does, and these bytes of values. */
static void write_array(int version, const char *header, const void *values, size_t size) {
  unsigned char file[2000];
  const size_t begin = version == 1 ? 10 : 12, n = strlen(header);
  const size_t padded = (begin + n + 1 + 63) / 64 * 64 - begin;
  assert_true(begin + padded + size <= sizeof file);
  memcpy(file, "\x93NUMPY", 6);
  memset(file + 6, 0, begin - 6);
  file[6] = (unsigned char)version;
  file[8] = (unsigned char)(padded % 256), file[9] = (unsigned char)(padded / 256);
  memset(file + begin, ' ', padded);
  memcpy(file + begin, header, n);
  file[begin + padded - 1] = '\n';
  if (size > 0) memcpy(file + begin + padded, values, size);
  folder_write("a.npy", file, begin + padded + size);
}

static void reads(const char *what, size_t n, size_t d, const double *x) {
  nf_points p = {0};
  nf_error e = {0};
  nf_points_read_npy(folder_path("a.npy"), &p, &e);
  if (e.status != NF_OK) fail_msg("%s: %s", what, e.message);
  if (p.n != n || p.d != d) fail_msg("%s: %zu points of R^%zu", what, p.n, p.d);
  check_array(what, p.x, x, n * d, 0, 0);
  assert_null(p.column);
  nf_points_free(&p);
}

static void refuses(const char *words) {
  nf_points p = {.n = 7};
  nf_error e = {0};
  nf_points_read_npy(folder_path("a.npy"), &p, &e);
  check_failed(&e, NF_EFORMAT, words);
  assert_true(p.n == 7 && p.x == NULL && p.column == NULL);
}

static const double six[] = {1, -2, 0.5, 4, 1e30, 0x1p-140};

/* The values in each of four types, byte by byte from their bits. */
static size_t encode(size_t width, bool big_endian, size_t n, const double *x, unsigned char *to) {
  for (size_t i = 0; i < n; i++) {
    const float single = (float)x[i];
    uint32_t low;
    uint64_t bits;
    memcpy(&low, &single, sizeof low);
    memcpy(&bits, &x[i], sizeof bits);
    if (width == 4) bits = low;
    for (size_t k = 0; k < width; k++)
      to[i * width + (big_endian ? width - 1 - k : k)] = (unsigned char)(bits >> (8 * k));
  }
  return n * width;
}

static void types_orders_and_versions(void **state) {
  (void)state;
  for (int version = 1; version <= 3; version++)
    for (int type = 0; type < 4; type++)
      for (int fortran = 0; fortran < 2; fortran++) {
        static const char *const types[] = {"<f4", "<f8", ">f4", ">f8"};
        char header[100];
        unsigned char bytes[48];
        double rows[6], x[6];
        for (size_t i = 0; i < 6; i++) {
          x[i] = type % 2 ? six[i] : (double)(float)six[i];
          rows[fortran ? i % 2 * 3 + i / 2 : i] = x[i]; /* column by column: (2, 3) */
        }
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3), }",
                 types[type], fortran ? "True" : "False");
        write_array(version, header, bytes, encode(type % 2 ? 8 : 4, type > 1, 6, x, bytes));
        reads(header, 2, 3, rows);
      }
}

/* As numpy.save of NumPy 1.26 writes np.array([[1, 2], [3, 4]], 'float32'). */
static void a_file_of_numpy(void **state) {
  (void)state;
  static const char file[] =
      "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
      "                                                          \n"
      "\0\0\x80?\0\0\0@\0\0@@\0\0\x80@";
  assert_int_equal(sizeof file - 1, 128 + 16);
  folder_write("a.npy", file, sizeof file - 1);
  reads("NumPy's", 2, 2, (const double[]){1, 2, 3, 4});
}

/* arange(24) as (2, 3, 4): numpy.ravel of each a[i] is a row, whatever the order in the file. */
static void more_dimensions_are_rows(void **state) {
  (void)state;
  double x[24], columns[24];
  unsigned char bytes[200];
  for (size_t i = 0; i < 24; i++) {
    x[i] = (double)i;
    columns[i / 12 + 2 * (i / 4 % 3 + 3 * (i % 4))] = (double)i;
  }
  size_t size = encode(8, false, 24, x, bytes);
  write_array(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3, 4)}", bytes, size);
  reads("rows", 2, 12, x);
  write_array(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3, 4)}", bytes,
              encode(8, false, 24, columns, bytes));
  reads("columns", 2, 12, x);
  size = encode(8, false, 24, x, bytes);
  write_array(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (24,)}", bytes, size);
  reads("one side", 24, 1, x);
  write_array(1, "{\"shape\":(24L,1),\"fortran_order\":True,\"descr\":\"<f8\"}", bytes, size);
  reads("in another order", 24, 1, x);
}

static void what_is_no_array_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *header;
    size_t size;
    const char *words;
  } bad[] = {
      {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 2)}", 32, "type '<i8'|float32"},
      {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2)}", 8, "type '<f2'|float32"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 2)}", 8, "type '|float32"},
      {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8, "type [('x|float32"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, "a single value"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2)}", 0, "no points"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0)}", 0, "no points"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 15, "15 bytes of|needs 16"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 17, "17 bytes of|needs 16"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 12, "12 bytes of|needs 16"},
      {"{'descr': '<f8', 'fortran_order': True, 'shape': (4294967296, 4294967296)}", 0, "0 bytes"},
      {"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 4294967296, 4294967296)}", 0, "0 byt"},
      {"{'descr': '<f8', 'fortran_order': True, 'shape': (99999999999999999999, 1)}", 0, "header"},
      {"{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 2)}", 16, "header|'fortran_order': 1"},
      {"{'descr': '<f4', 'fortran_order': False}", 16, "header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'x': 1}", 16, "header"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", 16, "header"},
      {"{'descr': '<f4' 'fortran_order': False, 'shape': (2, 2)}", 16, "header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2", 16, "header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -2)}", 16, "header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x", 16, "header"},
      {"", 16, "header"},
  };
  const unsigned char zero[40] = {0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    print_message("%s\n", bad[i].header);
    write_array(1, bad[i].header, zero, bad[i].size);
    refuses(bad[i].words);
  }
}

static void what_is_no_file_is_refused(void **state) {
  (void)state;
  folder_write("a.npy", "", 0), refuses("a.npy: no .npy file");
  folder_write("a.npy", "1,2\n3,4\n5,6\n", 12), refuses("no .npy file");
  folder_write("a.npy", "\x93NUMPY\4\0\0\0{", 11), refuses("version 4.0");
  folder_write("a.npy", "\x93NUMPY\1\1\0\0{", 11), refuses("version 1.1");
  folder_write("a.npy", "\x93NUMPY\1\0\2\0{", 11), refuses("cut short: 11 bytes, a header of 2");
  folder_write("a.npy", "\x93NUMPY\2\0\2\0{", 11), refuses("cut short");
  folder_write("a.npy", "\x93NUMPY\2\0\0\0\0\1", 12), refuses("cut short|16777216");
  nf_points p = {0};
  nf_error e = {0};
  nf_points_read_npy(folder_path("none.npy"), &p, &e);
  check_failed(&e, NF_EIO, "none.npy: No such file");
  nf_points_read_npy(folder, &p, &e);
  check_failed(&e, NF_EIO, "cannot read: Is a directory");
}

static void values_that_are_not_finite_are_named(void **state) {
  (void)state;
  unsigned char bytes[48];
  const double x[] = {1, 2, 3, 4, NAN, 6}, y[] = {1, 2, -INFINITY, 4, 5, 6};
  write_array(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", bytes,
              encode(4, false, 6, x, bytes));
  refuses("row 1, column 1 (the first is 0) is nan; it must be a finite number");
  write_array(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}", bytes,
              encode(8, false, 6, y, bytes));
  refuses("row 0, column 1 (the first is 0) is -inf");
}

static void what_is_written_can_be_read(void **state) {
  (void)state;
  nf_error e = {0};
  char header[129] = "";
  check_ok(nf_npy_write(folder_path("a.npy"), 3, (const size_t[]){1, 2, 3}, six, &e));
  reads("written", 1, 6, six);
  FILE *f = fopen(folder_path("a.npy"), "rb");
  assert_int_equal(fread(header, 1, 128, f), 128);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  assert_int_equal(ftell(f), 128 + 6 * 8);
  fclose(f);
  assert_memory_equal(header, "\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, ", 48);
  assert_int_equal(header[127], '\n');
  nf_npy_write(folder_path("none/a.npy"), 1, (const size_t[]){6}, six, &e);
  check_failed(&e, NF_EIO, "none/a.npy: cannot write");
}

static void standard_input(void **state) {
  (void)state;
  nf_points p = {0};
  check_ok(nf_npy_write(folder_path("a.npy"), 2, (const size_t[]){3, 2}, six, NULL));
  const int before = dup(0);
  assert_non_null(freopen(folder_path("a.npy"), "rb", stdin));
  check_ok(nf_points_read_npy("-", &p, NULL));
  dup2(before, 0);
  close(before);
  assert_true(p.n == 3 && p.d == 2 && p.x[3] == six[3]);
  nf_points_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(types_orders_and_versions),
      cmocka_unit_test(a_file_of_numpy),
      cmocka_unit_test(more_dimensions_are_rows),
      cmocka_unit_test(what_is_no_array_is_refused),
      cmocka_unit_test(what_is_no_file_is_refused),
      cmocka_unit_test(values_that_are_not_finite_are_named),
      cmocka_unit_test(what_is_written_can_be_read),
      cmocka_unit_test(standard_input),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
