/* Numbers as text: what is read and what is not, what is written, and both under a locale whose
 * decimal point is a comma. */
#include <float.h>

#include "core/number.h"
#include "folder.h"

static void whole_numbers(void **state) {
  (void)state;
  const char *const bad[] = {"",
                             " 1",
                             "1 ",
                             "+1",
                             "-1",
                             "-0",
                             "1.0",
                             "1e3",
                             "0x1",
                             "x",
                             "1x",
                             "101",
                             "18446744073709551616"};
  uint64_t v = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (nf_read_whole(bad[i], 100, &v) || v != 7) fail_msg("'%s' is read as %d", bad[i], (int)v);
  assert_false(nf_read_whole("18446744073709551616", UINT64_MAX, &v) || v != 7);
  assert_true(nf_read_whole("18446744073709551615", UINT64_MAX, &v) && v == UINT64_MAX);
  assert_true(nf_read_whole("100", 100, &v) && v == 100);
  assert_true(nf_read_whole("0", 0, &v) && v == 0);
  assert_true(nf_read_whole("007", 7, &v) && v == 7);
}

static void real_numbers(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } good[] = {{"0", 0},
              {"-1.5", -1.5},
              {"+.5", .5},
              {"5.", 5},
              {"1E3", 1e3},
              {"1e+3", 1e3},
              {"2e-3", 2e-3},
              {"0.1", 0.1},
              {"1e-999", 0},
              {"4.9e-324", 0x1p-1074},
              {"0001", 1},
              {"9007199254740993", 9007199254740992.},
              {"1.7976931348623157e308", DBL_MAX}};
  const char *const bad[] = {"",    " 1",       "1 ",  "1,5", "1.5x", "x",     "nan",
                             "inf", "-inf",     "1e",  "1e+", "0x10", "1e999", "-1e999",
                             "..",  ".",        "-",   "e5",  "+-1",  "1.2.3", "1_0",
                             "1\n", "infinity", "1d3", "1f"};
  double v = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (nf_read_real(bad[i], &v) || v != 7) fail_msg("'%s' is read as %g", bad[i], v);
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!nf_read_real(good[i].text, &v) || v != good[i].value)
      fail_msg("'%s' is read as %.17g", good[i].text, v);
  assert_true(nf_read_real("-0", &v) && v == 0 && 1 / v < 0);
}

static void a_real_number_is_written_so_that_it_comes_back(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } known[] = {{0.05, "0.05"}, {0.1 + 0.2, "0.30000000000000004"}, {-3, "-3"}, {1e300, "1e+300"}};
  char text[NF_NUMBER];
  double back;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    nf_write_real(known[i].value, text);
    assert_string_equal(text, known[i].text);
  }
  for (uint64_t i = 0; i < 2000; i++) {
    const uint64_t bits = nf_random_bits(5, 6, i);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (value - value != 0) continue; /* NaN, infinite */
    nf_write_real(value, text);
    assert_true(nf_read_real(text, &back) && memcmp(&back, &value, sizeof back) == 0);
  }
}

static void numbers_under_a_comma_locale(void **state) {
  folder_comma_locale();
  char text[NF_NUMBER];
  snprintf(text, sizeof text, "%g", 0.5);
  assert_string_equal(text, "0,5"); /* the locale is in force, before and after */
  real_numbers(state);
  a_real_number_is_written_so_that_it_comes_back(state);
  snprintf(text, sizeof text, "%g", 0.5);
  assert_string_equal(text, "0,5");
  setlocale(LC_NUMERIC, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_numbers),
      cmocka_unit_test(real_numbers),
      cmocka_unit_test(a_real_number_is_written_so_that_it_comes_back),
      cmocka_unit_test(numbers_under_a_comma_locale),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
