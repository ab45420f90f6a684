/* The documents are true: what NOTES.md (and NOTES.zh.md), README.md and CONTRIBUTING.md say is
 * held against the golden files, the headers, the programs and the tree.
 *
 *   1.2345<!-- ch02:log_p_x -->   |shown - golden| ≤ half a unit of the last shown digit
 *
 * One test per document and property; each says in its comment what it demands. */
#include <glob.h>
#include <unistd.h>

#include "document.h"
#include "golden.h"

/* --- golden values by tag -------------------------------------------------------------------- */

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

/* A number with three or more decimals has a tag, and there is none in math; every comment is a
 * tag behind a number, or says whose output follows. */
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
      comments += l->part[c - l->text] == COMMENT && strncmp(c, "<!-- output of ", 15) != 0 &&
                  strncmp(c, "<!-- from ", 10) != 0;
    if (comments != tags) fail_at(d, i, "a comment that tags no number");
  }
}

/* --- names, links, commands ------------------------------------------------------------------- */

static char *all_headers(void) {
  static char *text;
  if (text != NULL) return text;
  text = calloc(1, 1 << 21);
  glob_t headers;
  assert_int_equal(glob("src/*/*.h", 0, NULL, &headers), 0);
  for (size_t k = 0; k < headers.gl_pathc; k++) {
    char *one = document_slurp(headers.gl_pathv[k]);
    assert_non_null(one);
    strcat(text, one);
    free(one);
  }
  globfree(&headers);
  return text;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }
static bool has_word(const char *text, const char *word, size_t n) {
  for (const char *c = text; (c = strstr(c, word)) != NULL; c++)
    if ((c == text || !is_word(c[-1])) && !is_word(c[n])) return true;
  return false;
}

/* Every nf_… and NF_… in code stands in a header of src/. */
static void test_functions(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    for (const char *c = l->text; *c != 0; c++) {
      char word[80];
      if (l->part[c - l->text] != CODE || (c > l->text && is_word(c[-1]))) continue;
      if (strncmp(c, "nf_", 3) != 0 && strncmp(c, "NF_", 3) != 0) continue;
      sscanf(c, "%79[a-zA-Z0-9_]", word);
      if (word[3] == 0) continue; /* nf_… */
      if (!has_word(all_headers(), word, strlen(word))) fail_at(d, i, "no header has %s", word);
    }
  }
}

static bool has_anchor(const char *path, const char *anchor) {
  document *d = document_read(path);
  bool found = false;
  for (size_t i = 0; i < d->n && !found; i++) {
    char slug[200];
    if (d->line[i].level == 0) continue;
    document_slug(d->line[i].text, slug, sizeof slug);
    found = strcmp(slug, anchor) == 0;
  }
  document_free(d);
  return found;
}

/* A figure of build/plots is there when its script is. */
static bool exists(const char *path) {
  char name[80], script[120];
  if (sscanf(path, "build/plots/%79[a-z0-9_].png", name) != 1) return access(path, F_OK) == 0;
  snprintf(script, sizeof script, "plots/%s.gp", name);
  return access(script, F_OK) == 0;
}

/* Every relative link leads to a file, and every anchor to a heading of it. */
static void test_links(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++)
    for (const char *c = d->line[i].text; (c = strstr(c, "](")) != NULL; c++) {
      char path[300] = "", anchor[200] = "";
      if (d->line[i].part[c - d->line[i].text] != TARGET) continue;
      if (sscanf(c, "](%299[^#)]#%199[^)]", path, anchor) == 0) sscanf(c, "](#%199[^)]", anchor);
      if (strncmp(path, "http", 4) == 0) continue;
      if (path[0] != 0 && !exists(path)) fail_at(d, i, "there is no %s", path);
      if (anchor[0] != 0 && !has_anchor(path[0] != 0 ? path : d->path, anchor))
        fail_at(d, i, "no heading makes #%s", anchor);
    }
}

