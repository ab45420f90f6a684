/* What nf_import refuses, with one line that names file, line or tensor: tables that are none,
 * lines that do not fit the model or the file, and files that do not fit the table. */
#include <math.h>

#include "import_dict.h"

static void refused(const char *words) {
  nf_error e = {0};
  assert_null(import(&e));
  check_failed(&e, NF_EFORMAT, words);
}

static void tables_that_do_not_fit_are_refused(void **state) {
  (void)state;
  char text[4096];
  write_dict(TENSORS, dict);
  write_table("shape = 3,5,2\n", table_lines), refused("table: |family = NAME");
  write_table(table_settings, "nonsense\n"),
      refused("table: line 16: not understood; a line is |NAME [AXES]");
  write_table(table_settings, "a <- b c d\n"), refused("line 16: not understood");
  write_table(table_settings, "width = 3\n"), refused("line 16: the setting is given twice");
  write_table(table_settings, "wdth = 3\n"), refused("'wdth' is no setting of this model");
  write_table(table_settings, "\xff = 3\n"), refused("line 16: not in UTF-8");
  write_table("family = glowing\n", ""), refused("'family' is 'glowing'; it must be nice or ");
  memset(text, 'a', sizeof text - 1), text[2000] = 0;
  write_table(table_settings, text), refused("line 16: ");
  write_table(table_settings, "*.log_f <- flows.{*-1}.scaling_factor\n");
  refused("table: no line for the flow's tensor '2.net.in.weight'");
  snprintf(text, sizeof text, "%sa.b <- c\n", table_lines);
  write_table(table_settings, text), refused("table: line 27: there is no tensor for it");
  snprintf(text, sizeof text, "%sunused <- flows.*.mask\n", table_lines);
  write_table(table_settings, text), refused("table: line 27: there is no tensor for it");
}

static void refused_with(size_t line, const char *other, const char *words) {
  write_table(table_settings, with_line(line, other));
  refused(words);
}

static void lines_that_do_not_fit_are_refused(void **state) {
  (void)state;
  write_dict(TENSORS, dict);
  refused_with(0, "*.log_f <- flows.{*}.scaling_factor\n",
               "dict: there is no tensor 'flows.4.scaling_factor', which line 16 of |/table names");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight\n",
               "line 17: 1 × 'flows.1.nn.0.weight' of 3×2×3×3; the flow's 'in.weight' is 3×3×3×2");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3\n",
               "line 17: axes '0,2,3'; |has 4");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,2,1\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3,4\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0;2,3,1\n", "line 17: axes");
  refused_with(3, "*.net.conv.weight <- flows.{*-1}.nn.1.net.1.weight 0,2,3,1\n",
               "line 19: 1 × |'conv.weight'");
  refused_with(5, "*.net.gate.weight <- flows.{*-1}.nn.{1,3,5}.net.3.weight\n", "line 21: 3 ×");
}

static void files_that_do_not_fit_are_refused(void **state) {
  (void)state;
  nf_saved_tensor more[TENSORS + 1];
  memcpy(more, dict, sizeof dict);
  more[TENSORS] = (nf_saved_tensor){"flows.9.mask", 1, {2}, value[0]};
  write_table(table_settings, table_lines);
  write_dict(TENSORS + 1, more);
  refused("dict: no line of |/table takes tensor 'flows.9.mask'");
  write_dict(TENSORS - 1, dict);
  refused("dict: there is no tensor 'flows.3.nn.6.bias', which line 26 of");
  const double was = value[2][1];
  value[2][1] = NAN;
  write_dict(TENSORS, dict);
  value[2][1] = was;
  refused("dict: tensor 'flows.1.nn.0.bias': value 1 is not finite");
  folder_write("dict", "x", 1);
  refused("dict: ");
  nf_error e = {0};
  assert_null(nf_import(folder_path("none"), folder_path("dict"), &e));
  check_failed(&e, NF_EIO, "none: No such file");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_that_do_not_fit_are_refused),
      cmocka_unit_test(lines_that_do_not_fit_are_refused),
      cmocka_unit_test(files_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests_name("import_errors", tests, make_dict, folder_remove);
}
