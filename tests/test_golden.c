/* Every chapter program says, today, what its golden file says: the same names in the same order,
 * |value - golden| ≤ atol + rtol·|golden|. And every chapter program behaves: --help, --plot, an
 * unknown option, and the reader's pages. One test per chapter and property; the chapters are the
 * sources chapters/ch*.c, so one without a golden file fails, and so does a golden file without
 * a chapter. The programs are those of the build folder B. */
#include <glob.h>
#include <sys/wait.h>

#include "golden.h"

enum { OUTPUT = 1 << 23 };
typedef struct {
  int status;       /* exit status, or -1 */
  char out[OUTPUT]; /* what was caught */
} run_result;

/* Runs B/chapters/<chapter> with arguments; `redirect` says what is caught. */
static run_result *run(const char *chapter, const char *arguments, const char *redirect) {
  run_result *r = calloc(1, sizeof *r);
  const char *b = getenv("B");
  char command[800];
  snprintf(command, sizeof command, "'%s/chapters/%s' %s %s", b ? b : "build", chapter, arguments,
           redirect);
  FILE *f = r ? popen(command, "r") : NULL;
  if (!f) fail_msg("cannot run %s", command);
  const size_t n = fread(r->out, 1, OUTPUT - 1, f);
  r->out[n] = 0;
  const int status = pclose(f);
  r->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (n == OUTPUT - 1) fail_msg("%s: prints more than %d bytes", command, OUTPUT);
  return r;
}

static const char *const both = "2>&1", *const errors = "2>&1 >/dev/null";

static size_t count(const char *s, char c) {
  size_t n = 0;
  for (; *s; s++) n += *s == c;
  return n;
}

static void expect_status(const char *what, const run_result *r, int expected) {
  if (r->status == expected) return;
  fail_msg("%s: exit status %d, expected %d; it says\n%.2000s", what, r->status, expected, r->out);
}

/* --- the properties --------------------------------------------------------------------------- */

static void test_values(void **state) {
  const char *chapter = *state;
  char path[300];
  snprintf(path, sizeof path, "golden/%s.txt", chapter);
  golden_file *g = golden_read(path);
  run_result *r = run(chapter, "--csv", both);
  expect_status("--csv", r, 0);
  if (g->n == 0) fail_msg("%s has no quantity", path);
  size_t i = 0;
  for (char *line = strtok(r->out, "\n"); line; line = strtok(NULL, "\n"), i++) {
    char *comma = strchr(line, ','), *end = NULL;
    if (!comma) fail_msg("--csv prints '%s', not name,value", line);
    *comma = 0;
    const double value = strtod(comma + 1, &end);
    if (end == comma + 1 || *end) fail_msg("--csv: %s has the value '%s'", line, comma + 1);
    if (i >= g->n) fail_msg("%s is not in %s; `make golden` would add it", line, path);
    if (strcmp(line, g->q[i].name) != 0)
      fail_msg("quantity %zu is %s, but %s in %s", i + 1, line, g->q[i].name, path);
    check_close(line, value, g->q[i].value, g->q[i].atol, g->q[i].rtol);
  }
  if (i < g->n) fail_msg("--csv ends before %s of %s", g->q[i].name, path);
  free(r);
  free(g);
}

static void test_help(void **state) {
  run_result *r = run(*state, "--help", both);
  expect_status("--help", r, 0);
  if (strncmp(r->out, "usage: ", 7) != 0) fail_msg("--help starts '%.40s'", r->out);
  free(r);
}

static void test_unknown_option(void **state) {
  const char *const bad[] = {"--no-such-option", "stray", "--plot", "--plot no-such-plot", "--cs"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    run_result *r = run(*state, bad[i], errors);
    expect_status(bad[i], r, 2);
    if (count(r->out, '\n') != 1) fail_msg("%s: not one line on stderr but\n%s", bad[i], r->out);
    free(r);
    r = run(*state, bad[i], "2>/dev/null");
    if (r->out[0]) fail_msg("%s: stdout is not empty", bad[i]);
    free(r);
  }
}

/* Output that cannot be written is an error too. */
static void test_full_disk(void **state) {
  run_result *r = run(*state, "--csv", "2>&1 >/dev/full");
  expect_status("--csv > /dev/full", r, 2);
  assert_int_equal(count(r->out, '\n'), 1);
  free(r);
}

