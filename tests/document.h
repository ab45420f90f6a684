/* Reads a Markdown document so that a test can say "a number in prose" or "a name in code": every
 * byte of every line gets a part,
 *
 *   PROSE   what is read as words          COMMENT  <!-- … -->
 *   CODE    `code spans` and other blocks  TARGET   where a link leads
 *   MATH    $…$ and ```math blocks         FENCE    the ``` lines themselves
 *   EXCERPT ```text and ```c blocks
 *
 * Spans may not cross a line; one that does fails the running test, with file and line. */
#ifndef NF_TESTS_DOCUMENT_H
#define NF_TESTS_DOCUMENT_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum {
  PROSE = 'p',
  CODE = 'c',
  EXCERPT = 'e',
  MATH = 'm',
  COMMENT = 'x',
  TARGET = 't',
  FENCE = 'f'
};
typedef struct {
  char *text, *part; /* part[i] says what text[i] is, also of its final zero */
  const char *fence; /* for a fence that opens: its language, else NULL */
  int level;         /* of a heading, else 0 */
} document_line;
typedef struct {
  const char *path;
  size_t n;
  document_line *line;
} document;

#define fail_at(d, i, ...)                            \
  do {                                                \
    char what[400];                                   \
    snprintf(what, sizeof what, __VA_ARGS__);         \
    fail_msg("%s:%zu: %s", (d)->path, (i) + 1, what); \
  } while (0)

/* The whole file as one string, or NULL. */
static inline char *document_slurp(const char *path) {
  enum { MOST = 1 << 21 };
  FILE *f = fopen(path, "r");
  char *text = calloc(1, MOST);
  if (f == NULL || text == NULL || fread(text, 1, MOST - 1, f) == MOST - 1) return NULL;
  fclose(f);
  return text;
}

/* What kind of block the line is in: PROSE for Markdown's own lines. */
static inline char document_block(const document_line *l) { return l->part[strlen(l->text)]; }

static inline char document_fence(const char *language) {
  if (strcmp(language, "math") == 0) return MATH;
  return strcmp(language, "text") == 0 || strcmp(language, "c") == 0 ? EXCERPT : CODE;
}

/* Marks text[from …] up to and with `end`; returns what follows, or NULL. */
static inline char *document_mark(document_line *l, char *from, size_t skip, const char *end,
                                  char part) {
  char *stop = strstr(from + skip, end);
  if (stop == NULL) return NULL;
  stop += strlen(end);
  memset(l->part + (from - l->text), part, (size_t)(stop - from));
  return stop;
}

static inline void document_parts(const document *d, size_t i) {
  document_line *l = &d->line[i];
  for (char *c = l->text; *c != 0;) {
    char *next = c + 1;
    if (strncmp(c, "<!--", 4) == 0) next = document_mark(l, c, 4, "-->", COMMENT);
    if (strncmp(c, "](", 2) == 0) next = document_mark(l, c, 2, ")", TARGET);
    if (strncmp(c, "<http", 5) == 0) next = document_mark(l, c, 5, ">", TARGET);
    if (*c == '`') next = document_mark(l, c, 1, "`", CODE);
    if (*c == '$') next = document_mark(l, c, 1, "$", MATH);
    if (next == NULL) fail_at(d, i, "does not end on its line: %.60s", c);
    c = next;
  }
}

static inline document *document_read(const char *path) {
  char *text = document_slurp(path);
  document *d = calloc(1, sizeof *d);
  if (text == NULL || d == NULL) fail_msg("%s: cannot be read", path);
  size_t lines = 1;
  for (const char *c = text; *c != 0; c++) lines += *c == '\n';
  d->path = path;
  d->line = calloc(lines, sizeof *d->line);
  char inside = 0; /* a fence: the part of its lines */
  for (char *at = text; at != NULL && *at != 0;) {
    document_line *l = &d->line[d->n++];
    char *end = strchr(at, '\n');
    if (end != NULL) *end = 0;
    l->text = at;
    at = end != NULL ? end + 1 : NULL;
    l->part = malloc(strlen(l->text) + 1);
    const bool fence = strncmp(l->text, "```", 3) == 0;
    memset(l->part, fence ? FENCE : inside != 0 ? inside : PROSE, strlen(l->text) + 1);
    if (fence) {
      if (inside == 0) l->fence = l->text + 3;
      inside = inside != 0 ? 0 : document_fence(l->fence);
    } else if (inside == 0) {
      document_parts(d, d->n - 1);
      const size_t level = strspn(l->text, "#");
      if (level > 0 && l->text[level] == ' ') l->level = (int)level;
    }
  }
  if (inside != 0) fail_at(d, d->n - 1, "a ``` block is still open");
  return d;
}

static inline void document_free(document *d) {
  for (size_t i = 0; i < d->n; i++) free(d->line[i].part);
  free(d->n > 0 ? d->line[0].text : NULL);
  free(d->line);
  free(d);
}

/* The name that GitHub gives to a heading: lower case, spaces become -, punctuation goes. */
static inline void document_slug(const char *heading, char *slug, size_t size) {
  static const char *const wide[] = {"，", "。", "：", "、", "？", "！", "（", "）", "“",  "”",
                                     "‘",  "’",  "；", "·",  "…",  "–",  "—",  "《", "》", NULL};
  size_t n = 0;
  for (const char *c = heading + strspn(heading, "# "); *c != 0 && n + 1 < size; c++) {
    size_t skip = 0;
    for (int k = 0; wide[k] != NULL && skip == 0; k++)
      if (strncmp(c, wide[k], strlen(wide[k])) == 0) skip = strlen(wide[k]);
    if (skip > 0) {
      c += skip - 1;
      continue;
    }
    if (*c == ' ') slug[n++] = '-';
    if (isalnum((unsigned char)*c) || *c == '-' || *c == '_' || (*c & 0x80))
      slug[n++] = (char)tolower((unsigned char)*c);
  }
  slug[n] = 0;
}

#endif