/* A line "target:" in one of the makefiles. */
static bool is_target(const char *word) {
  static const char *const file[] = {"Makefile", "tests/rules.mk", "tests/mutants.mk"};
  char rule[140];
  bool found = false;
  snprintf(rule, sizeof rule, "\n%s:", word);
  for (size_t k = 0; k < sizeof file / sizeof *file && !found; k++) {
    char *text = document_slurp(file[k]);
    assert_non_null(text);
    found = strstr(text, rule) != NULL;
    free(text);
  }
  return found;
}

/* What stands in code can be found: the targets of make, the programs, the paths of the tree. */
static void test_commands(void **state) {
  static const char *const room[] = {"src/",  "chapters/", "golden/", "plots/", "tests/",
                                     "data/", "tools/",    "bench/",  NULL};
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    for (const char *c = l->text; *c != 0; c++) {
      char word[120], path[140];
      if (l->part[c - l->text] != CODE || (c > l->text && is_word(c[-1]))) continue;
      if (strncmp(c, "make ", 5) == 0)
        for (const char *t = c + 5 + strspn(c + 5, " "); islower((unsigned char)*t);
             t += strlen(word), t += strspn(t, " ")) {
          sscanf(t, "%110[a-z0-9_-]", word);
          if (t[strlen(word)] == '=') break;
          if (!is_target(word)) fail_at(d, i, "make has no target %s", word);
        }
      if (sscanf(c, "build/chapters/%100[a-z0-9_]", word) == 1) {
        snprintf(path, sizeof path, "chapters/%s.c", word);
        if (access(path, F_OK) != 0) fail_at(d, i, "there is no %s", path);
      }
      for (int k = 0; room[k] != NULL && (c == l->text || c[-1] != '/'); k++)
        if (strncmp(c, room[k], strlen(room[k])) == 0) {
          sscanf(c, "%119[a-zA-Z0-9_/.*-]", word);
          glob_t found;
          if (glob(word, 0, NULL, &found) != 0) fail_at(d, i, "there is no %s", word);
          globfree(&found);
        }
    }
  }
}

/* Where the lines of the block that opens on line i come from: the comment above it names a program
 * or a file. */
static FILE *open_source(const document *d, size_t i) {
  char what[120], command[300];
  const char *b = getenv("B"), *comment = i > 0 ? d->line[i - 1].text : "";
  if (sscanf(comment, "<!-- from %110[^ ] -->", what) == 1)
    snprintf(command, sizeof command, "cat '%s'", what);
  else if (sscanf(comment, "<!-- output of build/%110[^ ] -->", what) == 1)
    snprintf(command, sizeof command, "'%s/%s' 2>&1", b ? b : "build", what);
  else
    return NULL;
  return popen(command, "r");
}

/* Differences vary by machine and do not count. */
static bool same_line(const char *shown, const char *line) {
  const char *varies = strstr(shown, "difference");
  return varies != NULL ? strncmp(shown, line, (size_t)(varies - shown)) == 0
                        : strcmp(shown, line) == 0;
}

static bool is_gap(const char *shown) {
  shown += strspn(shown, " ");
  return strcmp(shown, "…") == 0 || strcmp(shown, "/* … */") == 0;
}

/* A ```text block shows what a program prints, and a ```c block what stands in a source file, line
 * by line; where lines are left out it says so by a line "…". */
static void test_excerpts(void **state) {
  enum { LINES = 4000 };
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const char *fence = d->line[i].fence;
    if (fence == NULL || document_fence(fence) != EXCERPT) continue;
    FILE *f = open_source(d, i);
    if (f == NULL)
      fail_at(d, i, "above ```%s: <!-- output of build/… --> or <!-- from … -->", fence);
    char *source[LINES] = {NULL}, line[1000];
    size_t n = 0;
    for (; n < LINES && fgets(line, sizeof line, f) != NULL; n++) {
      line[strcspn(line, "\n")] = 0;
      source[n] = strdup(line);
    }
    pclose(f);
    size_t at = 0; /* in the source */
    bool gap = true;
    for (size_t k = i + 1; document_block(&d->line[k]) == EXCERPT; k++) {
      const char *shown = d->line[k].text;
      if (is_gap(shown)) {
        gap = true;
        continue;
      }
      while (gap && at < n && !same_line(shown, source[at])) at++;
      if (at == n || !same_line(shown, source[at]))
        fail_at(d, k, "this line is not there, or not here");
      at++;
      gap = false;
    }
    while (n > 0) free(source[--n]);
  }
}

