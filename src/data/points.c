/* Points from text, one a line. The separator is decided once: by a first line such as "sep=;",
 * which Excel takes for its own, or by the first line that is not empty: a semicolon, a tab or a
 * comma if the line has one, in this order, else blanks. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"
#include "data/points.h"

typedef struct {
  const char *path;
  FILE *file;
  char *line; /* without its end, and what follows a '#' */
  size_t line_size, number;
  char **field; /* of the line, each ended by a 0 in it */
  size_t field_size, fields;
  char separator; /* ' ': blanks; 0: not decided */
  bool named;     /* a header names the columns */
  nf_points points;
  size_t x_size;
  nf_points_choice choose; /* NULL: all columns are used */
  void *context;
  bool *used; /* points.d, from the first line with fields on */
  nf_error *e;
} reader;

static int out_of_memory(const reader *r) {
  return nf_fail(r->e, NF_ENOMEM, "%s: out of memory", r->path);
}

/* The array with place for `needed` elements; NULL without memory, and the array is as it was. */
static void *grow(void *array, size_t *size, size_t needed, size_t element) {
  if (needed <= *size) return array;
  const size_t more = needed + needed / 2 + 64;
  void *larger = more <= SIZE_MAX / element ? realloc(array, more * element) : NULL;
  if (larger != NULL) *size = more;
  return larger;
}

static int read_line(reader *r, bool *end) {
  int c;
  size_t length = 0;
  do {
    char *line = grow(r->line, &r->line_size, length + 1, 1);
    if (line == NULL) return out_of_memory(r);
    r->line = line;
    c = getc(r->file);
    if (c == EOF && ferror(r->file))
      return nf_fail(r->e, NF_EIO, "%s: cannot read: %s", r->path, strerror(errno));
    if (c == 0)
      return nf_fail(r->e, NF_EFORMAT, "%s:%zu: a 0 byte; it must be text in UTF-8", r->path,
                     r->number + 1);
    line[length++] = (char)c;
  } while (c != EOF && c != '\n');
  *end = c == EOF;
  r->number++;
  r->line[length - 1] = 0;
  if (length > 1 && r->line[length - 2] == '\r') r->line[length - 2] = 0;
  if (strchr(r->line, '\r') == NULL) return NF_OK;
  return nf_fail(r->e, NF_EFORMAT, "%s:%zu: a carriage return inside the line", r->path, r->number);
}

/* A line "sep=" and a character, in quotes or not, gives the separator, and nothing else. */
static int read_separator(reader *r) {
  const char *sep = r->line + strspn(r->line, " \"");
  if (strncasecmp(sep, "sep=", 4) != 0 || sep[4] == 0 || (sep[5] != 0 && sep[5] != '"'))
    return NF_OK;
  r->separator = sep[4];
  *r->line = 0;
  if (strchr(";,\t |:", r->separator) != NULL) return NF_OK;
  return nf_fail(r->e, NF_EFORMAT,
                 "%s:1: 'sep=' can be followed by a semicolon, comma, tab, blank, colon or '|'",
                 r->path);
}

static char find_separator(const char *line) {
  for (const char *s = ";\t,"; *s != 0; s++)
    if (strchr(line, *s) != NULL) return *s;
  return ' ';
}

/* Where the separator is looked for: after the closing quote of a field that begins with one. */
static char *after_quotes(char *field) {
  char *close = *field == '"' || *field == '\'' ? strchr(field + 1, *field) : NULL;
  return close != NULL ? close + 1 : field;
}

static char *unquoted(char *field) {
  const size_t length = strlen(field);
  if (length < 2 || (*field != '"' && *field != '\'') || field[length - 1] != *field) return field;
  field[length - 1] = 0;
  return field + 1;
}

/* The field at *rest without the blanks and the quotes around it; *rest becomes the next one, or
 * NULL. */
static char *next_field(char separator, char **rest) {
  char *field = *rest + strspn(*rest, separator == '\t' ? " " : " \t"), *from = after_quotes(field);
  char *end = separator == ' ' ? from + strcspn(from, " \t") : strchr(from, separator);
  if (separator == ' ' && end[strspn(end, " \t")] == 0) *end = 0; /* blanks end the line */
  *rest = end != NULL && *end != 0 ? end + 1 : NULL;
  if (end == NULL) end = field + strlen(field);
  while (end > field && (end[-1] == ' ' || end[-1] == '\t')) end--;
  *end = 0;
  return unquoted(field);
}

static int split(reader *r) {
  r->fields = 0;
  for (char *rest = r->line; rest != NULL;) {
    char **field = grow(r->field, &r->field_size, r->fields + 1, sizeof *field);
    if (field == NULL) return out_of_memory(r);
    r->field = field;
    field[r->fields++] = next_field(r->separator, &rest);
  }
  return NF_OK;
}

/* Meant as a value: it begins as a number does, or is nan or inf, which are refused later. */
static bool is_value(const char *field) {
  field += *field == '-' || *field == '+';
  if (strcasecmp(field, "nan") == 0 || strcasecmp(field, "inf") == 0) return true;
  field += *field == '.';
  return *field >= '0' && *field <= '9';
}

static bool any_value(const reader *r) {
  for (size_t k = 0; k < r->fields; k++)
    if (is_value(r->field[k])) return true;
  return false;
}

