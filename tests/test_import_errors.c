/* What nf_import refuses, with one line that names file, line or tensor: tables that are none,
 * lines that do not fit the model or the file, and files that do not fit the table. */
#include <math.h>
#include <stdio.h>
#include <string.h>

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
  write_table(table_settings, "a -> b\n"), refused("line 16: not understood");
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

/* 1024 lines are read, and then there is none for a tensor of the flow. */
static void a_table_has_at_most_1024_lines_of_tensors(void **state) {
  (void)state;
  static char text[32768];
  write_dict(TENSORS, dict);
  for (int lines = 1024; lines <= 1025; lines++) {
    size_t length = (size_t)snprintf(text, sizeof text, "%s", table_settings);
    for (int k = 0; k < lines; k++)
      length += (size_t)snprintf(text + length, sizeof text - length, "unused <- t.%d\n", k);
    folder_write("table", text, length);
    refused(lines == 1024 ? "no line for the flow's tensor" : "table: more than 1024 tensors");
  }
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
  refused_with(0, "*.log_f <- flows.{*+9223372036854775807}.scaling_factor\n",
               "dict: there is no tensor 'flows.");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight\n",
               "line 17: 1 × 'flows.1.nn.0.weight' of 3×2×3×3; the flow's 'in.weight' is 3×3×3×2");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3\n",
               "line 17: axes '0,2,3'; |has 4");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,2,1\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3,1,1\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0,2,3,4\n", "line 17: axes");
  refused_with(1, "*.net.in.weight <- flows.{*-1}.nn.0.weight 0;2,3,1\n", "line 17: axes");
  refused_with(3, "*.net.conv.weight <- flows.{*-1}.nn.1.net.1.weight 0,2,3,1\n",
               "line 19: 1 × |'conv.weight'");
  refused_with(5, "*.net.gate.weight <- flows.{*-1}.nn.{1,3,5}.net.3.weight\n", "line 21: 3 ×");
}

/* A type that is not known says nothing of its size: a million million values in no byte are no
 * reason to make a model of so many. */
static void what_a_tensor_of_another_type_claims_does_not_count(void **state) {
  (void)state;
  char text[4096];
  static const char claim[] =
      "\x44\0\0\0\0\0\0\0{\"mask\":{\"dtype\":\"F4\",\"shape\":[1000000000000],\"data_offsets\":[0,"
      "0]}}";
  const char *width = strstr(table_settings, "width = 3");
  snprintf(text, sizeof text, "%.*swidth = 65536%s", (int)(width - table_settings), table_settings,
           width + strlen("width = 3"));
  folder_write("dict", claim, sizeof claim - 1);
  write_table(text, "unused <- mask\n");
  refused("table: its model has more parameters than the 0 values in |dict");
}

/* The first tensor of the dict is of integers. */
static void spoil_dtype(void) {
  static char bytes[1 << 20];
  FILE *f = fopen(folder_path("dict"), "rb");
  assert_non_null(f);
  const size_t size = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  char *at = bytes + 8; /* behind the header's length, where the text begins */
  while (memcmp(at, "F64", 3) != 0) at++;
  *at = 'I';
  folder_write("dict", bytes, size);
}

static void files_that_do_not_fit_are_refused(void **state) {
  (void)state;
  nf_saved_tensor more[TENSORS + 1];
  memcpy(more, dict, sizeof dict);
  more[TENSORS] = (nf_saved_tensor){"flows.9.mask", 1, {2}, value[0]};
  write_table(table_settings, table_lines);
  write_dict(TENSORS + 1, more);
  refused("dict: no line of |/table takes tensor 'flows.9.mask'");
  char text[4096];
  snprintf(text, sizeof text, "%sa.b <- flows.9.mask\n", table_lines);
  write_table(table_settings, text); /* a line without a tensor of the flow does not take it */
  refused("dict: no line of |/table takes tensor 'flows.9.mask'");
  snprintf(text, sizeof text, "%sunused <- flows.*.mask\n", table_lines);
  write_table(table_settings, text); /* but this one does */
  nf_error own = {0};
  nf_flow_free(import(&own));
  check_no_error(&own);
  write_table(table_settings, table_lines);
  write_dict(TENSORS - 1, dict);
  refused("dict: there is no tensor 'flows.3.nn.6.bias', which line 26 of");
  const double was = value[2][1];
  value[2][1] = NAN;
  write_dict(TENSORS, dict);
  value[2][1] = was;
  refused("dict: tensor 'flows.1.nn.0.bias': value 1 is not finite");
  write_dict(TENSORS, dict);
  spoil_dtype();
  refused("dict: tensor '|' is I64; F16, BF16, F32 and F64 can be read");
  folder_write("dict", "x", 1);
  refused("dict: ");
  nf_error e = {0};
  assert_null(nf_import(folder_path("none"), folder_path("dict"), &e));
  check_failed(&e, NF_EIO, "none: No such file");
  e = (nf_error){.status = NF_EDOM}; /* of a call before */
  write_dict(TENSORS, dict);
  assert_null(import(&e));
  assert_int_equal(e.status, NF_EDOM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tables_that_do_not_fit_are_refused),
      cmocka_unit_test(a_table_has_at_most_1024_lines_of_tensors),
      cmocka_unit_test(lines_that_do_not_fit_are_refused),
      cmocka_unit_test(what_a_tensor_of_another_type_claims_does_not_count),
      cmocka_unit_test(files_that_do_not_fit_are_refused),
  };
  return cmocka_run_group_tests_name("import_errors", tests, make_dict, folder_remove);
}
