/* The documents are well formed: equations are numbered and say what computes them, math renders on
 * GitHub and in pandoc, tables have their cells, and exercises their answers. */
#include "documents.h"

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

int main(void) {
  const document_property property[] = {{"tables", test_tables, false},
                                        {"equations", test_equations, true},
                                        {"math", test_math, true},
                                        {"exercises", test_exercises, true}};
  return documents_run("notes", 4, property);
}
