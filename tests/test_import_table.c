/* The table of nf_import by itself (io/import_table.h): patterns with a number, names that follow
 * from it, and the ways in which a file of lines can begin and end. */
#include "folder.h"
#include "io/import_table.h"

static void a_star_is_a_whole_number(void **state) {
  (void)state;
  static const struct {
    const char *pattern, *text;
    long number; /* -1: they do not match */
  } of[] = {{"a.b", "a.b", 7},        {"a.b", "a.c", -1},
            {"*.b", "0.b", 0},        {"*.b", "12.b", 12},
            {"x.*.b", "x.3.b", 3},    {"x.*", "x.31", 31},
            {"x.*.b", "y.3.b", -1},   {"x.*.b", "x..b", -1},
            {"x.*.b", "x.b", -1},     {"x.*.b", "x.3.c", -1},
            {"x.*.b", "x.3.b.c", -1}, {"x.*.b", "x.3a.b", -1},
            {"x.*.b", "x.-3.b", -1},  {"*.b", "1000000.b", 1000000},
            {"*.b", "1000001.b", -1}, {"*.b", "00000000000000000000000001.b", -1}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    uint64_t number = 7;
    const bool matches = nf_import_matches(of[i].pattern, of[i].text, &number);
    if (matches != (of[i].number >= 0) || (matches && (long)number != of[i].number))
      fail_msg("'%s' and '%s': %d, %d", of[i].pattern, of[i].text, matches, (int)number);
  }
}

static void names_follow_from_the_number(void **state) {
  (void)state;
  static const struct {
    const char *pattern;
    size_t k;
    const char *name; /* at 5; NULL: there are fewer */
  } of[] = {{"w", 0, "w"},
            {"w", 1, NULL},
            {"f.{*}.w", 0, "f.5.w"},
            {"f.{*+1}.{*-2}", 0, "f.6.3"},
            {"f.{*}.w", 1, NULL},
            {"n.{1,35,7}.w", 0, "n.1.w"},
            {"n.{1,35,7}.w", 1, "n.35.w"},
            {"n.{1,35,7}.w", 2, "n.7.w"},
            {"n.{1,35,7}.w", 3, NULL},
            {"f.{*+10}.{a,b}", 1, "f.15.b"},
            {"f.{*", 0, "f.5"}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    char name[NF_IMPORT_NAME] = "";
    const bool there = nf_import_name(of[i].pattern, 5, of[i].k, name);
    if (there != (of[i].name != NULL) || (there && strcmp(name, of[i].name) != 0))
      fail_msg("%zu of '%s': '%s'", of[i].k, of[i].pattern, name);
  }
  char longest[NF_IMPORT_NAME], name[2 * NF_IMPORT_NAME];
  memset(longest, '{', sizeof longest - 1), longest[sizeof longest - 1] = 0;
  for (size_t i = 0; i + 4 < sizeof longest; i += 3) memcpy(longest + i, "{*}", 3);
  memset(name, '#', sizeof name);
  assert_true(nf_import_name(longest, 123456, 0, name) && strlen(name) < NF_IMPORT_NAME);
  for (size_t i = NF_IMPORT_NAME; i < sizeof name; i++) assert_true(name[i] == '#');
}

static void reads(const char *text, int status, const char *words) {
  nf_error e = {0};
  nf_import_table t = {0};
  folder_write("table", text, strlen(text));
  assert_int_equal(nf_import_table_read(folder_path("table"), &t, &e), status);
  if (status == NF_OK) {
    assert_int_equal(t.n, 1);
    assert_string_equal(t.line[0].path, "a");
    assert_string_equal(t.line[0].name, "b");
    assert_string_equal(t.line[0].axes, "1,0");
    assert_string_equal(nf_safetensors_metadata(&t.settings, "k"), "v");
  } else {
    check_failed(&e, status, words);
  }
  nf_import_table_free(&t);
}

static void files_begin_and_end(void **state) {
  (void)state;
  char text[4096];
  reads("k = v\na <- b 1,0\n", NF_OK, NULL);
  reads("k = v\na <- b 1,0", NF_OK, NULL);               /* no newline at the end */
  reads("\xef\xbb\xbfk = v\na <- b 1,0\n", NF_OK, NULL); /* a BOM */
  reads("k = v\r\na <- b 1,0\r\n", NF_OK, NULL);         /* of Windows */
  reads("# a = b\n\n  k   =  v \n\ta <- b 1,0 \n", NF_OK, NULL);
  reads(
      "k = v\n\xef\xbb\xbf"
      "a <- b 1,0 x\n",
      NF_EFORMAT, "table: line 2: not understood");
  snprintf(text, sizeof text, "k = v\na <- b%1100s1,0\n", "");
  reads(text, NF_EFORMAT, "line 2: too long");
  nf_error e = {0};
  nf_import_table t = {0};
  assert_int_equal(nf_import_table_read(folder, &t, &e), NF_EIO); /* a folder */
  check_failed(&e, NF_EIO, "Is a directory");
  nf_import_table_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_star_is_a_whole_number),
      cmocka_unit_test(names_follow_from_the_number),
      cmocka_unit_test(files_begin_and_end),
  };
  return cmocka_run_group_tests_name("import_table", tests, folder_make, folder_remove);
}
