/* Points from text: a line is a point, and between two of its values stands one comma or semicolon,
 * or else blanks or tabs. The text is read whole, and then line by line into one array (n, d). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "nf/data.h"

enum { CHUNK = 1 << 16, SHOWN = 40 };

typedef struct {
  const char *path;
  size_t line;     /* that is read, from 1 */
  size_t d_line;   /* the line that set d */
  size_t capacity; /* points that points.x has memory for */
  nf_points points;
  nf_error *e;
} reader;

static int no_memory(const reader *r) {
  return nf_fail(r->e, NF_ENOMEM, "%s: line %zu: no memory", r->path, r->line);
}

/* --- one line ------------------------------------------------------------------------------- */

static char *skip_blanks(char *c) { return c + strspn(c, " \t\r"); }

/* The next value of the line, ended by a zero, which may be empty; NULL when there is none. *rest
 * becomes what follows it, or NULL at the end of the line. */
static char *next_value(char **rest) {
  char *value = *rest;
  if (value == NULL) return NULL;
  char *end = value + strcspn(value, ",; \t\r"), *next = skip_blanks(end);
  const bool separated = *next == ',' || *next == ';';
  *rest = separated ? skip_blanks(next + 1) : *next != 0 ? next : NULL;
  *end = 0;
  return value;
}

static int add_names(reader *r, char *line) {
  nf_points *p = &r->points;
  for (char *name; (name = next_value(&line)) != NULL;) {
    char **column = realloc(p->column, (p->d + 1) * sizeof *column);
    if (column == NULL) return no_memory(r);
    p->column = column;
    column[p->d] = malloc(strlen(name) + 1);
    if (column[p->d] == NULL) return no_memory(r);
    strcpy(column[p->d++], name);
  }
  r->d_line = r->line;
  return NF_OK;
}

static bool reserve(reader *r) {
  nf_points *p = &r->points;
  if (p->n < r->capacity) return true;
  const size_t capacity = r->capacity > 0 ? 2 * r->capacity : 64;
  if (capacity > SIZE_MAX / p->d / sizeof *p->x) return false;
  nf_real *x = realloc(p->x, capacity * p->d * sizeof *x);
  if (x == NULL) return false;
  p->x = x;
  r->capacity = capacity;
  return true;
}

static int add_point(reader *r, char *line, size_t d) {
  nf_points *p = &r->points;
  if (r->d_line == 0) {
    r->d_line = r->line;
    p->d = d;
  }
  if (d != p->d)
    return nf_fail(r->e, NF_EFORMAT, "%s: line %zu has %zu values, line %zu has %zu", r->path,
                   r->line, d, r->d_line, p->d);
  if (!reserve(r)) return no_memory(r);
  for (size_t k = 0; k < d; k++) {
    const char *text = next_value(&line);
    double value;
    if (!nf_read_real(text, &value) || !isfinite((nf_real)value))
      return nf_fail(r->e, NF_EFORMAT, "%s: line %zu, column %zu: '%.*s' is not a finite number",
                     r->path, r->line, k + 1, SHOWN, text);
    p->x[p->n * d + k] = (nf_real)value;
  }
  p->n++;
  return NF_OK;
}

/* line ends with a zero; copy has memory for it. */
static int read_line(reader *r, char *line, char *copy) {
  line[strcspn(line, "#")] = 0;
  line = skip_blanks(line);
  if (*line == 0) return NF_OK;
  size_t values = 0, numbers = 0;
  double ignored;
  strcpy(copy, line);
  for (char *rest = copy, *value; (value = next_value(&rest)) != NULL; values++)
    numbers += nf_read_real(value, &ignored);
  const bool first = r->d_line == 0;
  return first && numbers == 0 ? add_names(r, line) : add_point(r, line, values);
}

/* --- the file ------------------------------------------------------------------------------- */

/* *text: all of the file and a zero; zeros in it become '?'. */
static int read_text(const char *path, FILE *f, char **text, nf_error *e) {
  size_t size = 0, capacity = 0, got;
  do {
    if (capacity - size <= CHUNK) {
      char *more = realloc(*text, capacity = 2 * capacity + 2 * CHUNK);
      if (more == NULL) return nf_fail(e, NF_ENOMEM, "%s: no memory for its text", path);
      *text = more;
    }
    got = fread(*text + size, 1, CHUNK, f);
    size += got;
  } while (got > 0);
  if (ferror(f)) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  (*text)[size] = 0;
  for (char *c; (c = memchr(*text, 0, size)) != NULL;) *c = '?';
  return NF_OK;
}

static int read_lines(reader *r, char *text) {
  char *copy = malloc(strlen(text) + 1);
  if (copy == NULL) return no_memory(r);
  int status = NF_OK;
  if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3; /* a byte order mark */
  while (status == NF_OK && *text != 0) {
    char *line = text;
    text += strcspn(text, "\n");
    if (*text != 0) *text++ = 0;
    r->line++;
    status = read_line(r, line, copy);
  }
  free(copy);
  if (status == NF_OK && r->points.n == 0)
    status = nf_fail(r->e, NF_EFORMAT, "%s: has no points", r->path);
  return status;
}

int nf_points_read_csv(const char *path, nf_points *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const bool standard = strcmp(path, "-") == 0;
  FILE *f = standard ? stdin : fopen(path, "rb");
  if (f == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  reader r = {.path = standard ? "standard input" : path, .e = e};
  char *text = NULL;
  int status = read_text(r.path, f, &text, e);
  if (!standard) fclose(f);
  if (status == NF_OK) status = read_lines(&r, text);
  free(text);
  if (status == NF_OK)
    *out = r.points;
  else
    nf_points_free(&r.points);
  return status;
}

void nf_points_free(nf_points *points) {
  if (points == NULL) return;
  for (size_t k = 0; points->column != NULL && k < points->d; k++) free(points->column[k]);
  free(points->column);
  free(points->x);
  *points = (nf_points){0};
}
