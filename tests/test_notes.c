/* The numbers in the documents are true, and the same in both languages:
 *
 *   1.2345<!-- ch02:log_p_x -->   |shown - golden| ≤ half a unit of the last shown digit        */
#include <glob.h>

#include "documents.h"
#include "golden.h"

/* ch02:log_p_x is log_p_x in golden/ch02_*.txt; pytorch_flows:… is in golden/pytorch_flows.txt. */
static const golden_quantity *lookup(const document *d, size_t i, const char *tag) {
  enum { FILES = 32 };
  static struct {
    char prefix[40];
    golden_file *file;
  } known[FILES];
  char prefix[40], name[64], pattern[80], rest;
  if (sscanf(tag, "%39[a-z0-9_]:%63[a-zA-Z0-9_]%c", prefix, name, &rest) != 2)
    fail_at(d, i, "'%s' is not a tag such as ch02:log_p_x", tag);
  int k = 0;
  while (k < FILES - 1 && known[k].file != NULL && strcmp(known[k].prefix, prefix) != 0) k++;
  if (known[k].file == NULL) {
    glob_t found;
    const bool chapter = strncmp(prefix, "ch", 2) == 0 && strlen(prefix) == 4;
    snprintf(pattern, sizeof pattern, chapter ? "golden/%s_*.txt" : "golden/%s.txt", prefix);
    if (glob(pattern, 0, NULL, &found) != 0) fail_at(d, i, "%s: there is no %s", tag, pattern);
    known[k].file = golden_read(found.gl_pathv[0]);
    strcpy(known[k].prefix, prefix);
    globfree(&found);
  }
  const golden_quantity *q = golden_find(known[k].file, name);
  if (q == NULL) fail_at(d, i, "%s is no golden quantity", tag);
  return q;
}

/* The next number at or after *at, in prose or math: *at moves behind it. */
typedef struct {
  const char *begin;
  double value;
  int decimals;
  bool in_math;
  char tag[110]; /* "" without one */
} number;

static bool next_number(const document_line *l, size_t *at, number *n) {
  const char *t = l->text;
  for (size_t i = *at; t[i] != 0; i++) {
    const bool readable = l->part[i] == PROSE || l->part[i] == MATH;
    const bool starts = i == 0 || !(isalnum((unsigned char)t[i - 1]) || strchr("._", t[i - 1]));
    if (!readable || !isdigit((unsigned char)t[i]) || !starts) continue;
    size_t end = i + strspn(t + i, "0123456789"), decimals = 0;
    if (t[end] == '.') decimals = strspn(t + end + 1, "0123456789");
    if (decimals > 0) end += 1 + decimals;
    *n = (number){t + i, strtod(t + i, NULL), (int)decimals, l->part[i] == MATH, ""};
    if (i > 0 && t[i - 1] == '-') n->value = -n->value;
    sscanf(t + end, "<!-- %100[^ ] -->", n->tag);
    *at = end;
    return true;
  }
  return false;
}

/* Every tagged number is its golden quantity, rounded; every `chNN:name` in code exists. */
static void test_numbers(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    number n;
    for (size_t at = 0; next_number(l, &at, &n);) {
      if (n.tag[0] == 0) continue;
      const double golden = lookup(d, i, n.tag)->value, half = 0.5 * pow(10, -n.decimals);
      if (!(fabs(n.value - golden) <= half * (1 + 1e-9)))
        fail_at(d, i, "%s is %.17g, not %.*f", n.tag, golden, n.decimals, n.value);
    }
    for (const char *c = l->text; (c = strstr(c, "`ch")) != NULL; c++) {
      char tag[110];
      if (l->part[c - l->text] == CODE && sscanf(c, "`%100[a-zA-Z0-9_:]`", tag) == 1 &&
          strchr(tag, ':') != NULL)
        lookup(d, i, tag);
    }
  }
}

/* A comment that says what a block or a command is. */
static bool is_mark(const char *comment) {
  static const char *const mark[] = {"output of ", "from ", "goes to ", "slow: ", "not run: "};
  for (size_t k = 0; k < sizeof mark / sizeof *mark; k++)
    if (strncmp(comment + strlen("<!-- "), mark[k], strlen(mark[k])) == 0) return true;
  return false;
}

/* A number with three or more decimals has a tag, and there is none in math; every comment is a
 * tag behind a number, or a mark. */
static void test_untagged(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    size_t tags = 0, comments = 0;
    number n;
    for (size_t at = 0; next_number(l, &at, &n);) {
      tags += n.tag[0] != 0;
      if (n.decimals >= 3 && n.in_math) fail_at(d, i, "%.12s stands in math", n.begin);
      if (n.decimals >= 3 && n.tag[0] == 0) fail_at(d, i, "%.12s has no tag", n.begin);
    }
    for (const char *c = l->text; (c = strstr(c, "<!--")) != NULL; c++)
      comments += l->part[c - l->text] == COMMENT && !is_mark(c);
    if (comments != tags) fail_at(d, i, "a comment that tags no number");
  }
}

/* The bones of a document: headings by level, displays and code line by line, rows of tables,
 * figures, and tags, in order. */
static char *bones(const document *d) {
  char *out = calloc(1, 1 << 20);
  assert_non_null(out);
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    if (l->level > 0) sprintf(out + strlen(out), "level %d\n", l->level);
    if (strchr((char[]){MATH, CODE, EXCERPT, 0}, document_block(l)) != NULL)
      sprintf(out + strlen(out), "%s\n", l->text);
    if (l->part[0] == PROSE && l->text[0] == '|') sprintf(out + strlen(out), "row\n");
    if (strncmp(l->text, "![", 2) == 0)
      sprintf(out + strlen(out), "figure%s\n", strstr(l->text, "]("));
    number n;
    for (size_t at = 0; next_number(l, &at, &n);)
      if (n.tag[0] != 0) sprintf(out + strlen(out), "%.*f %s\n", n.decimals, n.value, n.tag);
  }
  return out;
}

/* NOTES.zh.md has the sections, equations, tables, figures and quantities of NOTES.md. */
static void test_translation(void **state) {
  (void)state;
  if (access("NOTES.zh.md", F_OK) != 0) skip();
  document *english = document_read("NOTES.md"), *chinese = document_read("NOTES.zh.md");
  char *a = bones(english), *b = bones(chinese);
  for (char *x = a, *y = b; *x != 0 || *y != 0;) {
    const size_t m = strcspn(x, "\n"), n = strcspn(y, "\n");
    if (m != n || strncmp(x, y, m) != 0)
      fail_msg("NOTES.md has '%.*s' where NOTES.zh.md has '%.*s'", (int)m, x, (int)n, y);
    x += m + (x[m] != 0);
    y += n + (y[n] != 0);
  }
  free(a);
  free(b);
  document_free(english);
  document_free(chinese);
}

int main(void) {
  const document_property property[] = {{"numbers", test_numbers, false},
                                        {"untagged numbers", test_untagged, false}};
  const struct CMUnitTest translation[] = {{"translation", test_translation, NULL, NULL, NULL}};
  return documents_run("notes", 2, property) + cmocka_run_group_tests(translation, NULL, NULL) > 0;
}
