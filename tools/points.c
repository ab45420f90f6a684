/* Points of one's own, from a file: which of its columns are used, and their names.
 *
 * A name must stand in the header of a CSV file and in a list with commas. So characters that mean
 * something there become '_', and a column without a name of its own, K counted from 1, is x_K. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/nearest.h"
#include "core/number.h"

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

/* list NULL: all columns */
static int select_columns(const char *spec, const char *list, bool named, nf_points *p, cli_data *d,
                          nf_error *e) {
  char *copy = strdup(list != NULL ? list : ""), *again = strdup(list != NULL ? list : "");
  const size_t length = list != NULL ? length_of(list) : p->d;
  size_t n = p->d, *index = malloc((length + p->d) * sizeof *index);
  bool *used = calloc(p->d, sizeof *used);
  nf_error own = {0};
  if (copy == NULL || again == NULL || index == NULL || used == NULL)
    nf_fail(&own, NF_ENOMEM, "%s: out of memory", spec);
  else
    for (size_t k = 0; k < p->d; k++) index[k] = k;
  if (own.status == NF_OK && list != NULL &&
      find_columns(spec, p, copy, &n, index, used, &own) != NF_OK && !named && length == p->d) {
    own = (nf_error){0};
    rename_columns(spec, p, again, &own);
    for (n = 0; n < p->d; n++) index[n] = n;
  }
  if (own.status == NF_OK) copy_columns(spec, p, n, index, d, &own);
  free(copy), free(again), free(index), free(used);
  return own.status == NF_OK ? NF_OK : nf_fail(e, own.status, "%s", own.message);
}

int cli_points_load(const char *spec, const char *columns, cli_data *d, nf_error *e) {
  nf_points p = {0};
  const bool npy = strncmp(spec, "npy:", 4) == 0;
  int status = (npy ? nf_points_read_npy : nf_points_read_csv)(spec + 4, &p, e);
  const bool named = p.column != NULL;
  if (status == NF_OK) status = name_columns(spec, &p, e);
  if (status == NF_OK) status = select_columns(spec, columns, named, &p, d, e);
  nf_points_free(&p);
  return status;
}

const char *cli_column_names(const nf_checkpoint *c) {
  const char *list = nf_safetensors_metadata(&c->file, "columns");
  if (list == NULL || length_of(list) != nf_flow_dim(c->flow)) return NULL;
  for (const char *t = list; *t != 0; t++)
    if ((unsigned char)*t < ' ' || *t == 127) return NULL;
  return list;
}

int cli_points_standardise(const cli_data *data, size_t n, const size_t *index, nf_flow *flow,
                           nf_error *e) {
  const size_t d = nf_flow_dim(flow);
  nf_bijector *first = flow->bijector->child[0];
  nf_batch x = {.n = n, .shape = first->in, .data = malloc(n * d * sizeof *x.data)};
  if (x.data == NULL) return nf_fail(e, NF_ENOMEM, "out of memory");
  cli_data_gather(data, n, index, x.data);
  for (size_t k = 0; k < d; k++) {
    size_t same = 1;
    while (same < n && x.data[same * d + k] == x.data[k]) same++;
    int length;
    const char *name = cli_column(data->columns, k, &length);
    if (same == n)
      nf_fail(e, NF_EINVAL,
              "column '%.*s' is %g in all %zu rows that train; leave it out (--columns)", length,
              name, (double)x.data[k], n);
  }
  if (nf_status_of(e) == NF_OK) first->type->init_from_data(first, &x);
  free(x.data);
  return nf_status_of(e);
}

const char *cli_column(const char *list, size_t k, int *length) {
  for (; k > 0; k--) list = strchr(list, ',') + 1;
  *length = (int)strcspn(list, ",");
  return list;
}
