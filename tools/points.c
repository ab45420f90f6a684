/* Points of one's own, from a file: which of its columns are used, and their names.
 *
 * A name must stand in the header of a CSV file and in a list with commas. So characters that mean
 * something there become '_', and a column without a name of its own, K counted from 1, is x_K. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/nearest.h"
#include "core/number.h"
#include "data/points.h"

bool cli_points_in_file(const char *spec) {
  return strncmp(spec, "csv:", 4) == 0 || strncmp(spec, "npy:", 4) == 0;
}

static bool is_utf8(const char *text) {
  json_t *j = json_string(text);
  json_decref(j);
  return j != NULL;
}

static void fit(char *name) {
  const bool utf8 = is_utf8(name);
  for (unsigned char *c = (unsigned char *)name; *c != 0; c++)
    if (*c < ' ' || *c == 127 || strchr(",;#\"'", *c) != NULL || (!utf8 && *c >= 128)) *c = '_';
}

/* Whether name k cannot serve: it is empty, a number, or the name of a column before it. */
static bool is_no_name(const nf_points *p, size_t k) {
  double value;
  if (*p->column[k] == 0 || nf_read_real(p->column[k], &value)) return true;
  for (size_t i = 0; i < k; i++)
    if (strcmp(p->column[i], p->column[k]) == 0) return true;
  return false;
}