/* The reader's pages: a title, no complaint, no line wider than 100 columns. */
static void expect_pages(const char *chapter, const char *arguments, const char *part) {
  run_result *r = run(chapter, arguments, both);
  expect_status("the reader's pages", r, 0);
  if (!strstr(r->out, "Chapter ")) fail_msg("no title");
  if (!strstr(r->out, part)) fail_msg("no %s", part);
  for (char *line = strtok(r->out, "\n"); line; line = strtok(NULL, "\n")) {
    int columns = 0;
    for (const char *c = line; *c; c++) columns += ((unsigned char)*c & 0xC0) != 0x80;
    if (columns > 100) fail_msg("%d columns: %s", columns, line);
  }
  free(r);
}

static void test_reader(void **state) { expect_pages(*state, "", "──"); }
static void test_trace(void **state) { expect_pages(*state, "--trace", "running sum"); }

/* Every plot that --help names prints columns of numbers. */
static void test_plots(void **state) {
  run_result *help = run(*state, "--help", both);
  for (char *at = help->out; (at = strstr(at, "  --plot ")); at++) {
    char name[40], arguments[60];
    assert_int_equal(sscanf(at, " --plot %39s", name), 1);
    snprintf(arguments, sizeof arguments, "--plot %s", name);
    run_result *r = run(*state, arguments, both);
    expect_status(arguments, r, 0);
    if (count(r->out, '\n') < 4) fail_msg("%s prints next to nothing", arguments);
    for (char *word = strtok(r->out, " \n"); word; word = strtok(NULL, " \n")) {
      char *end;
      if (!isfinite(strtod(word, &end)) || *end) fail_msg("%s prints '%s'", arguments, word);
    }
    free(r);
  }
  free(help);
}

/* --- the list --------------------------------------------------------------------------------- */

/* A golden file belongs to a chapter. */
static void test_no_orphan(void **state) {
  const glob_t *chapters = *state;
  glob_t files;
  assert_int_equal(glob("golden/ch*.txt", 0, NULL, &files), 0);
  for (size_t i = 0; i < files.gl_pathc; i++) {
    bool found = false;
    const char *topic = files.gl_pathv[i] + strlen("golden/");
    const size_t n = strlen(topic) - strlen(".txt");
    for (size_t k = 0; k < chapters->gl_pathc; k++) {
      const char *source = chapters->gl_pathv[k] + strlen("chapters/");
      found = found || (strlen(source) == n + 2 && strncmp(source, topic, n) == 0);
    }
    if (!found) fail_msg("%s belongs to no chapter", files.gl_pathv[i]);
  }
  globfree(&files);
}

int main(void) {
  const struct {
    const char *name;
    CMUnitTestFunction run;
  } property[] = {{"values", test_values},
                  {"help", test_help},
                  {"unknown option", test_unknown_option},
                  {"full disk", test_full_disk},
                  {"reader", test_reader},
                  {"trace", test_trace},
                  {"plots", test_plots}};
  enum { PROPERTIES = sizeof property / sizeof *property, NAME = 120 };
  glob_t sources;
  if (glob("chapters/ch[0-9]*.c", 0, NULL, &sources) != 0) return 1;
  const size_t n = sources.gl_pathc, most = n * PROPERTIES + 1;
  struct CMUnitTest *tests = calloc(most, sizeof *tests);
  char(*name)[NAME] = calloc(most, sizeof *name), (*chapter)[NAME] = calloc(n, sizeof *chapter);
  if (!tests || !name || !chapter) return 1;
  tests[0] = (struct CMUnitTest){.name = "every golden file has its chapter",
                                 .test_func = test_no_orphan,
                                 .initial_state = &sources};
  for (size_t i = 0; i < n; i++) {
    snprintf(chapter[i], NAME, "%s", sources.gl_pathv[i] + strlen("chapters/"));
    chapter[i][strlen(chapter[i]) - 2] = 0;
    for (size_t p = 0; p < PROPERTIES; p++) {
      const size_t k = 1 + i * PROPERTIES + p;
      snprintf(name[k], NAME, "%.80s: %s", chapter[i], property[p].name);
      tests[k] = (struct CMUnitTest){
          .name = name[k], .test_func = property[p].run, .initial_state = chapter[i]};
    }
  }
  const int failed = _cmocka_run_group_tests("golden", tests, most, NULL, NULL);
  free(tests);
  free(name);
  free(chapter);
  globfree(&sources);
  return failed > 0;
}
