/* safetensors, the format: what it is byte by byte, and that a file which is not exactly that is
 * refused with one line. (What a checkpoint adds is in test_checkpoint.c.) */
#include <signal.h>
#include <sys/resource.h>

#include "folder.h"
#include "io/safetensors.h"

/* --- the format, literally ---------------------------------------------------------------- */

#define HEADER                                                         \
  "{\"__metadata__\":{\"who\":\"a test\"},"                            \
  "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]}," \
  "\"a\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[0,8]}}  "
static const unsigned char data[16] = {0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40, /* π */
                                       0x00, 0x00, 0xc0, 0xbf,                         /* -1.5 */
                                       0x01, 0x00, 0x00, 0x00}; /* 2⁻¹⁴⁹ */

enum { MOST = 4096 };
typedef struct {
  unsigned char byte[MOST];
  size_t size;
} bytes;

/* Header and data after the header's length, as they stand. */
static bytes file_of(const char *header, const void *values, size_t size) {
  bytes f = {.size = 8 + strlen(header) + size};
  assert_true(f.size <= MOST);
  for (int i = 0; i < 8; i++) f.byte[i] = (unsigned char)((uint64_t)strlen(header) >> (8 * i));
  memcpy(f.byte + 8, header, strlen(header));
  memcpy(f.byte + 8 + strlen(header), values, size);
  return f;
}

static void reads_the_literal_file(void **state) {
  (void)state;
  const bytes f = file_of(HEADER, data, sizeof data);
  folder_write("literal", f.byte, f.size);
  nf_safetensors s = {0};
  nf_error e = {0};
  check_ok(nf_safetensors_read(folder_path("literal"), &s, &e));
  assert_int_equal(s.n, 2);
  assert_string_equal(s.tensor[0].name, "a"); /* by offset, not by name or place */
  assert_string_equal(nf_safetensors_metadata(&s, "who"), "a test");
  assert_null(nf_safetensors_metadata(&s, "what"));
  assert_null(nf_safetensors_find(&s, "c"));
  const nf_safetensor *a = nf_safetensors_find(&s, "a"), *b = nf_safetensors_find(&s, "b");
  assert_true(a->dtype == NF_F64 && a->rank == 0 && a->size == 1);
  assert_true(b->dtype == NF_F32 && b->rank == 2 && b->dim[0] == 2 && b->dim[1] == 1);
  double value[2];
  check_ok(nf_safetensor_values(a, value));
  check_close("pi", value[0], 3.141592653589793, 0, 0);
  check_ok(nf_safetensor_values(b, value));
  check_close("b[0]", value[0], -1.5, 0, 0);
  check_close("b[1]", value[1], 0x1p-149, 0, 0);
  nf_safetensors_free(&s);
}

static void writes_the_literal_file(void **state) {
  (void)state;
  const double value[2] = {3.141592653589793, -2};
  const nf_saved_tensor t = {"w", 2, {1, 2}, value};
  const nf_metadata pair = {"k", "v"};
  nf_error e = {0};
  check_ok(nf_safetensors_write(folder_path("w"), 1, &t, 1, &pair, &e));
  const unsigned char values[16] = {0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40,
                                    0,    0,    0,    0,    0,    0,    0,    0xc0};
  const bytes right = file_of(
      "{\"__metadata__\":{\"k\":\"v\"},"
      "\"w\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[0,16]}}      ",
      values, sizeof values);
  unsigned char got[MOST];
  FILE *f = fopen(folder_path("w"), "rb");
  const size_t size = fread(got, 1, sizeof got, f);
  fclose(f);
  assert_int_equal(size % 8, 0);
  assert_int_equal(size, right.size);
  assert_memory_equal(got, right.byte, size);
}

static void values_come_back_bit_for_bit(void **state) {
  (void)state;
  enum { N = 3000 };
  static double value[N], back[N];
  uint64_t bits = 88172645463325252u;
  for (size_t i = 0; i < N; i++) { /* any bit pattern is a value, a NaN too */
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    memcpy(&value[i], &bits, 8);
  }
  const nf_saved_tensor t[2] = {{"x", 1, {N - 1}, value}, {"y", 0, {0}, value + N - 1}};
  nf_error e = {0};
  nf_safetensors s = {0};
  check_ok(nf_safetensors_write(folder_path("bits"), 2, t, 0, NULL, &e));
  check_ok(nf_safetensors_read(folder_path("bits"), &s, &e));
  check_ok(nf_safetensor_values(nf_safetensors_find(&s, "x"), back));
  check_ok(nf_safetensor_values(nf_safetensors_find(&s, "y"), back + N - 1));
  assert_memory_equal(value, back, sizeof value);
  nf_safetensors_free(&s);
}

/* --- what is refused ---------------------------------------------------------------------- */

