/* Loading: the metadata say what flow to build; the file must then hold exactly the tensors of
 * that flow, no other and of no other shape, before a number is taken from it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/real.h"
#include "flow/models.h"
#include "io/checkpoint.h"
#include "io/checkpoint_state.h"
#include "nf/checkpoint.h"

typedef struct {
  const char *path;
  const nf_safetensors *file;
  const nf_state *state;
  bool *seen; /* tensors of the file that the flow wants */
  nf_error *e;
} visit;

enum { NAME = 320 };

static const nf_safetensor *find(const visit *v, const char *path, char name[NAME]) {
  snprintf(name, NAME, "%s%s", v->state->prefix, path);
  return nf_safetensors_find(v->file, name);
}

static void shape_text(size_t rank, const size_t dim[], char text[NF_METADATA_TEXT]) {
  snprintf(text, NF_METADATA_TEXT, "[");
  for (size_t i = 0; i < rank && dim[i] > 0; i++)
    snprintf(text + strlen(text), NF_METADATA_TEXT - strlen(text), "%s%zu", i > 0 ? ", " : "",
             dim[i]);
  snprintf(text + strlen(text), NF_METADATA_TEXT - strlen(text), "]");
}

static bool same_shape(const nf_safetensor *s, const nf_tensor *t) {
  return s->rank == nf_tensor_rank(t) && memcmp(s->dim, t->dim, s->rank * sizeof *s->dim) == 0;
}

static int check(void *user, const char *path, nf_tensor *t) {
  visit *v = user;
  char name[NAME], found[NF_METADATA_TEXT], right[NF_METADATA_TEXT];
  if (!nf_state_has(v->state, t)) return NF_OK;
  const nf_safetensor *s = find(v, path, name);
  if (s == NULL) return nf_fail(v->e, NF_EFORMAT, "%s: tensor '%s' is missing", v->path, name);
  v->seen[s - v->file->tensor] = true;
  if (!same_shape(s, t)) {
    shape_text(s->rank, s->dim, found);
    shape_text(NF_TENSOR_RANK, t->dim, right);
    return nf_fail(v->e, NF_EFORMAT, "%s: tensor '%s' has shape %s; the model needs %s", v->path,
                   name, found, right);
  }
  if (s->dtype == NF_OTHER_DTYPE)
    return nf_fail(v->e, NF_EFORMAT, "%s: tensor '%s' is %.20s; F16, BF16, F32 and F64 can be read",
                   v->path, name, s->dtype_name);
  return NF_OK;
}

static int fill(void *user, const char *path, nf_tensor *t) {
  const visit *v = user;
  char name[NAME];
  if (!nf_state_has(v->state, t)) return NF_OK;
  nf_real *data = nf_state_data(v->state, t);
  nf_safetensor_values(find(v, path, name), data);
  for (size_t i = 0; i < nf_tensor_size(t); i++)
    if (!isfinite(data[i]))
      return nf_fail(v->e, NF_EFORMAT, "%s: tensor '%s': value %zu is not finite", v->path, name,
                     i);
  return NF_OK;
}

/* --- the flow ---------------------------------------------------------------------------- */

static bool is_training(const nf_safetensors *file) {
  return nf_safetensors_metadata(file, nf_state_keys[0]) != NULL;
}