/* --- equations, tables, structure ------------------------------------------------------------- */

/* The chapter in which line i stands: N of the last heading "## N. …", or 0. */
static int chapter_at(const document *d, size_t i) {
  for (size_t k = i + 1; k-- > 0;)
    if (d->line[k].level > 0 && d->line[k].level <= 2) return atoi(d->line[k].text + 3);
  return 0;
}

/* Line i says **(c.k)**; k, or 0 */
static int label_at(const document *d, size_t i, int *chapter) {
  int k;
  return sscanf(d->line[i].text, "**(%d.%d)**", chapter, &k) == 2 ? k : 0;
}

/* Every display has a label line above it, (c.1), (c.2), … in chapter c, that names in code what
 * computes it: a function of the library, or a chapter's program. Every (c.k) in prose is one. */
static void test_equations(void **state) {
  enum { CHAPTERS = 20 };
  const document *d = *state;
  int last[CHAPTERS] = {0}, c, k;
  for (size_t i = 2; i < d->n; i++) {
    if (d->line[i].fence == NULL || strcmp(d->line[i].fence, "math") != 0) continue;
    k = label_at(d, i - 2, &c);
    if (k == 0) fail_at(d, i, "no label **(c.k)** two lines above this display");
    if (c != chapter_at(d, i) || k != ++last[c]) fail_at(d, i, "(%d.%d) is out of order", c, k);
    const char *label = d->line[i - 2].text;
    if (strstr(label, "`nf_") == NULL && strstr(label, "`ch0") == NULL)
      fail_at(d, i, "(%d.%d) does not say what computes it", c, k);
  }
  for (size_t i = 0; i < d->n; i++)
    for (const char *at = d->line[i].text; (at = strchr(at, '(')) != NULL; at++) {
      char close = 0;
      if (d->line[i].part[at - d->line[i].text] != PROSE) continue;
      if (sscanf(at, "(%d.%d%c", &c, &k, &close) != 3 || close != ')') continue;
      if (c < 0 || c >= CHAPTERS || k < 1 || k > last[c])
        fail_at(d, i, "there is no equation (%d.%d)", c, k);
    }
}

/* Math that GitHub and pandoc both render: inline, Markdown sees it first, so nothing there that
 * Markdown would take for its own; and no command that one of the two does not know. */
static void test_math(void **state) {
  const document *d = *state;
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    const bool display = document_block(l) == MATH;
    for (size_t at = 0; l->text[at] != 0; at++) {
      const char *c = l->text + at;
      if (l->part[at] != MATH) continue;
      if (strncmp(c, "\\operatorname", 13) == 0 || strncmp(c, "\\tag", 4) == 0)
        fail_at(d, i, "%.13s does not render everywhere", c);
      if (display) continue;
      if (strchr("|*<>", *c)) fail_at(d, i, "%c in inline math: %s", *c, c);
      if (*c == '\\' && !isalpha((unsigned char)c[1])) fail_at(d, i, "%.2s in inline math", c);
      if (*c == '_' && !isalnum((unsigned char)c[-1])) fail_at(d, i, "_ after %c inline", c[-1]);
      if (*c != '$') continue;
      if (at == 0 || l->part[at - 1] != MATH) { /* it opens */
        if (at > 0 && !strchr(" (", c[-1])) fail_at(d, i, "no space before %s", c);
        if (c[1] == ' ') fail_at(d, i, "a space after %s", c);
      } else if (l->part[at + 1] != MATH && !strchr(" ).,;:?!", c[1])) {
        fail_at(d, i, "%.4s closes inline math before a letter", c);
      }
    }
  }
}

static size_t bars(const char *s) {
  size_t n = 0;
  for (; *s != 0; s++) n += *s == '|';
  return n;
}