static int name_columns(const char *spec, nf_points *p, nf_error *e) {
  enum { NAME = 24 };
  if (p->column == NULL) p->column = calloc(p->d, sizeof *p->column);
  for (size_t k = 0; p->column != NULL && k < p->d; k++) {
    if (p->column[k] != NULL) fit(p->column[k]);
    if (p->column[k] != NULL && !is_no_name(p, k)) continue;
    free(p->column[k]);
    p->column[k] = malloc(NAME);
    if (p->column[k] == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", spec);
    snprintf(p->column[k], NAME, "x_%zu", k + 1);
  }
  return p->column != NULL ? NF_OK : nf_fail(e, NF_ENOMEM, "%s: out of memory", spec);
}

/* The names of the columns index[0 … n-1], of all columns when index is NULL, as "a,b,c"; NULL
 * without memory. */
static char *join(const nf_points *p, size_t n, const size_t *index) {
  size_t size = 1;
  for (size_t i = 0; i < n; i++) size += strlen(p->column[index != NULL ? index[i] : i]) + 1;
  char *text = calloc(size, 1), *to = text;
  for (size_t i = 0; text != NULL && i < n; i++)
    to += sprintf(to, "%s%s", i > 0 ? "," : "", p->column[index != NULL ? index[i] : i]);
  return text;
}

/* A name, K or x_K, first looked for at `likely`; p->d when there is no such column. */
static size_t find_column(const nf_points *p, const char *name, size_t likely) {
  uint64_t number;
  if (likely < p->d && strcmp(p->column[likely], name) == 0) return likely;
  for (size_t k = 0; k < p->d; k++)
    if (strcmp(p->column[k], name) == 0) return k;
  if (strncmp(name, "x_", 2) == 0) name += 2;
  return nf_read_whole(name, p->d, &number) && number > 0 ? (size_t)number - 1 : p->d;
}

static int no_column(const char *spec, const nf_points *p, const char *name, nf_error *e) {
  char *all = join(p, p->d, NULL), near[NF_NEAREST];
  nf_nearest_text("", nf_nearest(name, p->d, (const char *const *)p->column), near);
  nf_fail(e, NF_EINVAL, "%s: there is no column '%.60s'%s; columns: %.400s", spec, name, near,
          all != NULL ? all : "");
  free(all);
  return NF_EINVAL;
}

/* The next name of a list with commas, ended in place; *rest is then NULL when it was the last. */
static char *next_name(char **rest) {
  char *name = *rest;
  *rest = strchr(name, ',');
  if (*rest != NULL) *(*rest)++ = 0;
  fit(name);
  return name;
}

/* The columns of p that are listed, *n of them, into index. used has d times false. */
static int find_columns(const char *spec, const nf_points *p, char *list, size_t *n, size_t *index,
                        bool *used, nf_error *e) {
  *n = 0;
  for (char *rest = list; rest != NULL;) {
    const char *name = next_name(&rest);
    const size_t k = find_column(p, name, *n);
    if (k == p->d) return no_column(spec, p, name, e);
    if (used[k]) return nf_fail(e, NF_EINVAL, "%s: column '%.60s' twice", spec, name);
    used[k] = true;
    index[(*n)++] = k;
  }
  return NF_OK;
}

/* A file without a header takes as many names as it has columns from the list, in their order. */
static int rename_columns(const char *spec, nf_points *p, char *list, nf_error *e) {
  for (size_t k = 0; k < p->d; k++) {
    free(p->column[k]);
    p->column[k] = strdup(next_name(&list));
    if (p->column[k] == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", spec);
  }
  return NF_OK;
}

static size_t length_of(const char *list) {
  size_t n = 1;
  for (; *list != 0; list++) n += *list == ',';
  return n;
}

static int copy_columns(const char *spec, const nf_points *p, size_t n, const size_t *index,
                        cli_data *d, nf_error *e) {
  if (!nf_shape_valid(nf_point(n))) return nf_fail(e, NF_ESHAPE, "%s: %zu columns", spec, n);
  d->n = p->n;
  d->shape = nf_point(n);
  d->columns = join(p, n, index);
  d->point = malloc(p->n * n * sizeof *d->point);
  if (d->columns == NULL || d->point == NULL)
    return nf_fail(e, NF_ENOMEM, "%s: out of memory", spec);
  for (size_t i = 0; i < p->n; i++)
    for (size_t k = 0; k < n; k++) d->point[i * n + k] = p->x[i * p->d + index[k]];
  return NF_OK;
}

typedef struct {
  const char *spec, *list; /* list NULL: all columns */
  size_t n, *index;        /* those of the list, in its order; to be freed */
} selection;

static int find_or_rename(nf_points *p, bool named, char *copy, char *again, bool *used,
                          selection *s, nf_error *e) {
  nf_error own = {0};
  for (size_t k = 0; k < p->d; k++) used[k] = false;
  if (find_columns(s->spec, p, copy, &s->n, s->index, used, &own) == NF_OK) return NF_OK;
  if (named || length_of(s->list) != p->d) return nf_fail(e, own.status, "%s", own.message);
  for (s->n = 0; s->n < p->d; s->n++) s->index[s->n] = s->n, used[s->n] = true;
  return rename_columns(s->spec, p, again, e);
}

static int select_columns(nf_points *p, bool *used, void *of, nf_error *e) {
  selection *s = of;
  const bool named = p->column != NULL;
  if (name_columns(s->spec, p, e) != NF_OK) return nf_status_of(e);
  s->index = malloc(p->d * sizeof *s->index);
  if (s->index == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", s->spec);
  for (s->n = 0; s->n < p->d; s->n++) s->index[s->n] = s->n;
  if (s->list == NULL) return NF_OK;
  char *copy = strdup(s->list), *again = strdup(s->list);
  if (copy == NULL || again == NULL)
    nf_fail(e, NF_ENOMEM, "%s: out of memory", s->spec);
  else
    find_or_rename(p, named, copy, again, used, s, e);
  free(copy), free(again);
  return nf_status_of(e);
}

static int read_npy(const char *path, selection *s, nf_points *p, nf_error *e) {
  if (nf_points_read_npy(path, p, e) != NF_OK) return nf_status_of(e);
  bool *used = malloc(p->d * sizeof *used);
  if (used == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", s->spec);
  select_columns(p, used, s, e);
  free(used);
  return nf_status_of(e);
}

int cli_points_load(const char *spec, const char *columns, cli_data *d, nf_error *e) {
  nf_points p = {0};
  selection s = {.spec = spec, .list = columns};
  if (strncmp(spec, "npy:", 4) == 0)
    read_npy(spec + 4, &s, &p, e);
  else
    nf_points_read_csv_chosen(spec + 4, select_columns, &s, &p, e);
  if (nf_status_of(e) == NF_OK) copy_columns(spec, &p, s.n, s.index, d, e);
  free(s.index);
  nf_points_free(&p);
  return nf_status_of(e);
}

const char *cli_column_names(const nf_checkpoint *c) {
  const char *list = nf_safetensors_metadata(&c->file, "columns");
  if (list == NULL || length_of(list) != nf_flow_dim(c->flow)) return NULL;
  for (const char *t = list; *t != 0; t++)
    if ((unsigned char)*t < ' ' || *t == 127) return NULL;
  return list;
}

/* Column k of x, (n, d): a constant has no density, and single precision rounds what has many
 * digits in common to steps that show in the density. */
static void look_at_column(const char *columns, size_t n, size_t d, size_t k, const nf_real *x,
                           nf_error *e) {
  nf_real least = x[k], most = x[k];
  for (size_t i = 1; i < n; i++) {
    const nf_real v = x[i * d + k];
    least = v < least ? v : least;
    most = v > most ? v : most;
  }
  const double low = (double)least, high = (double)most, largest = fmax(-low, high);
  int length;
  const char *name = cli_column(columns, k, &length);
  if (n == 1)
    nf_fail(e, NF_EINVAL, "one row trains, which has no standard deviation; give more rows");
  else if (low == high)
    nf_fail(e, NF_EINVAL,
            "column '%.*s' is %g in all %zu rows that train; leave it out (--columns)", length,
            name, low, n);
  else if (high - low < 1e-4 * largest)
    cli_note(
        "column '%.*s': single precision rounds values from %.9g to %.9g to steps of %g; "
        "subtract what they have in common",
        length, name, low, high, ldexp(1, ilogb(largest) - 23));
}

int cli_points_standardise(const cli_data *data, size_t n, const size_t *index, nf_flow *flow,
                           nf_error *e) {
  const size_t d = nf_flow_dim(flow);
  nf_bijector *first = flow->bijector->child[0];
  nf_batch x = {.n = n, .shape = first->in, .data = malloc(n * d * sizeof *x.data)};
  if (x.data == NULL) return nf_fail(e, NF_ENOMEM, "out of memory");
  cli_data_gather(data, n, index, x.data);
  for (size_t k = 0; k < d; k++) look_at_column(data->columns, n, d, k, x.data, e);
  if (nf_status_of(e) == NF_OK) first->type->init_from_data(first, &x);
  free(x.data);
  return nf_status_of(e);
}

const char *cli_column(const char *list, size_t k, int *length) {
  for (; k > 0; k--) list = strchr(list, ',') + 1;
  *length = (int)strcspn(list, ",");
  return list;
}
