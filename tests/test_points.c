/* Points from CSV: every form that is read, and one line for each that is not. */
#include <unistd.h>

#include "folder.h"
#include "nf/data.h"

static void write_text(const char *text) { folder_write("p.csv", text, strlen(text)); }

static void reads(const char *text, size_t n, size_t d, const double *x, const char *names) {
  nf_points p = {0};
  nf_error e = {0};
  write_text(text);
  nf_points_read_csv(folder_path("p.csv"), &p, &e);
  if (e.status != NF_OK) fail_msg("%s: %s", text, e.message);
  if (p.n != n || p.d != d) fail_msg("%s: %zu points of R^%zu", text, p.n, p.d);
  check_array(text, p.x, x, n * d, 0, 0);
  char all[100] = "";
  for (size_t k = 0; p.column != NULL && k < d; k++)
    snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", k > 0 ? "|" : "", p.column[k]);
  assert_string_equal(all, names);
  nf_points_free(&p);
  assert_true(p.x == NULL && p.column == NULL && p.n == 0);
  nf_points_free(&p);
}

#define X(...) ((const double[]){__VA_ARGS__})

static void forms_that_are_read(void **state) {
  (void)state;
  reads("1,2\n3,4\n", 2, 2, X(1, 2, 3, 4), "");
  reads("1;2\n3;4", 2, 2, X(1, 2, 3, 4), "");
  reads("1\t2\n3\t4\n", 2, 2, X(1, 2, 3, 4), "");
  reads("  1   2 \n3 \t 4\n", 2, 2, X(1, 2, 3, 4), "");
  reads("1.5\n-2e-3\n", 2, 1, X(1.5, -2e-3), "");
  reads("x,y\n1, 2\n 3 ,4\n", 2, 2, X(1, 2, 3, 4), "x|y");
  reads("\"a b\";'c'\n1;2\n", 1, 2, X(1, 2), "a b|c");
  reads("\"a, b\",'c' , \"d\n1,2,3\n", 1, 3, X(1, 2, 3), "a, b|c|\"d");
  reads("\"a b\" c\n1 2\n", 1, 2, X(1, 2), "a b|c");
  reads("x, cm;y\n1;2\n", 1, 2, X(1, 2), "x, cm|y");
  reads("x\tcm;y\n1;2\n", 1, 2, X(1, 2), "x\tcm|y");
  reads("x, cm\ty\n1\t2\n", 1, 2, X(1, 2), "x, cm|y");
  reads("\"\",\"x\"\n\"1\",'2.5'\n\"2\", \"-3\" \n", 2, 2, X(1, 2.5, 2, -3), "|x");
  reads("\"1\",\"2\"\n\"3\",\"4\"\n", 2, 2, X(1, 2, 3, 4), "");
  reads("x y\n1 2\n", 1, 2, X(1, 2), "x|y");
  reads("# a comment\n\n x\ty # names\n1\t2 # a point\n \n", 1, 2, X(1, 2), "x|y");
  reads("1,2\r\n3,4\r\n", 2, 2, X(1, 2, 3, 4), "");
  reads("x,y # names\r\n\r\n1,2 # point\r\n3,4\r", 2, 2, X(1, 2, 3, 4), "x|y");
  reads("\xef\xbb\xbfx,y\n1,2\n", 1, 2, X(1, 2), "x|y");
  reads("\xef\xbb\xbf\n1\n", 1, 1, X(1), "");
  reads("sep=;\nx;y\n1;2\n", 1, 2, X(1, 2), "x|y");
  reads("\xef\xbb\xbfSEP=,\r\nx;y,z\r\n1,2\r\n", 1, 2, X(1, 2), "x;y|z");
  reads("\"sep=\t\"\n1\t2\n", 1, 2, X(1, 2), "");
  reads("sep=|\n\na, b|c;d\n1 | 2\n", 1, 2, X(1, 2), "a, b|c;d");
  reads("sep= \n1  2\n", 1, 2, X(1, 2), "");
  reads("sep=:\n1:2\n", 1, 2, X(1, 2), "");
  reads("sep=,y\n1,2\n", 1, 2, X(1, 2), "sep=|y");
  reads("0.1,1e308\n", 1, 2, X(0.1, 1e308), "");
  reads("+.5,5.,-0,4.9e-324,1e-999\n", 1, 5, X(.5, 5, 0, 4.9e-324, 0), "");
  reads("0.1000000000000000000000000000000000000000000000000000000000000000000000000000000", 1, 1,
        X(0.1), "");
}