static int read_header(reader *r) {
  nf_points *p = &r->points;
  p->column = calloc(r->fields, sizeof *p->column);
  if (p->column == NULL) return out_of_memory(r);
  p->d = r->fields;
  r->named = true;
  for (size_t k = 0; k < p->d; k++) {
    p->column[k] = strdup(r->field[k]);
    if (p->column[k] == NULL) return out_of_memory(r);
  }
  return NF_OK;
}

/* Bytes of a field that a message shows: all, or up to 40 that end between UTF-8 characters. */
static int shown(const char *field) {
  size_t n = strnlen(field, 40);
  while (n > 0 && ((unsigned char)field[n] & 0xc0) == 0x80) n--;
  return (int)n;
}

static int bad_value(const reader *r, size_t column, const char *field) {
  char copy[64], *comma;
  const char *single = sizeof(nf_real) == 4 ? " of single precision" : "";
  const char *other = r->choose != NULL && r->named ? ", or the column left out" : "";
  double value;
  snprintf(copy, sizeof copy, "%s", field);
  if ((comma = strchr(copy, ',')) != NULL) *comma = '.';
  if (*field == 0)
    return nf_fail(r->e, NF_EFORMAT, "%s:%zu: column %zu is empty; it must be a number%s", r->path,
                   r->number, column, other);
  if (comma != NULL && nf_read_real(copy, &value))
    return nf_fail(r->e, NF_EFORMAT,
                   "%s:%zu: column %zu is '%.*s'; a decimal comma must be a point", r->path,
                   r->number, column, shown(field), field);
  return nf_fail(r->e, NF_EFORMAT, "%s:%zu: column %zu is '%.*s'; it must be a finite number%s%s",
                 r->path, r->number, column, shown(field), field, single, other);
}

/* The number of columns is known, and their names, if any. Without names all must hold numbers: a
 * first line of text and years, say, is neither a header nor a point. */
static int choose_columns(reader *r) {
  nf_points *p = &r->points;
  p->d = r->fields;
  r->used = malloc(p->d * sizeof *r->used);
  if (r->used == NULL) return out_of_memory(r);
  for (size_t k = 0; k < p->d; k++) r->used[k] = true;
  if (r->choose != NULL && r->choose(p, r->used, r->context, r->e) != NF_OK)
    return nf_status_of(r->e);
  for (size_t k = 0; k < p->d; k++) r->used[k] = r->used[k] || !r->named;
  return NF_OK;
}

/* A column that is not used may hold anything. */
static int read_value(reader *r, size_t k, nf_real *x) {
  double value;
  *x = NAN;
  if (!r->used[k]) return NF_OK;
  if (!nf_read_real(r->field[k], &value) || !isfinite((nf_real)value))
    return bad_value(r, k + 1, r->field[k]);
  *x = (nf_real)value;
  return NF_OK;
}

static int read_point(reader *r) {
  nf_points *p = &r->points;
  if (r->fields != p->d)
    return nf_fail(r->e, NF_EFORMAT, "%s:%zu: %zu values; the lines before it have %zu", r->path,
                   r->number, r->fields, p->d);
  nf_real *x = grow(p->x, &r->x_size, (p->n + 1) * p->d, sizeof *x);
  if (x == NULL) return out_of_memory(r);
  p->x = x;
  for (size_t k = 0; k < p->d; k++)
    if (read_value(r, k, &x[p->n * p->d + k]) != NF_OK) return nf_status_of(r->e);
  p->n++;
  return NF_OK;
}

static int read_all(reader *r) {
  int status = NF_OK;
  for (bool end = false; status == NF_OK && !end;) {
    if ((status = read_line(r, &end)) != NF_OK) return status;
    if (r->number == 1 && strncmp(r->line, "\xef\xbb\xbf", 3) == 0) memset(r->line, ' ', 3);
    if (r->number == 1 && (status = read_separator(r)) != NF_OK) return status;
    r->line[strcspn(r->line, "#")] = 0;
    if (r->line[strspn(r->line, " \t")] == 0) continue;
    const bool first = r->points.d == 0;
    if (r->separator == 0) r->separator = find_separator(r->line);
    if ((status = split(r)) != NF_OK) return status;
    const bool header = first && !any_value(r);
    if (header) status = read_header(r);
    if (first && status == NF_OK) status = choose_columns(r);
    if (!header && status == NF_OK) status = read_point(r);
  }
  if (status != NF_OK || r->points.n > 0) return status;
  return nf_fail(r->e, NF_EFORMAT, "%s: no points: no line has a number", r->path);
}

int nf_points_read_csv_chosen(const char *path, nf_points_choice choose, void *context,
                              nf_points *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  const bool standard = strcmp(path, "-") == 0;
  reader r = {.path = standard ? "standard input" : path, .choose = choose, .context = context};
  nf_error own = {0};
  r.e = &own;
  r.file = standard ? stdin : fopen(path, "r");
  if (r.file == NULL) return nf_fail(e, NF_EIO, "%s: %s", path, strerror(errno));
  const int status = read_all(&r);
  if (!standard) fclose(r.file);
  free(r.line), free(r.field), free(r.used);
  if (status == NF_OK) {
    *out = r.points;
    return NF_OK;
  }
  nf_points_free(&r.points);
  return nf_fail(e, status, "%s", own.message);
}

int nf_points_read_csv(const char *path, nf_points *out, nf_error *e) {
  return nf_points_read_csv_chosen(path, NULL, NULL, out, e);
}

void nf_points_free(nf_points *points) {
  if (points == NULL) return;
  for (size_t k = 0; points->column != NULL && k < points->d; k++) free(points->column[k]);
  free(points->column);
  free(points->x);
  *points = (nf_points){0};
}
