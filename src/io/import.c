/* A flow of another program: a table tells its model, and which tensor of a state_dict (PyTorch's
 * word for named arrays, saved as safetensors) is which tensor of the flow (io/import_table.h).
 * Nothing is left over: every parameter of the flow has a line, every line a tensor, and every
 * tensor of the file a line. Sides of 1 do not count; the others must be those of the flow's
 * tensor. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "io/checkpoint.h"
#include "io/import_table.h"
#include "nf/checkpoint.h"

typedef struct {
  const char *path, *weights; /* of the table, of the state_dict */
  nf_import_table table;
  nf_safetensors file;
  bool *seen; /* tensors of the file */
  nf_error *e;
} importing;

enum { SHAPE_TEXT = 32 * NF_SAFETENSOR_RANK };

/* --- one tensor of the flow ------------------------------------------------------------------- */

/* "0,2,3,1" as a permutation of `rank` axes; as they are when it is empty. */
static bool read_axes(const char *text, size_t rank, size_t axis[NF_SAFETENSOR_RANK]) {
  bool taken[NF_SAFETENSOR_RANK] = {false};
  for (size_t i = 0; i < rank; i++) axis[i] = i;
  if (*text == 0) return true;
  if (strlen(text) != 2 * rank - 1) return false;
  for (size_t i = 0; i < rank; i++) {
    axis[i] = (size_t)(text[2 * i] - '0');
    if (axis[i] >= rank || taken[axis[i]] || (i + 1 < rank && text[2 * i + 1] != ',')) return false;
    taken[axis[i]] = true;
  }
  return true;
}

/* out[i_axis…] = values[i…], row-major, over the axes in their new order */
static void permute(const nf_safetensor *s, const size_t axis[], const nf_real *values,
                    nf_real *out) {
  size_t stride[NF_SAFETENSOR_RANK], at[NF_SAFETENSOR_RANK] = {0};
  for (size_t i = s->rank, step = 1; i-- > 0; step *= s->dim[i]) stride[i] = step;
  for (size_t k = 0; k < s->size; k++) {
    size_t from = 0;
    for (size_t i = 0; i < s->rank; i++) from += at[i] * stride[axis[i]];
    out[k] = values[from];
    for (size_t i = s->rank; i-- > 0 && ++at[i] == s->dim[axis[i]];) at[i] = 0;
  }
}

/* Sides other than 1. */
static size_t sides(size_t rank, const size_t dim[], const size_t axis[], size_t out[]) {
  size_t n = 0;
  for (size_t i = 0; i < rank; i++) {
    const size_t side = dim[axis != NULL ? axis[i] : i];
    if (side > 1) out[n++] = side;
  }
  return n;
}

/* "4×3" of these sides, "1" without any. */
static void write_shape(size_t rank, const size_t dim[], const size_t axis[],
                        char text[SHAPE_TEXT]) {
  size_t length = 0;
  strcpy(text, "1");
  for (size_t i = 0; i < rank; i++)
    length += (size_t)snprintf(text + length, SHAPE_TEXT - length, "%s%zu", i > 0 ? "×" : "",
                               dim[axis != NULL ? axis[i] : i]);
}

/* Whether `count` such tensors, one after the other along the first axis, make t. */
static bool fits(const nf_safetensor *s, const size_t axis[], size_t count, const nf_tensor *t) {
  size_t whole[NF_TENSOR_RANK], part[NF_SAFETENSOR_RANK];
  const size_t n = sides(nf_tensor_rank(t), t->dim, NULL, whole),
               m = sides(s->rank, s->dim, axis, part);
  if (s->size * count != nf_tensor_size(t) || m > n) return false;
  return m == 0 || memcmp(whole + n - m + 1, part + 1, (m - 1) * sizeof *part) == 0;
}

static int take(importing *m, const nf_import_line *r, const char *name, size_t k, size_t count,
                nf_tensor *t) {
  const nf_safetensor *s = nf_safetensors_find(&m->file, name);
  size_t axis[NF_SAFETENSOR_RANK];
  if (s == NULL)
    return nf_fail(m->e, NF_EFORMAT, "%s: there is no tensor '%s', which line %zu of %s names",
                   m->weights, name, r->number, m->path);
  m->seen[s - m->file.tensor] = true;
  if (s->dtype == NF_OTHER_DTYPE)
    return nf_fail(m->e, NF_EFORMAT, "%s: tensor '%s' is %.20s; F16, BF16, F32 and F64 can be read",
                   m->weights, name, s->dtype_name);
  if (!read_axes(r->axes, s->rank, axis))
    return nf_fail(m->e, NF_EFORMAT,
                   "%s: line %zu: axes '%s'; '%s' has %zu, each of which is named once, as in 1,0",
                   m->path, r->number, r->axes, name, s->rank);
  if (!fits(s, axis, count, t)) {
    char of_file[SHAPE_TEXT], of_flow[SHAPE_TEXT];
    write_shape(s->rank, s->dim, axis, of_file);
    write_shape(nf_tensor_rank(t), t->dim, NULL, of_flow);
    return nf_fail(m->e, NF_EFORMAT, "%s: line %zu: %zu × '%s' of %s; the flow's '%s' is %s",
                   m->path, r->number, count, name, of_file, t->name, of_flow);
  }
  nf_real *values = malloc((s->size + 1) * sizeof *values);
  if (values == NULL) return nf_fail(m->e, NF_ENOMEM, "%s: out of memory", m->weights);
  nf_safetensor_values(s, values);
  permute(s, axis, values, t->data + k * s->size);
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < s->size; i++)
    if (!isfinite(values[i]))
      status = nf_fail(m->e, NF_EFORMAT, "%s: tensor '%s': value %zu is not finite", m->weights,
                       name, i);
  free(values);
  return status;
}