/* Every tensor of the layers is there, and no other that could be a weight. */
static int check_tensors(const char *path, const nf_safetensors *file, size_t n_layer,
                         const nf_layer_entry *layer, nf_error *e) {
  nf_state state[NF_STATES];
  const size_t states = nf_states(is_training(file), NULL, state);
  visit v = {.path = path, .file = file, .e = e};
  v.seen = calloc(file->n + 1, sizeof *v.seen);
  if (v.seen == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  int status = NF_OK;
  for (size_t s = 0; s < states && status == NF_OK; s++) {
    v.state = &state[s];
    status = nf_tree_tensors(n_layer, layer, check, &v);
  }
  for (size_t i = 0; i < file->n && status == NF_OK; i++)
    if (!v.seen[i] && file->tensor[i].dtype != NF_OTHER_DTYPE && file->tensor[i].size > 0)
      status = nf_fail(e, NF_EFORMAT, "%s: tensor '%s' is not one of the model's", path,
                       file->tensor[i].name);
  free(v.seen);
  return status;
}

/* Each of Glow's steps has a matrix of c×c, and c grows with the levels: a file of less than
 * that is no such model, and nothing is allocated for what it claims. */
bool nf_model_is_plausible(const nf_model *m, const nf_safetensors *file) {
  if (!nf_architecture_of(m->family)->plu) return true;
  double c = (double)m->shape.c;
  for (size_t l = 0; nf_shape_pixels(m->shape) > 1 && l < m->levels + 1; l++) c *= 2;
  return (double)m->steps * c * c <= (double)nf_safetensors_size(file);
}

static int fill_flow(const char *path, const nf_safetensors *file, nf_flow *flow, nf_error *e) {
  nf_state state[NF_STATES];
  nf_error own = {0};
  nf_states(false, NULL, state);
  visit v = {.path = path, .file = file, .state = &state[0], .e = e};
  const int status = nf_flow_tensors(flow, fill, &v);
  if (status != NF_OK || nf_flow_prepare(flow, &own) == NF_OK) return status;
  return nf_fail(e, own.status, "%s: %s", path, own.message);
}

static int check_version(const char *path, const nf_safetensors *file, nf_error *e) {
  const char *version = nf_safetensors_metadata(file, "nf_checkpoint");
  if (version == NULL)
    return nf_fail(e, NF_EFORMAT,
                   "%s: no checkpoint of this program: its metadata lack 'nf_checkpoint'", path);
  if (strcmp(version, "1") != 0)
    return nf_fail(e, NF_EFORMAT, "%s: a checkpoint of version %.20s; this reads version 1", path,
                   version);
  return NF_OK;
}

/* The layers that the metadata describe, if the file has their tensors: memory for parameters is
 * allocated after this check. */
static nf_bijector *build_layers(const char *path, const nf_safetensors *file, const nf_model *m,
                                 nf_error *e) {
  nf_error own = {0};
  if (!nf_model_is_plausible(m, file)) {
    nf_fail(e, NF_EFORMAT, "%s: its metadata describe more than the file holds", path);
    return NULL;
  }
  nf_bijector *b = nf_bijector_from_model(m, &own);
  if (b == NULL) {
    nf_fail(e, own.status == NF_ENOMEM ? NF_ENOMEM : NF_EFORMAT,
            "%s: its metadata describe no model: %s", path, own.message);
    return NULL;
  }
  size_t n_param, n_constant;
  nf_layer_entry *list = NULL;
  const size_t n = nf_tree_layout(b, &list, &n_param, &n_constant);
  const int status = n == 0 ? nf_fail(e, NF_ENOMEM, "%s: out of memory", path)
                            : check_tensors(path, file, n, list, e);
  free(list);
  if (status == NF_OK) return b;
  nf_bijector_free(b);
  return NULL;
}

static nf_flow *build_flow(const char *path, const nf_safetensors *file, nf_error *e) {
  nf_model m;
  nf_error own = {0};
  if (nf_model_from_metadata(path, file, &m, e) != NF_OK) return NULL;
  nf_bijector *b = build_layers(path, file, &m, e);
  if (b == NULL) return NULL;
  nf_flow *flow = nf_flow_new(b, m.seed, &own);
  if (flow == NULL) {
    nf_fail(e, own.status, "%s: %s", path, own.message);
    return NULL;
  }
  flow->has_model = true;
  flow->model = m;
  if (fill_flow(path, file, flow, e) == NF_OK) return flow;
  nf_flow_free(flow);
  return NULL;
}

int nf_checkpoint_build(const char *path, nf_safetensors *file, nf_checkpoint *out, nf_error *e) {
  nf_error own = {0};
  check_version(path, file, &own);
  nf_flow *flow = own.status == NF_OK ? build_flow(path, file, &own) : NULL;
  if (flow == NULL) return nf_fail(e, own.status, "%s", own.message);
  *out = (nf_checkpoint){flow, *file};
  *file = (nf_safetensors){0};
  return NF_OK;
}

int nf_checkpoint_load(const char *path, nf_checkpoint *out, nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  nf_safetensors file = {0};
  int status = nf_safetensors_read(path, &file, e);
  if (status == NF_OK) status = nf_checkpoint_build(path, &file, out, e);
  nf_safetensors_free(&file);
  return status;
}

void nf_checkpoint_free(nf_checkpoint *c) {
  nf_flow_free(c->flow);
  nf_safetensors_free(&c->file);
  *c = (nf_checkpoint){0};
}

/* --- the training state ------------------------------------------------------------------ */

static int read_progress(const char *path, const nf_safetensors *file, uint64_t *step,
                         nf_plateau *plateau, nf_error *e) {
  const char *text[4];
  for (int i = 0; i < 4; i++) text[i] = nf_safetensors_metadata(file, nf_state_keys[i]);
  if (text[0] == NULL)
    return nf_fail(e, NF_EFORMAT, "%s: it has no training state; the last checkpoint does", path);
  const uint64_t max = 1000000000000; /* its samples can still be numbered */
  if (text[1] != NULL && text[2] != NULL && text[3] != NULL && nf_read_whole(text[0], max, step) &&
      nf_read_real(text[1], &plateau->best) && plateau->best <= NF_NO_LOSS_YET &&
      nf_read_whole(text[2], max, &plateau->bad_reports) &&
      nf_read_real(text[3], &plateau->scale) && plateau->scale >= 0 && plateau->scale <= 1)
    return NF_OK;
  return nf_fail(e, NF_EFORMAT, "%s: the metadata step and plateau_… must be numbers in range",
                 path);
}

static int fill_trainer(const char *path, const nf_safetensors *file, nf_trainer *trainer,
                        nf_error *e) {
  uint64_t step;
  nf_plateau plateau;
  nf_state state[NF_STATES];
  int status = read_progress(path, file, &step, &plateau, e);
  nf_states(true, trainer, state);
  visit v = {.path = path, .file = file, .e = e};
  for (size_t s = 1; status == NF_OK && s < NF_STATES; s++) {
    v.state = &state[s];
    if (v.state->flat != trainer->flow->param) /* else there is no average */
      status = nf_flow_tensors(trainer->flow, fill, &v);
  }
  if (status != NF_OK) return status;
  trainer->step = step;
  trainer->plateau = plateau;
  return NF_OK;
}

int nf_checkpoint_resume(const nf_checkpoint *c, const char *path, nf_trainer *trainer,
                         nf_error *e) {
  if (nf_status_of(e) != NF_OK) return nf_status_of(e);
  return fill_trainer(path, &c->file, trainer, e);
}

/* --- the public functions ------------------------------------------------------------------ */

nf_flow *nf_load(const char *path, nf_error *e) {
  nf_checkpoint c = {0};
  if (nf_checkpoint_load(path, &c, e) != NF_OK) return NULL;
  nf_safetensors_free(&c.file);
  return c.flow;
}

/* The arrays that loading changes, to memory or back from it. */
static size_t copy_arrays(nf_flow *f, nf_trainer *t, nf_real *memory, bool back) {
  nf_real *array[] = {f->param, f->constant, t != NULL ? t->m : NULL, t != NULL ? t->v : NULL,
                      t != NULL ? t->ema : NULL};
  size_t n = 0;
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) {
    const size_t size = i == 1 ? f->n_constant : f->n_param;
    if (array[i] == NULL) continue;
    if (memory != NULL && back) memcpy(array[i], memory + n, size * sizeof *memory);
    if (memory != NULL && !back) memcpy(memory + n, array[i], size * sizeof *memory);
    n += size;
  }
  return n;
}

