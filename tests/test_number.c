/* Numbers as text, and a checkpoint, are the same under a locale with a decimal comma. */
#include <float.h>
#include <inttypes.h>
#include <locale.h>

#include "core/number.h"
#include "fixture.h"
#include "folder.h"

/* One that is installed; else glibc's de_DE, compiled into the test's folder. */
static bool set_comma_locale(void) {
  static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
  char command[600];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (setlocale(LC_ALL, names[i]) != NULL) return true;
  snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' 2>/dev/null",
           folder);
  return system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
         setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
}

static void under_a_comma_locale(void (*test)(void **), void **state) {
  if (!set_comma_locale()) {
    print_message("no locale with a decimal comma is installed: skipped\n");
    skip();
  }
  assert_string_equal(localeconv()->decimal_point, ",");
  test(state);
  assert_string_equal(localeconv()->decimal_point, ","); /* the caller's locale is as it was */
  setlocale(LC_ALL, "C");
}

static void real_numbers_are_read(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } good[] = {
      {"0", 0},
      {"1.5", 1.5},
      {"-2e-3", -2e-3},
      {"+5", 5},
      {".5", 0.5},
      {"5.", 5},
      {"1E3", 1000},
      {"1e308", 1e308},
      {"9007199254740993", 9007199254740992.0}, /* halfway: to even */
      {"9007199254740993.000000001", 9007199254740994.0},
      {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
      {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
  };
  static const char *const bad[] = {"",    " 1",   "1 ",    "nan", "inf", "-inf", "0x10", "1e999",
                                    "1,5", "1.5e", "1.2.3", "--1", "e5",  ".",    "five"};
  double value;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    if (!nf_read_real(good[i].text, &value)) fail_msg("'%s' is not read", good[i].text);
    check_close(good[i].text, value, good[i].value, 0, 0);
  }
  value = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (nf_read_real(bad[i], &value) || value != 7) fail_msg("'%s' is read as %g", bad[i], value);
}

static void whole_numbers_are_read(void **state) {
  (void)state;
  static const char *const bad[] = {"",   "-1",  "+1",  " 1",
                                    "1 ", "1.0", "12a", "18446744073709551616"};
  uint64_t value = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (nf_read_whole(bad[i], UINT64_MAX, &value) || value != 7)
      fail_msg("'%s' is read as %" PRIu64, bad[i], value);
  assert_true(nf_read_whole("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
  assert_true(nf_read_whole("16", 16, &value) && value == 16);
  assert_false(nf_read_whole("17", 16, &value));
  assert_true(nf_read_whole("0", 0, &value) && value == 0);
}

static void numbers_that_are_written_are_read_again(void **state) {
  (void)state;
  static const double some[] = {0.05, 1e300, 0, DBL_MAX, -DBL_MIN, 0x1p-1074, 1.0 / 3};
  char text[NF_NUMBER];
  for (uint64_t i = 0; i < 20000; i++) {
    uint64_t bits = nf_random_bits(SEED, 1, i);
    double value, again;
    memcpy(&value, &bits, sizeof value);
    if (i < sizeof some / sizeof *some) value = some[i];
    if (!isfinite(value)) continue;
    nf_write_real(value, text);
    if (!nf_read_real(text, &again) || memcmp(&again, &value, sizeof value) != 0)
      fail_msg("%a is written as '%s'", value, text);
  }
  nf_write_real(0.05, text);
  assert_string_equal(text, "0.05");
  nf_write_real(1.0 / 3, text);
  assert_string_equal(text, "0.33333333333333331");
}

static void numbers_under_a_comma_locale(void **state) {
  under_a_comma_locale(real_numbers_are_read, state);
  under_a_comma_locale(whole_numbers_are_read, state);
  under_a_comma_locale(numbers_that_are_written_are_read_again, state);
}

static size_t read_all(const char *name, char *to, size_t size) {
  FILE *f = fopen(folder_path(name), "rb");
  assert_non_null(f);
  const size_t n = fread(to, 1, size, f);
  fclose(f);
  assert_true(n > 1000 && n < size);
  return n;
}

/* alpha and the plateau's values are the real numbers of a checkpoint. */
static void save_and_load(void **state) {
  (void)state;
  static char point_file[1 << 18], comma_file[1 << 18];
  nf_error e = {0};
  const char *before = setlocale(LC_ALL, NULL);
  char comma[100];
  snprintf(comma, sizeof comma, "%s", before);
  nf_flow *f = new_flow(&image);
  nf_trainer *t = new_trainer(f);
  train(t, &image, 4);
  nf_save(folder_path("comma"), f, t, &e);
  setlocale(LC_ALL, "C");
  nf_save(folder_path("point"), f, t, &e);
  setlocale(LC_ALL, comma);
  check_no_error(&e);
  const size_t n = read_all("point", point_file, sizeof point_file);
  assert_int_equal(read_all("comma", comma_file, sizeof comma_file), n);
  assert_memory_equal(comma_file, point_file, n);

  nf_flow *back = nf_load(folder_path("point"), &e);
  check_no_error(&e);
  nf_trainer *u = new_trainer(back);
  nf_load_into(folder_path("point"), back, u, &e);
  check_no_error(&e);
  check_close("alpha", nf_flow_model(back)->alpha, image.alpha, 0, 0);
  check_same_training(t, u);
  nf_trainer_free(u), nf_flow_free(back);
  nf_trainer_free(t), nf_flow_free(f);
}

static void a_checkpoint_under_a_comma_locale(void **state) {
  under_a_comma_locale(save_and_load, state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(real_numbers_are_read),
      cmocka_unit_test(whole_numbers_are_read),
      cmocka_unit_test(numbers_that_are_written_are_read_again),
      cmocka_unit_test(numbers_under_a_comma_locale),
      cmocka_unit_test(a_checkpoint_under_a_comma_locale),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