/* Refused, by one line that begins with the path and holds `part`; the output is untouched. */
static void refuses(const void *byte, size_t size, const char *part) {
  unsigned char *exact = malloc(size > 0 ? size : 1); /* so that a step beyond is caught */
  memcpy(exact, byte, size);
  nf_safetensors s = {.n = 77};
  nf_error e = {0};
  nf_safetensors_parse("F", exact, size, &s, &e);
  assert_int_equal(s.n, 77);
  assert_null(s.tensor);
  assert_true(strncmp(e.message, "F: ", 3) == 0);
  if (strstr(e.message, part) == NULL) fail_msg("'%s' does not contain '%s'", e.message, part);
  check_failed(&e, NF_EFORMAT, "F: ");
  free(exact);
}

static void every_cut_is_refused(void **state) {
  (void)state;
  const bytes f = file_of(HEADER, data, sizeof data);
  for (size_t size = 0; size < f.size; size++) {
    nf_error e = {0};
    nf_safetensors s = {0};
    refuses(f.byte, size, size < 8 + strlen(HEADER) ? "no safetensors file" : "tensor '");
    folder_write("cut", f.byte, size);
    check_status(nf_safetensors_read(folder_path("cut"), &s, &e), NF_EFORMAT);
  }
  bytes longer = f;
  longer.size++;
  refuses(longer.byte, longer.size, "1 bytes after the last tensor, which ends at 16");
}

static void wrong_lengths_are_refused(void **state) {
  (void)state;
  bytes f = file_of(HEADER, data, sizeof data);
  const uint64_t length[] = {UINT64_MAX, (uint64_t)1 << 63, f.size - 7, f.size, UINT64_MAX - 7};
  for (int k = 0; k < 5; k++) {
    for (int i = 0; i < 8; i++) f.byte[i] = (unsigned char)(length[k] >> (8 * i));
    refuses(f.byte, f.size, "no safetensors file");
  }
}

#define T(text) "{\"t\":{" text "}}"
static void wrong_headers_are_refused(void **state) {
  (void)state;
  const struct {
    const char *header, *part;
  } bad[] = {
      {"", "no safetensors file, or one that is cut short"},
      {"{", "no safetensors file, or one that is cut short"},
      {"{ ", "no valid JSON"},
      {"[]", "must be a JSON object"},
      {" {}", "must be a JSON object"},
      {"{} x", "no valid JSON"},
      {"{\"t\":1}", "'t': it must have"},
      {T(""), "'t': it must have"},
      {T("'x':1"), "no valid JSON"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16],\"x\":1"), "nothing else"},
      {T("\"dtype\":\"F64\",\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]"), "duplicate"},
      {"{\"t\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
       "\"t\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
       "duplicate"},
      {T("\"dtype\":64,\"shape\":[2],\"data_offsets\":[0,16]"), "'t': its dtype is missing"},
      {T("\"dtypo\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]"), "'t': its dtype is missing"},
      {T("\"dtype\":\"F64\",\"shape\":2,\"data_offsets\":[0,16]"), "'t': its shape must be"},
      {T("\"dtype\":\"F64\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,16]"), "at most 8"},
      {T("\"dtype\":\"F64\",\"shape\":[-2],\"data_offsets\":[0,16]"), "'t': side 0"},
      {T("\"dtype\":\"F64\",\"shape\":[2,0],\"data_offsets\":[0,16]"), "span 16 bytes"},
      {T("\"dtype\":\"F64\",\"shape\":[0,-1],\"data_offsets\":[0,0]"), "'t': side 1"},
      {T("\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,16]"), "span 16 bytes"},
      {T("\"dtype\":\"F64\",\"shape\":[2.0],\"data_offsets\":[0,16]"), "'t': side 0"},
      {T("\"dtype\":\"F64\",\"shape\":[\"2\"],\"data_offsets\":[0,16]"), "'t': side 0"},
      {T("\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[0,16]"), "than the 2 that"},
      {T("\"dtype\":\"F64\",\"shape\":[2,4611686018427387905],\"data_offsets\":[0,16]"),
       "than the 2"},
      {T("\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,16]"),
       "than the 2"},
      {T("\"dtype\":\"F64\",\"shape\":[99999999999999999999],\"data_offsets\":[0,16]"), "no valid"},
      {T("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,16]"), "span 16 bytes"},
      {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,16]"), "span 16 bytes"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0]"), "two whole numbers"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16,16]"), "two whole numbers"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16.0]"), "two whole numbers"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[-16,0]"), "[-16, 0] leave the 16"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[16,0]"), "[16, 0] leave the 16"},
      {T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[8,24]"), "[8, 24] leave the 16"},
      {T("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]"), "begin at 8"},
      {T("\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]"), "8 bytes after the last"},
      {"{}", "16 bytes after the last"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]},"
       "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
       "'b': its data begin at 8; the tensor before it ends at 16"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]}}",
       "'b': its data begin at 8; the tensor before it ends at 4"},
      {"{\"__metadata__\":[]}", "__metadata__ must be an object"},
      {"{\"__metadata__\":{\"k\":1}}", "value of 'k' must be text"},
      {"{\"t\\u0000\":1}", "no valid JSON"},
      {"{\"\xff\":1}", "no valid JSON"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const bytes f = file_of(bad[i].header, data, sizeof data);
    refuses(f.byte, f.size, bad[i].part);
  }
  /* the same frame around a valid header is read, so it is the headers that were refused */
  const bytes f = file_of(T("\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16]"), data, 16);
  nf_safetensors s = {0};
  nf_error e = {0};
  check_ok(nf_safetensors_parse("F", f.byte, f.size, &s, &e));
  nf_safetensors_free(&s);
}