static int load_into(const char *path, const nf_safetensors *file, nf_flow *f, nf_trainer *trainer,
                     nf_error *e) {
  int status = check_version(path, file, e);
  if (status == NF_OK) status = check_tensors(path, file, f->n_layer, f->layer, e);
  if (status == NF_OK) status = nf_model_check_metadata(path, file, nf_flow_model(f), e);
  if (status != NF_OK) return status;
  nf_real *before = malloc((copy_arrays(f, trainer, NULL, false) + 1) * sizeof *before);
  if (before == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  copy_arrays(f, trainer, before, false);
  status = fill_flow(path, file, f, e);
  if (status == NF_OK && trainer != NULL) status = fill_trainer(path, file, trainer, e);
  if (status != NF_OK) copy_arrays(f, trainer, before, true);
  free(before);
  return status;
}

int nf_load_into(const char *path, nf_flow *f, nf_trainer *trainer, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  nf_safetensors file = {0};
  if (trainer != NULL && trainer->flow != f)
    status = nf_fail(e, NF_EINVAL, "%s: the trainer is that of another flow", path);
  if (status == NF_OK) status = nf_safetensors_read(path, &file, e);
  if (status == NF_OK) status = load_into(path, &file, f, trainer, e);
  nf_safetensors_free(&file);
  nf_flow_leave(f);
  return status;
}