/* Every row of a table has the cells of its head: so no | stands inside a cell. */
static void test_tables(void **state) {
  const document *d = *state;
  for (size_t i = 1; i < d->n; i++) {
    const char *row = d->line[i].text, *above = d->line[i - 1].text;
    if (d->line[i].part[0] != PROSE || row[0] != '|' || above[0] != '|') continue;
    if (bars(row) != bars(above)) fail_at(d, i, "%zu bars under %zu", bars(row), bars(above));
  }
}

/* A chapter ends with exercises, and each exercise with an answer that a program or a golden file
 * gives. */
static void test_exercises(void **state) {
  const document *d = *state;
  size_t open = 0; /* line of the exercise that has no answer yet */
  bool in_exercises = false, any = true;
  for (size_t i = 0; i < d->n; i++) {
    const char *t = d->line[i].text;
    const bool item = in_exercises && isdigit((unsigned char)t[0]) && strchr(t, '.') != NULL;
    if ((item || d->line[i].level > 0) && open > 0) fail_at(d, open, "no answer is checked");
    if (d->line[i].level == 2) {
      if (!any) fail_at(d, i, "the chapter above has no exercises");
      any = chapter_at(d, i) == 0;
    }
    if (d->line[i].level > 0) in_exercises = false;
    if (d->line[i].level == 3 && (strstr(t, "Exercises") || strstr(t, "习题")))
      in_exercises = any = true;
    if (item) open = i;
    if (open > 0 && (strstr(t, "<!-- ch") || strstr(t, "`ch0") || strstr(t, "`build/"))) open = 0;
  }
}

/* --- the translation -------------------------------------------------------------------------- */

/* The bones of a document: headings by level, displays, and tags, in order. */
static char *bones(const document *d) {
  char *out = calloc(1, 1 << 20);
  assert_non_null(out);
  for (size_t i = 0; i < d->n; i++) {
    const document_line *l = &d->line[i];
    if (l->level > 0) sprintf(out + strlen(out), "level %d\n", l->level);
    if (document_block(l) == MATH) sprintf(out + strlen(out), "%s\n", l->text);
    number n;
    for (size_t at = 0; next_number(l, &at, &n);)
      if (n.tag[0] != 0) sprintf(out + strlen(out), "%.*f %s\n", n.decimals, n.value, n.tag);
  }
  return out;
}

/* NOTES.zh.md has the sections, equations and quantities of NOTES.md. */
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

static int setup(void **state) {
  *state = document_read(*state);
  return 0;
}
static int teardown(void **state) {
  document_free(*state);
  return 0;
}

int main(void) {
  static const char *const path[] = {"NOTES.md", "NOTES.zh.md", "README.md", "CONTRIBUTING.md"};
  static const struct {
    const char *name;
    CMUnitTestFunction run;
    bool notes_only;
  } property[] = {{"numbers", test_numbers, false},
                  {"untagged numbers", test_untagged, false},
                  {"functions", test_functions, false},
                  {"links", test_links, false},
                  {"commands", test_commands, false},
                  {"excerpts", test_excerpts, false},
                  {"tables", test_tables, false},
                  {"equations", test_equations, true},
                  {"math", test_math, true},
                  {"exercises", test_exercises, true}};
  enum {
    FILES = 4,
    PROPERTIES = sizeof property / sizeof *property,
    MOST = FILES * PROPERTIES + 1
  };
  static struct CMUnitTest tests[MOST];
  static char name[MOST][60];
  size_t n = 0;
  for (size_t i = 0; i < FILES; i++) {
    if (i == 1 && access(path[i], F_OK) != 0) continue; /* the translation may come later */
    for (size_t p = 0; p < PROPERTIES; p++) {
      if (property[p].notes_only && strncmp(path[i], "NOTES", 5) != 0) continue;
      snprintf(name[n], sizeof name[n], "%s: %s", path[i], property[p].name);
      tests[n] = (struct CMUnitTest){name[n], property[p].run, setup, teardown, (void *)path[i]};
      n++;
    }
  }
  tests[n++] = (struct CMUnitTest){.name = "translation", .test_func = test_translation};
  return _cmocka_run_group_tests("notes", tests, n, NULL, NULL) > 0;
}