static int fill(void *user, const char *path, nf_tensor *t) {
  importing *m = user;
  char name[NF_IMPORT_NAME];
  uint64_t number = 0;
  size_t i = 0, count = 0;
  while (i < m->table.n && !nf_import_matches(m->table.line[i].path, path, &number)) i++;
  if (i == m->table.n && !t->trainable) return NF_OK;
  if (i == m->table.n)
    return nf_fail(m->e, NF_EFORMAT, "%s: no line for the flow's tensor '%s'", m->path, path);
  nf_import_line *r = &m->table.line[i];
  r->used = true;
  while (nf_import_name(r->name, number, count, name)) count++;
  int status = NF_OK;
  for (size_t k = 0; status == NF_OK && k < count; k++) {
    nf_import_name(r->name, number, k, name);
    status = take(m, r, name, k, count, t);
  }
  return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Every tensor of the file has a line, and every line a tensor. */
static int check_rest(importing *m) {
  uint64_t number;
  for (size_t i = 0; i < m->file.n; i++) {
    bool known = m->seen[i];
    for (size_t k = 0; !known && k < m->table.n; k++)
      if (strcmp(m->table.line[k].path, "unused") == 0 &&
          nf_import_matches(m->table.line[k].name, m->file.tensor[i].name, &number))
        known = m->table.line[k].used = true;
    if (!known)
      return nf_fail(m->e, NF_EFORMAT, "%s: no line of %s takes tensor '%s'", m->weights, m->path,
                     m->file.tensor[i].name);
  }
  for (size_t k = 0; k < m->table.n; k++)
    if (!m->table.line[k].used)
      return nf_fail(m->e, NF_EFORMAT, "%s: line %zu: there is no tensor for it", m->path,
                     m->table.line[k].number);
  return NF_OK;
}

/* The settings make a model, and none is left over. */
static int read_model(const importing *m, nf_model *model) {
  if (nf_safetensors_metadata(&m->table.settings, "family") == NULL)
    return nf_fail(m->e, NF_EFORMAT, "%s: there is no line family = NAME", m->path);
  const int status = nf_model_from_metadata(m->path, &m->table.settings, model, m->e);
  if (status != NF_OK) return status;
  nf_model_metadata known;
  nf_model_to_metadata(model, &known);
  const char *key;
  json_t *value;
  json_object_foreach(json_object_get(m->table.settings.header, "__metadata__"), key, value) {
    size_t i = 0;
    while (i < known.n && strcmp(known.entry[i].key, key) != 0) i++;
    if (i == known.n)
      return nf_fail(m->e, NF_EFORMAT, "%s: '%s' is no setting of this model", m->path, key);
  }
  return NF_OK;
}

/* Parameters of a model of quite another size are refused before they take memory and time; a
 * tensor that is missing is found, and named, later. */
static int check_size(const importing *m, const nf_model *model) {
  nf_error own = {0};
  const size_t values = nf_safetensors_size(&m->file);
  size_t n_param = 0, n_constant;
  nf_layer_entry *list = NULL;
  nf_bijector *b =
      nf_model_is_plausible(model, &m->file) ? nf_bijector_from_model(model, &own) : NULL;
  if (own.status != NF_OK) return nf_fail(m->e, own.status, "%s: %s", m->path, own.message);
  if (b != NULL && nf_tree_layout(b, &list, &n_param, &n_constant) == 0)
    nf_fail(m->e, NF_ENOMEM, "%s: out of memory", m->path);
  else if (b == NULL || n_param / 2 > values)
    nf_fail(m->e, NF_EFORMAT, "%s: its model has more parameters than the %zu values in %s",
            m->path, values, m->weights);
  free(list);
  nf_bijector_free(b);
  return m->e->status;
}

static nf_flow *import_flow(importing *m) {
  nf_model model;
  nf_error own = {0};
  if (nf_import_table_read(m->path, &m->table, m->e) != NF_OK || read_model(m, &model) != NF_OK ||
      nf_safetensors_read(m->weights, &m->file, m->e) != NF_OK || check_size(m, &model) != NF_OK)
    return NULL;
  nf_flow *flow = nf_flow_from_model(&model, &own);
  m->seen = calloc(m->file.n + 1, sizeof *m->seen);
  if (flow == NULL)
    nf_fail(m->e, own.status, "%s: %s", m->path, own.message);
  else if (m->seen == NULL)
    nf_fail(m->e, NF_ENOMEM, "%s: out of memory", m->weights);
  else if (nf_flow_tensors(flow, fill, m) == NF_OK && check_rest(m) == NF_OK &&
           nf_flow_prepare(flow, &own) != NF_OK)
    nf_fail(m->e, own.status, "%s: %s", m->weights, own.message);
  if (m->e->status == NF_OK) return flow;
  nf_flow_free(flow);
  return NULL;
}

nf_flow *nf_import(const char *table, const char *weights, nf_error *e) {
  nf_error own = {0};
  if (nf_status_of(e) != NF_OK) return NULL;
  importing m = {.path = table, .weights = weights, .e = &own};
  nf_flow *flow = import_flow(&m);
  if (flow == NULL) nf_fail(e, own.status, "%s", own.message);
  nf_import_table_free(&m.table);
  nf_safetensors_free(&m.file);
  free(m.seen);
  return flow;
}