static void what_is_no_file_is_refused(void **state) {
  (void)state;
  nf_safetensors s = {0};
  nf_error e = {0};
  nf_safetensors_read(folder_path("none"), &s, &e);
  check_failed(&e, NF_EIO, "No such file");
  nf_safetensors_read(folder, &s, &e);
  check_failed(&e, NF_EIO, "a folder, not a file");
}

/* --- writing that fails ------------------------------------------------------------------- */

static int files_in_folder(void) {
  int n = 0;
  DIR *d = opendir(folder);
  while (readdir(d) != NULL) n++;
  closedir(d);
  return n;
}

static void a_full_disk_leaves_the_old_file(void **state) {
  (void)state;
  static double value[4000] = {1, 2, 3};
  nf_saved_tensor t = {"x", 1, {3}, value};
  nf_error e = {0};
  check_ok(nf_safetensors_write(folder_path("old"), 1, &t, 0, NULL, &e));
  const int files = files_in_folder();
  t.dim[0] = 4000;
  struct rlimit was, limit;
  getrlimit(RLIMIT_FSIZE, &was);
  limit = was;
  limit.rlim_cur = 8192;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  nf_safetensors_write(folder_path("old"), 1, &t, 0, NULL, &e);
  setrlimit(RLIMIT_FSIZE, &was);
  check_failed(&e, NF_EIO, "old: cannot write");
  assert_int_equal(files_in_folder(), files);
  nf_safetensors s = {0};
  check_ok(nf_safetensors_read(folder_path("old"), &s, &e));
  assert_int_equal(s.tensor[0].size, 3);
  nf_safetensors_free(&s);
}

/* The order of the data is not that of the names. */
static void tensors_are_found_by_name(void **state) {
  (void)state;
  const double value[] = {1};
  const nf_saved_tensor t[] = {{"10", 0, {0}, value}, {"9", 0, {0}, value}, {"1", 0, {0}, value}};
  nf_safetensors s = {0};
  check_ok(nf_safetensors_write(folder_path("names"), 3, t, 0, NULL, NULL));
  check_ok(nf_safetensors_read(folder_path("names"), &s, NULL));
  for (size_t i = 0; i < 3; i++) assert_ptr_equal(nf_safetensors_find(&s, t[i].name), &s.tensor[i]);
  assert_null(nf_safetensors_find(&s, "11"));
  nf_safetensors_free(&s);
  assert_null(nf_safetensors_find(&s, "1"));
}

static void names_are_checked_before_writing(void **state) {
  (void)state;
  const double value[1] = {1};
  const nf_saved_tensor twice[2] = {{"x", 1, {1}, value}, {"x", 1, {1}, value}};
  const nf_saved_tensor latin = {"\xe9", 1, {1}, value};
  const nf_metadata pair[2] = {{"k", "1"}, {"k", "2"}};
  const int files = files_in_folder();
  check_status(nf_safetensors_write(folder_path("n"), 2, twice, 0, NULL, NULL), NF_EINVAL);
  check_status(nf_safetensors_write(folder_path("n"), 1, &latin, 0, NULL, NULL), NF_EINVAL);
  check_status(nf_safetensors_write(folder_path("n"), 1, twice, 2, pair, NULL), NF_EINVAL);
  check_status(nf_safetensors_write(folder_path("no/n"), 1, twice, 0, NULL, NULL), NF_EIO);
  assert_int_equal(files_in_folder(), files);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_the_literal_file),
      cmocka_unit_test(writes_the_literal_file),
      cmocka_unit_test(values_come_back_bit_for_bit),
      cmocka_unit_test(every_cut_is_refused),
      cmocka_unit_test(wrong_lengths_are_refused),
      cmocka_unit_test(wrong_headers_are_refused),
      cmocka_unit_test(what_is_no_file_is_refused),
      cmocka_unit_test(a_full_disk_leaves_the_old_file),
      cmocka_unit_test(tensors_are_found_by_name),
      cmocka_unit_test(names_are_checked_before_writing),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
