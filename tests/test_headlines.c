/* The golden values of chapters 1, 2, 3, 6 and 9 against the exact ones (golden/exact.txt): each
 * within its stated tolerance, and those that are computed by a few operations within
 *
 *   |golden - exact| ≤ 1e-15·max(1, |exact|)
 *
 * And the rounded values that the notes print: within half a unit of their last digit. */
#include "golden.h"

static const char *const with_exact_values[] = {"ch01_change_of_variables", "ch02_linear_affine",
                                                "ch03_affine_coupling", "ch06_logit_preprocessing",
                                                "ch09_pytorch_coupling"};
enum { FILES = sizeof with_exact_values / sizeof *with_exact_values };

static const golden_quantity *exact_of(const golden_file *exact, const char *file,
                                       const char *name) {
  char full[80];
  snprintf(full, sizeof full, "%.5s%s", file, name); /* ch02_log_p_x */
  const golden_quantity *q = golden_find(exact, full);
  if (!q) fail_msg("golden/exact.txt has no %s", full);
  return q;
}

static golden_file *chapter_file(const char *name) {
  char path[80];
  snprintf(path, sizeof path, "golden/%s.txt", name);
  return golden_read(path);
}

/* Where w is close to 1 the logit of a pixel has lost digits of 1 - w: three roundings, times
 * dy/dw. */
static double lost(const golden_file *exact, const char *name) {
  const char *pixel = strchr(name, '_');
  if (strncmp(name, "log_det_", 8) == 0) pixel = name + 7;
  char spread[40];
  snprintf(spread, sizeof spread, "ch06_spread%s", pixel ? pixel : "");
  const golden_quantity *q = golden_find(exact, spread);
  return q ? 3 * 0x1p-54 * exp(q->value) : 0;
}

static void golden_values_are_exact_within_their_tolerance(void **state) {
  (void)state;
  golden_file *exact = golden_read("golden/exact.txt");
  size_t count = 0;
  for (size_t k = 0; k < FILES; k++) {
    golden_file *g = chapter_file(with_exact_values[k]);
    for (size_t i = 0; i < g->n; i++, count++) {
      const golden_quantity *q = &g->q[i];
      const double value = exact_of(exact, with_exact_values[k], q->name)->value;
      check_close(q->name, q->value, value, q->atol, q->rtol);
      if (q->atol <= 1e-13 && q->rtol == 0)
        check_close(q->name, q->value, value, 1e-15 * fmax(1, fabs(value)) + lost(exact, q->name),
                    0);
    }
    free(g);
  }
  assert_true(count > 170);
  free(exact);
}
/* --- as the notes print them ---------------------------------------------------------------- */

static void rounded_values_of_the_notes_are_the_golden_ones(void **state) {
  (void)state;
  const struct {
    const char *file, *name, *shown;
  } note[] = {{"golden/ch02_linear_affine.txt", "z_1", "0.8"},
              {"golden/ch02_linear_affine.txt", "z_2", "-1.65"},
              {"golden/ch02_linear_affine.txt", "det_A", "2.95"},
              {"golden/ch02_linear_affine.txt", "log_abs_det", "1.0818"},
              {"golden/ch02_linear_affine.txt", "z_norm_sq", "3.3625"},
              {"golden/ch02_linear_affine.txt", "log_p_z", "-3.5191"},
              {"golden/ch02_linear_affine.txt", "log_p_x", "-2.4373"},
              {"golden/ch03_affine_coupling.txt", "z_1", "0.5"},
              {"golden/ch03_affine_coupling.txt", "z_2", "-1.1840"},
              {"golden/ch03_affine_coupling.txt", "det_J", "1.2840"},
              {"golden/ch03_affine_coupling.txt", "log_abs_det", "0.25"},
              {"golden/ch03_affine_coupling.txt", "z_norm_sq", "1.6519"},
              {"golden/ch03_affine_coupling.txt", "log_p_z", "-2.6638"},
              {"golden/ch03_affine_coupling.txt", "log_p_x", "-2.4138"},
              {"golden/ch06_logit_preprocessing.txt", "y", "0.0070312790"},
              {"golden/ch06_logit_preprocessing.txt", "log_det_logit", "1.2809462052"},
              {"golden/ch06_logit_preprocessing.txt", "without_squash", "-0.152"},
              {"golden/ch06_logit_preprocessing.txt", "mixed", "0.078"}};
  for (size_t i = 0; i < sizeof note / sizeof *note; i++) {
    golden_file *g = golden_read(note[i].file);
    const golden_quantity *q = golden_find(g, note[i].name);
    if (!q) fail_msg("no golden quantity %s", note[i].name);
    const char *digits = strchr(note[i].shown, '.') + 1;
    const double half_unit = 0.5 * pow(10, -(double)strlen(digits));
    check_close(note[i].name, q->value, strtod(note[i].shown, NULL), half_unit, 0);
    free(g);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(golden_values_are_exact_within_their_tolerance),
      cmocka_unit_test(rounded_values_of_the_notes_are_the_golden_ones)};
  return cmocka_run_group_tests(tests, NULL, NULL) > 0;
}
