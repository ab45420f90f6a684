/* Points from text, one a line. The separator is decided once, by the first line that is not empty:
 * a semicolon, a tab or a comma if the line has one, in this order, else blanks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "nf/data.h"

typedef struct {
  const char *path;
  FILE *file;
  char *line; /* without its end, and what follows a '#' */
  size_t size, number;
  char separator; /* ' ': blanks; 0: not decided */
  nf_points points;
  size_t capacity; /* values of points.x */
  nf_error *e;
} reader;

/* 1: a line with something in it; 0: the end; -1: an error */
static int next_line(reader *r) {
  for (size_t length = 0;;) {
    const int c = getc(r->file);
    if (c == EOF && ferror(r->file))
      return nf_fail(r->e, NF_EIO, "%s: cannot read: %s", r->path, strerror(errno)), -1;
    if (length + 1 >= r->size) {
      const size_t size = 2 * r->size + 256;
      char *more = realloc(r->line, size);
      if (more == NULL) return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path), -1;
      r->line = more;
      r->size = size;
    }
    if (c == 0)
      return nf_fail(r->e, NF_EFORMAT, "%s:%zu: a 0 byte; this is no text", r->path, r->number + 1),
             -1;
    if (c != EOF && c != '\n') {
      r->line[length++] = (char)c;
      continue;
    }
    r->line[length] = 0;
    if (c == EOF && length == 0) return 0;
    r->number++;
    if (r->number == 1 && strncmp(r->line, "\xef\xbb\xbf", 3) == 0) memset(r->line, ' ', 3);
    r->line[strcspn(r->line, "#\r")] = 0;
    if (r->line[strspn(r->line, " \t")] != 0) return 1;
    if (c == EOF) return 0;
    length = 0;
  }
}

static char find_separator(const char *line) {
  for (const char *s = ";\t,"; *s != 0; s++)
    if (strchr(line, *s) != NULL) return *s;
  return ' ';
}

/* The next field, without the blanks around it, ended in place; NULL: there is no more. */
static char *next_field(char separator, char **rest) {
  char *field = *rest;
  if (field == NULL) return NULL;
  field += strspn(field, separator == '\t' ? " " : " \t");
  char *end = separator == ' ' ? field + strcspn(field, " \t") : strchr(field, separator);
  if (separator == ' ' && *end != 0 && end[strspn(end, " \t")] == 0) *end = 0; /* the last */
  *rest = end != NULL && *end != 0 ? end + 1 : NULL;
  if (end == NULL) end = field + strlen(field);
  while (end > field && strchr(" \t", end[-1]) != NULL) end--;
  *end = 0;
  return field;
}

static bool any_number(const char *line, char separator) {
  char *copy = strdup(line), *rest = copy;
  bool any = false;
  double value;
  for (const char *field; (field = next_field(separator, &rest)) != NULL;)
    any = any || nf_read_real(field, &value);
  free(copy);
  return any;
}

static int read_header(reader *r) {
  char *rest = r->line;
  for (char *field; (field = next_field(r->separator, &rest)) != NULL;) {
    nf_points *p = &r->points;
    const size_t length = strlen(field);
    if (length >= 2 && (*field == '"' || *field == '\'') && field[length - 1] == *field) {
      field[length - 1] = 0;
      field++;
    }
    char **more = realloc(p->column, (p->d + 1) * sizeof *more), *name = strdup(field);
    if (more != NULL) p->column = more;
    if (more == NULL || name == NULL) {
      free(name);
      return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path);
    }
    p->column[p->d++] = name;
  }
  return NF_OK;
}

static int bad_value(const reader *r, size_t column, const char *field) {
  double value;
  char copy[64];
  snprintf(copy, sizeof copy, "%s", field);
  if (strchr(copy, ',') != NULL) *strchr(copy, ',') = '.';
  if (*field == 0)
    return nf_fail(r->e, NF_EFORMAT, "%s:%zu: column %zu is empty; it must be a number", r->path,
                   r->number, column);
  if (strchr(field, ',') != NULL && nf_read_real(copy, &value))
    return nf_fail(r->e, NF_EFORMAT,
                   "%s:%zu: column %zu is '%.40s'; a decimal comma must be a point", r->path,
                   r->number, column, field);
  return nf_fail(r->e, NF_EFORMAT, "%s:%zu: column %zu is '%.40s'; it must be a finite number",
                 r->path, r->number, column, field);
}

static int add_value(reader *r, size_t used, double value) {
  if (used == r->capacity) {
    const size_t capacity = 2 * r->capacity + 1024;
    nf_real *more =
        capacity < SIZE_MAX / sizeof *more ? realloc(r->points.x, capacity * sizeof *more) : NULL;
    if (more == NULL) return nf_fail(r->e, NF_ENOMEM, "%s: no memory for its points", r->path);
    r->points.x = more;
    r->capacity = capacity;
  }
  r->points.x[used] = (nf_real)value;
  return NF_OK;
}

static int read_point(reader *r) {
  nf_points *p = &r->points;
  char *rest = r->line;
  size_t column = 0;
  for (char *field; (field = next_field(r->separator, &rest)) != NULL;) {
    double value;
    if (p->d > 0 && ++column > p->d) continue; /* counted, for the message below */
    if (p->d == 0) column++;
    if (!nf_read_real(field, &value) || (nf_real)value - (nf_real)value != 0)
      return bad_value(r, column, field);
    if (add_value(r, p->n * p->d + column - 1, value) != NF_OK) return NF_ENOMEM;
  }
  if (p->d == 0) p->d = column;
  p->n++;
  if (column == p->d) return NF_OK;
  return nf_fail(r->e, NF_EFORMAT, "%s:%zu: %zu values; the lines before it have %zu", r->path,
                 r->number, column, p->d);
}

static int read_all(reader *r) {
  int more, status = NF_OK;
  while (status == NF_OK && (more = next_line(r)) != 0) {
    if (more < 0) return NF_EIO;
    const bool first = r->separator == 0;
    if (first) r->separator = find_separator(r->line);
    status = first && !any_number(r->line, r->separator) ? read_header(r) : read_point(r);
  }
  if (status == NF_OK && r->points.n == 0)
    status = nf_fail(r->e, NF_EFORMAT, "%s: no points: no line has a number", r->path);
  return status;
}

int nf_points_read_csv(const char *path, nf_points *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const bool standard = strcmp(path, "-") == 0;
  nf_error own = {0};
  reader r = {.path = standard ? "standard input" : path, .e = &own};
  r.file = standard ? stdin : fopen(path, "r");
  if (r.file == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  read_all(&r);
  if (!standard) fclose(r.file);
  free(r.line);
  if (own.status == NF_OK) {
    *out = r.points;
    return NF_OK;
  }
  nf_points_free(&r.points);
  return nf_fail(e, own.status, "%s", own.message);
}

void nf_points_free(nf_points *points) {
  if (points == NULL) return;
  for (size_t k = 0; points->column != NULL && k < points->d; k++) free(points->column[k]);
  free(points->column);
  free(points->x);
  *points = (nf_points){0};
}