static void forms_that_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } bad[] = {
      {"", "p.csv: no points"},
      {"# nothing\n\n", "p.csv: no points"},
      {"x,y\n", "p.csv: no points"},
      {"1,2\n3\n", "p.csv:2: 1 values; the lines before it have 2"},
      {"1,2\n3,4,5\n", "p.csv:2: 3 values; the lines before it have 2"},
      {"x,y\n1,2,3\n", "p.csv:2: 3 values; the lines before it have 2"},
      {"1,2\n3,four\n", "p.csv:2: column 2 is 'four'; it must be a finite number"},
      {"sep=;\n1,5;2,5\n", "p.csv:2: column 1 is '1,5'; a decimal comma must be a point"},
      {"sep=;\n1;2\n3\n", "p.csv:3: 1 values; the lines before it have 2"},
      {"sep=;\n", "p.csv: no points"},
      {"sep=.\n1.2\n", "p.csv:1: 'sep=' can be followed by a semicolon"},
      {"1,2\nsep=;\n", "p.csv:2: 1 values"},
      {"nan,nan\n1,2\n", "p.csv:1: column 1 is 'nan'"},
      {"1,5;2,5\n3;4\n", "p.csv:1: column 1 is '1,5'"},
      {"0x10,y\n1,2\n", "p.csv:1: column 1 is '0x10'"},
      {"1,2\n3,nan\n", "p.csv:2: column 2 is 'nan'"},
      {"1,2\n\n-inf,3\n", "p.csv:3: column 1 is '-inf'"},
      {"1,2\n3,\n", "p.csv:2: column 2 is empty"},
      {"1,2\n,3\n", "p.csv:2: column 1 is empty"},
      {"1,2\n3,1e999\n", "p.csv:2: column 2 is '1e999'"},
      {"1,2\n3,0x10\n", "p.csv:2: column 2 is '0x10'"},
      {"1;2\n3;1,5\n", "p.csv:2: column 2 is '1,5'; a decimal comma must be a point"},
      {"1,2\n3 4,5\n", "p.csv:2: column 1 is '3 4'"},
      {"1 2\n3 1,5\n", "p.csv:2: column 2 is '1,5'; a decimal comma must be a point"},
      {"1;2\n3;1,5,6\n", "p.csv:2: column 2 is '1,5,6'; it must be a finite number"},
      {"1\t2\n3\t\n", "p.csv:2: column 2 is empty"},
      {"1\t2\n\t3\n", "p.csv:2: column 1 is empty"},
      {"1 2\n3,4\n", "p.csv:2: 1 values"},
      {"x,1\n2,3\n", "p.csv:1: column 1 is 'x'"},
      {"x\n1\ny\n", "p.csv:3: column 1 is 'y'"},
      {"1\n1e\n", "p.csv:2: column 1 is '1e'"},
      {"1\n\"b\"\n", "p.csv:2: column 1 is 'b'"},
      {"1\n\"\"\n", "p.csv:2: column 1 is empty"},
      {"1\n\"2\n", "p.csv:2: column 1 is '\"2'"},
      {"1,2\r3,4\r", "p.csv:1: a carriage return inside the line"},
      {"# names\rx,y\r1,2\r", "p.csv:1: a carriage return inside the line"},
      {"1\n123456789012345678901234567890123456789éé",
       "is '123456789012345678901234567890123456789'"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    nf_points p = {.n = 7};
    nf_error e = {0};
    write_text(bad[i].text);
    nf_points_read_csv(folder_path("p.csv"), &p, &e);
    check_failed(&e, NF_EFORMAT, bad[i].words);
    assert_true(p.n == 7 && p.x == NULL && p.column == NULL);
  }
  nf_points p = {0};
  nf_error e = {0};
  nf_points_read_csv(folder_path("none.csv"), &p, &e);
  check_failed(&e, NF_EIO, "none.csv: No such file");
  nf_points_read_csv(folder, &p, &e);
  check_failed(&e, NF_EIO, "cannot read: Is a directory");
  folder_write("p.csv", "1,2\n3,\0004\n", 9);
  nf_points_read_csv(folder_path("p.csv"), &p, &e);
  check_failed(&e, NF_EFORMAT, "p.csv:2: a 0 byte");
}

/* More than one growth of every array, and lines longer than any buffer to begin with. */
static void many_points_and_long_lines(void **state) {
  (void)state;
  enum { N = 400, D = 300 };
  FILE *f = fopen(folder_path("large.csv"), "w");
  assert_non_null(f);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < D; k++) fprintf(f, "%d%c", i * D + k, k == D - 1 ? '\n' : ',');
  fclose(f);
  nf_points p = {0};
  check_ok(nf_points_read_csv(folder_path("large.csv"), &p, NULL));
  assert_true(p.n == N && p.d == D);
  for (int i = 0; i < N * D; i++) assert_true(p.x[i] == i);
  nf_points_free(&p);
}

static void standard_input(void **state) {
  (void)state;
  nf_points p = {0};
  write_text("x,y\n1,2\n");
  const int before = dup(0);
  assert_non_null(freopen(folder_path("p.csv"), "r", stdin));
  check_ok(nf_points_read_csv("-", &p, NULL));
  dup2(before, 0);
  close(before);
  assert_true(p.n == 1 && p.d == 2 && p.x[1] == 2);
  nf_points_free(&p);
}

/* examples/moons.csv has what its first line tells, to 4 decimals. */
static void the_example_is_drawn_from_the_toy(void **state) {
  (void)state;
  enum { N = 500 };
  double drawn[2 * N];
  nf_points p = {0};
  check_ok(nf_points_read_csv("examples/moons.csv", &p, NULL));
  assert_true(p.n == N && p.d == 2);
  nf_toy_sample(nf_toy_find("moons", NULL), 1, 0, N, drawn);
  check_array("moons", p.x, drawn, 2 * N, 0.5e-4 + 1e-12, 0);
  nf_points_free(&p);
}

static void under_a_comma_locale(void **state) {
  folder_comma_locale();
  forms_that_are_read(state);
  forms_that_are_refused(state);
  setlocale(LC_NUMERIC, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_that_are_read),
      cmocka_unit_test(forms_that_are_refused),
      cmocka_unit_test(many_points_and_long_lines),
      cmocka_unit_test(standard_input),
      cmocka_unit_test(the_example_is_drawn_from_the_toy),
      cmocka_unit_test(under_a_comma_locale),
  };
  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
