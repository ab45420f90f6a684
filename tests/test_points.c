/* Points that are read from text, and what is said of text that holds none. */
#include "folder.h"
#include "nf/data.h"

static nf_error e;

static nf_points read_text(const char *text) {
  nf_points p = {0};
  folder_write("points.csv", text, strlen(text));
  nf_points_read_csv(folder_path("points.csv"), &p, &e);
  return p;
}

static void check_points(const char *text, size_t n, size_t d, const double *x) {
  nf_points p = read_text(text);
  check_no_error(&e);
  assert_int_equal(p.n, n);
  assert_int_equal(p.d, d);
  check_array(text, p.x, x, n * d, 0, 0);
  nf_points_free(&p);
  assert_null(p.x);
  nf_points_free(&p);
}

static const double x[] = {1, 2.5, -3e-2, 400};

static void commas_semicolons_tabs_and_blanks_separate(void **state) {
  (void)state;
  check_points("1,2.5\n-3e-2,400\n", 2, 2, x);
  check_points("1;2.5\n-.03;4e2\n", 2, 2, x);
  check_points("1\t2.5\n-3e-2\t400\n", 2, 2, x);
  check_points("1 2.5\n  -3e-2   +400  \n", 2, 2, x);
  check_points("1 ,\t2.5\n-3e-2; 400\n", 2, 2, x);
  check_points("1 2.5 -3e-2 400", 1, 4, x);
  check_points("1\n2.5\n-3e-2\n400", 4, 1, x);
}

static void comments_empty_lines_and_line_ends_do_not_count(void **state) {
  (void)state;
  check_points("# two points\n\n1,2.5 # the first\n \t\n#\n-3e-2,400", 2, 2, x);
  check_points("1,2.5\r\n\r\n-3e-2,400\r\n", 2, 2, x);
  check_points(
      "\xef\xbb\xbf"
      "1,2.5\n-3e-2,400\n",
      2, 2, x);
}

static void a_first_line_without_a_number_names_the_columns(void **state) {
  (void)state;
  nf_points p = read_text("# flowers\nlength, width (mm)\n1,2.5\n");
  check_failed(&e, NF_EFORMAT, "points.csv|line 3 has 2 values, line 2 has 3");
  p = read_text("length, width\n1,2.5\n");
  check_no_error(&e);
  assert_string_equal(p.column[0], "length");
  assert_string_equal(p.column[1], "width");
  check_array("x", p.x, x, 2, 0, 0);
  nf_points_free(&p);
  p = read_text("1,2.5\n");
  assert_null(p.column);
  nf_points_free(&p);
}

static void many_points(void **state) {
  (void)state;
  enum { N = 20000 };
  static char text[12 * N];
  size_t at = 0;
  for (int i = 0; i < N; i++) at += (size_t)sprintf(text + at, "%d,-%d\n", i, i);
  nf_points p = read_text(text);
  check_no_error(&e);
  assert_int_equal(p.n, N);
  for (int i = 0; i < N; i++) assert_true(p.x[2 * i] == i && p.x[2 * i + 1] == -i);
  nf_points_free(&p);
}

static void wrong_text_is_named_by_line_and_column(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } wrong[] = {
      {"", "points.csv: has no points"},
      {"# nothing\n\n", "has no points"},
      {"x,y\n", "has no points"},
      {"1,2\n3\n", "line 2 has 1 values, line 1 has 2"},
      {"x,y\n1,2,3\n", "line 2 has 3 values, line 1 has 2"},
      {"1,x\n", "line 1, column 2: 'x' is not a finite number"},
      {"x,y\n1,2\n\n3,nan\n", "line 4, column 2: 'nan'"},
      {"1,1e999\n", "line 1, column 2: '1e999'"},
      {"1,0x10\n", "line 1, column 2: '0x10'"},
      {"1,2\n3,inf\n", "line 2, column 2: 'inf'"},
      {"1,,2\n", "line 1, column 2: ''"},
      {"1,2,\n", "line 1, column 3: ''"},
      {",1\n", "line 1, column 1: ''"},
      {"1 2.5.1\n", "line 1, column 2: '2.5.1'"},
      {"1,\"2\"\n", "line 1, column 2: '\"2\"'"},
      {"1 0123456789012345678901234567890123456789x\n",
       "'0123456789012345678901234567890123456789'"},
  };
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    const nf_points p = read_text(wrong[k].text);
    check_failed(&e, NF_EFORMAT, wrong[k].words);
    assert_true(p.n == 0 && p.d == 0 && p.x == NULL && p.column == NULL);
  }
}

static void a_zero_byte_is_no_number(void **state) {
  (void)state;
  nf_points p = {0};
  folder_write("points.csv", "1,2\0003\n", 6);
  nf_points_read_csv(folder_path("points.csv"), &p, &e);
  check_failed(&e, NF_EFORMAT, "line 1, column 2: '2?3'");
}

static void files_that_cannot_be_read(void **state) {
  (void)state;
  nf_points p = {0};
  nf_points_read_csv(folder_path("none.csv"), &p, &e);
  check_failed(&e, NF_EIO, "none.csv: No such file");
  folder_mkdir("folder");
  nf_points_read_csv(folder_path("folder"), &p, &e);
  check_failed(&e, NF_EIO, "folder: Is a directory");
  assert_null(p.x);
}

static void minus_is_the_standard_input(void **state) {
  (void)state;
  folder_write("points.csv", "1,2.5\n", 6);
  assert_non_null(freopen(folder_path("points.csv"), "r", stdin));
  nf_points p = {0};
  nf_points_read_csv("-", &p, &e);
  check_no_error(&e);
  check_array("x", p.x, x, 2, 0, 0);
  nf_points_free(&p);
  nf_points_read_csv("-", &p, &e);
  check_failed(&e, NF_EFORMAT, "standard input: has no points");
}

static void an_error_that_is_set_stays(void **state) {
  (void)state;
  nf_error before = {.status = NF_ESHAPE};
  nf_points p = {0};
  folder_write("points.csv", "1,2.5\n", 6);
  assert_int_equal(nf_points_read_csv(folder_path("points.csv"), &p, &before), NF_ESHAPE);
  assert_null(p.x);
  assert_int_equal(nf_points_read_csv(folder_path("none.csv"), &p, NULL), NF_EIO);
}

static void the_example_is_drawn_from_the_toy(void **state) {
  (void)state;
  enum { N = 500 };
  double drawn[2 * N];
  nf_points p = {0};
  nf_points_read_csv("examples/moons.csv", &p, &e);
  check_no_error(&e);
  assert_true(p.n == N && p.d == 2);
  nf_toy_sample(nf_toy_find("moons", &e), 1, 0, N, drawn);
  check_array("moons", p.x, drawn, 2 * N, 0.5e-4 + 1e-12, 0);
  assert_string_equal(p.column[1], "y");
  nf_points_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(commas_semicolons_tabs_and_blanks_separate),
      cmocka_unit_test(comments_empty_lines_and_line_ends_do_not_count),
      cmocka_unit_test(a_first_line_without_a_number_names_the_columns),
      cmocka_unit_test(many_points),
      cmocka_unit_test(wrong_text_is_named_by_line_and_column),
      cmocka_unit_test(a_zero_byte_is_no_number),
      cmocka_unit_test(files_that_cannot_be_read),
      cmocka_unit_test(minus_is_the_standard_input),
      cmocka_unit_test(an_error_that_is_set_stays),
      cmocka_unit_test(the_example_is_drawn_from_the_toy),
  };
  return cmocka_run_group_tests_name("points", tests, folder_make, folder_remove);
}
