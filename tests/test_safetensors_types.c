/* safetensors beyond the literal file (test_safetensors.c): tensors of other types beside ours,
 * half precision, and a header of more than 16 MiB. */
#include <math.h>

#include "folder.h"
#include "io/checkpoint.h"

/* A file in memory: the header and 16 bytes of data. */
static size_t file_of(const char *header, const unsigned char data[16], unsigned char to[2048]) {
  const size_t length = strlen(header);
  assert_true(8 + length + 16 <= 2048);
  memset(to, 0, 8);
  to[0] = (unsigned char)length, to[1] = (unsigned char)(length >> 8);
  memcpy(to + 8, header, length);
  memcpy(to + 8 + length, data, 16);
  return 8 + length + 16;
}

/* Beside F32: int64, bool, bfloat16, a type of tomorrow, and arrays of no elements. */
static void other_types_may_stand_beside_ours(void **state) {
  (void)state;
  unsigned char byte[2048];
  const size_t size = file_of(
      "{\"count\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
      "\"none\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[8,8]},"
      "\"nothing\":{\"dtype\":\"BOOL\",\"shape\":[0],\"data_offsets\":[8,8]},"
      "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
      "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[12,13]},"
      "\"new\":{\"dtype\":\"F4\",\"shape\":[1048576,1048576,1048576],\"data_offsets\":[13,14]},"
      "\"half\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[14,16]}}",
      (const unsigned char[16]){7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xbf, 1, 9, 0x20, 0xc1}, byte);
  nf_safetensors s = {0};
  nf_error e = {0};
  double value;
  check_ok(nf_safetensors_parse("F", byte, size, &s, &e));
  assert_int_equal(s.n, 7);
  check_ok(nf_safetensor_values(nf_safetensors_find(&s, "w"), &value));
  check_close("F32", value, -1.5, 0, 0);
  check_ok(nf_safetensor_values(nf_safetensors_find(&s, "half"), &value));
  check_close("BF16", value, -10, 0, 0);
  check_ok(nf_safetensor_values(nf_safetensors_find(&s, "none"), &value));
  check_status(nf_safetensor_values(nf_safetensors_find(&s, "count"), &value), NF_EINVAL);
  assert_string_equal(nf_safetensors_find(&s, "count")->dtype_name, "I64");
  const nf_model large = nf_model_default(NF_GLOW, nf_image(64, 64, 3));
  assert_false(nf_model_is_plausible(&large, &s)); /* the 2⁶⁰ values of "new" are a claim */
  nf_safetensors_free(&s);
}

/* Half precision: bits and value, of IEEE 754. */
static void half_precision_is_converted_exactly(void **state) {
  (void)state;
  const struct {
    unsigned bits;
    double value;
  } half[] = {{0x3c00, 1},          {0xc000, -2},       {0x3555, 0x555p-12},
              {0x7bff, 65504},      {0x0400, 0x1p-14},  {0x0001, 0x1p-24},
              {0x83ff, -0x3ffp-24}, {0x7c00, INFINITY}, {0xfc00, -INFINITY}},
    brain[] = {{0x3f80, 1}, {0xc0a0, -5}, {0x0001, 0x1p-133}, {0x7f7f, 0xffp120}};
  for (size_t i = 0; i < 13; i++) {
    const bool is_half = i < 9;
    const unsigned bits = is_half ? half[i].bits : brain[i - 9].bits;
    const unsigned char byte[2] = {(unsigned char)bits, (unsigned char)(bits >> 8)};
    const nf_safetensor t = {.dtype = is_half ? NF_F16 : NF_BF16, .size = 1, .byte = byte};
    double value, right = is_half ? half[i].value : brain[i - 9].value;
    check_ok(nf_safetensor_values(&t, &value));
    assert_true(value == right);
  }
  double nan;
  const nf_safetensor t = {.dtype = NF_F16, .size = 1, .byte = (const unsigned char[]){1, 0x7c}};
  check_ok(nf_safetensor_values(&t, &nan));
  assert_true(isnan(nan));
}

/* More names than 16 MiB of header hold, each found at once. */
static void a_large_header_is_read(void **state) {
  (void)state;
  enum { N = 220000, NAME = 24 };
  const double value[1] = {1};
  nf_saved_tensor *t = calloc(N, sizeof *t);
  char(*name)[NAME] = calloc(N, sizeof *name);
  for (size_t i = 0; i < N; i++) {
    snprintf(name[i], NAME, "0.inner.%zu.weight", i);
    t[i] = (nf_saved_tensor){name[i], 1, {1}, value};
  }
  nf_error e = {0};
  nf_safetensors s = {0};
  check_ok(nf_safetensors_write(folder_path("large"), N, t, 0, NULL, &e));
  check_ok(nf_safetensors_read(folder_path("large"), &s, &e));
  assert_true(s.n == N && s.bytes[3] >= 1); /* 2²⁴ bytes and more */
  for (size_t i = 0; i < N; i++)
    if (nf_safetensors_find(&s, name[i]) != &s.tensor[i]) fail_msg("%s is another", name[i]);
  nf_safetensors_free(&s);
  free(t);
  free(name);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(other_types_may_stand_beside_ours),
      cmocka_unit_test(half_precision_is_converted_exactly),
      cmocka_unit_test(a_large_header_is_read),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
