/* Loading: the metadata say what flow to build; the file must then hold exactly the tensors of
 * that flow, no other and of no other shape, before a number is taken from it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/checkpoint.h"
#include "io/checkpoint_state.h"

typedef struct {
  const char *path;
  const nf_safetensors *file;
  const nf_state *state;
  bool *seen; /* tensors of the file that the flow wants */
  char *message;
  nf_bijector *one_by_one; /* prepared after every tensor, to find the one it refuses; or NULL */
} visit;

enum { NAME = 320 };

static const nf_safetensor *find(const visit *v, const char *path, char name[NAME]) {
  snprintf(name, NAME, "%s%s", v->state->prefix, path);
  return nf_safetensors_find(v->file, name);
}

static void shape_text(size_t rank, const size_t dim[], char text[NF_NOTE]) {
  snprintf(text, NF_NOTE, "[");
  for (size_t i = 0; i < rank && dim[i] > 0; i++)
    snprintf(text + strlen(text), NF_NOTE - strlen(text), "%s%zu", i > 0 ? ", " : "", dim[i]);
  snprintf(text + strlen(text), NF_NOTE - strlen(text), "]");
}

static bool same_shape(const nf_safetensor *s, const nf_tensor *t) {
  size_t rank = 0;
  while (rank < NF_TENSOR_RANK && t->dim[rank] > 0) rank++;
  return s->rank == rank && memcmp(s->dim, t->dim, rank * sizeof *s->dim) == 0;
}

static int check(void *user, const char *path, nf_tensor *t) {
  visit *v = user;
  char name[NAME], found[NF_NOTE], right[NF_NOTE];
  if (!nf_state_has(v->state, t)) return NF_OK;
  const nf_safetensor *s = find(v, path, name);
  if (s == NULL)
    return nf_fail(NF_EFORMAT, v->message, "%s: tensor '%s' is missing", v->path, name);
  v->seen[s - v->file->tensor] = true;
  if (!same_shape(s, t)) {
    shape_text(s->rank, s->dim, found);
    shape_text(NF_TENSOR_RANK, t->dim, right);
    return nf_fail(NF_EFORMAT, v->message, "%s: tensor '%s' has shape %s; the model needs %s",
                   v->path, name, found, right);
  }
  if (s->dtype > NF_DTYPE) /* F64 for a float build */
    return nf_fail(NF_EINVAL, v->message, "%s: tensor '%s' is %s; this build calculates in %s",
                   v->path, name, nf_dtype_name(s->dtype), nf_dtype_name(NF_DTYPE));
  if (s->dtype != v->file->tensor[0].dtype)
    return nf_fail(NF_EFORMAT, v->message, "%s: tensor '%s' is %s, others are %s", v->path, name,
                   nf_dtype_name(s->dtype), nf_dtype_name(v->file->tensor[0].dtype));
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
      return nf_fail(NF_EFORMAT, v->message, "%s: tensor '%s': value %zu is not finite", v->path,
                     name, i);
  const int status = v->one_by_one != NULL ? nf_bijector_prepare(v->one_by_one) : NF_OK;
  if (status == NF_OK) return NF_OK;
  return nf_fail(status, v->message, "%s: tensor '%s': %s", v->path, name, nf_status_text(status));
}

/* --- the flow ---------------------------------------------------------------------------- */

static bool is_training(const nf_safetensors *file) {
  return nf_safetensors_metadata(file, nf_state_notes[0]) != NULL;
}

/* Every tensor that the bijector declares is there, and no other. */
static int check_tensors(const char *path, const nf_safetensors *file, nf_bijector *b,
                         char message[NF_MESSAGE]) {
  nf_state state[NF_STATES];
  const size_t states = nf_states(is_training(file), NULL, state);
  visit v = {.path = path, .file = file, .message = message};
  v.seen = calloc(file->n + 1, sizeof *v.seen);
  if (v.seen == NULL) return nf_fail(NF_ENOMEM, message, "%s: out of memory", path);
  int status = NF_OK;
  for (size_t s = 0; s < states && status == NF_OK; s++) {
    v.state = &state[s];
    status = nf_bijector_tensors(b, check, &v);
  }
  for (size_t i = 0; i < file->n && status == NF_OK; i++)
    if (!v.seen[i])
      status = nf_fail(NF_EFORMAT, message, "%s: tensor '%s' is not one of the model's", path,
                       file->tensor[i].name);
  free(v.seen);
  return status;
}

/* Each of Glow's steps has a matrix of c×c, and c grows with the levels: a file of less than
 * that is no such model, and nothing is allocated for what it claims. */
static bool is_plausible(const nf_model *m, const nf_safetensors *file) {
  if (m->family != NF_GLOW) return true;
  double values = 0, c = (double)m->shape.c;
  for (size_t i = 0; i < file->n; i++) values += (double)file->tensor[i].size;
  for (size_t l = 0; nf_shape_pixels(m->shape) > 1 && l < m->levels + 1; l++) c *= 2;
  return (double)m->steps * c * c <= values;
}

static int build_bijector(const char *path, const nf_safetensors *file, const nf_model *m,
                          nf_bijector **out, char message[NF_MESSAGE]) {
  if (!is_plausible(m, file))
    return nf_fail(NF_EFORMAT, message, "%s: its metadata describe more than the file holds", path);
  int status = NF_OK;
  nf_bijector *b = nf_model_new(m, &status);
  if (status != NF_OK)
    return nf_fail(status == NF_ENOMEM ? NF_ENOMEM : NF_EFORMAT, message,
                   "%s: its metadata describe no model: %s", path, nf_status_text(status));
  status = check_tensors(path, file, b, message);
  if (status == NF_OK)
    *out = b;
  else
    nf_bijector_free(b);
  return status;
}

static int fill_flow(const char *path, const nf_safetensors *file, nf_flow *flow,
                     char message[NF_MESSAGE]) {
  nf_state state[NF_STATES];
  nf_states(false, NULL, state);
  visit v = {.path = path, .file = file, .state = &state[0], .message = message};
  int status = nf_bijector_tensors(flow->bijector, fill, &v);
  if (status != NF_OK || nf_bijector_prepare(flow->bijector) == NF_OK) return status;
  memset(flow->param, 0, flow->n_param * sizeof *flow->param);
  nf_bijector_init(flow->bijector, 0);
  v.one_by_one = flow->bijector;
  return nf_bijector_tensors(flow->bijector, fill, &v);
}

int nf_checkpoint_build(const char *path, nf_safetensors *file, nf_checkpoint *out,
                        char message[NF_MESSAGE]) {
  const char *version = nf_safetensors_metadata(file, "nf_checkpoint");
  if (version == NULL)
    return nf_fail(NF_EFORMAT, message,
                   "%s: no checkpoint of this program: its metadata lack 'nf_checkpoint'", path);
  if (strcmp(version, "1") != 0)
    return nf_fail(NF_EFORMAT, message, "%s: a checkpoint of version %.20s; this reads version 1",
                   path, version);
  nf_checkpoint c = {0};
  nf_bijector *b = NULL;
  int status = nf_model_from_notes(path, file, &c.model, message);
  if (status == NF_OK) status = build_bijector(path, file, &c.model, &b, message);
  if (status != NF_OK) return status;
  status = nf_flow_new(&c.flow, b, 0);
  if (status != NF_OK)
    return nf_fail(status, message, "%s: cannot build its model: %s", path, nf_status_text(status));
  status = fill_flow(path, file, c.flow, message);
  if (status != NF_OK) {
    nf_flow_free(c.flow);
    return status;
  }
  c.file = *file;
  *file = (nf_safetensors){0};
  *out = c;
  return NF_OK;
}

int nf_checkpoint_load(const char *path, nf_checkpoint *out, char message[NF_MESSAGE]) {
  nf_safetensors file = {0};
  int status = nf_safetensors_read(path, &file, message);
  if (status == NF_OK) status = nf_checkpoint_build(path, &file, out, message);
  nf_safetensors_free(&file);
  return status;
}

void nf_checkpoint_free(nf_checkpoint *c) {
  nf_flow_free(c->flow);
  nf_safetensors_free(&c->file);
  *c = (nf_checkpoint){0};
}

/* --- the training state ------------------------------------------------------------------ */

int nf_checkpoint_resume(const nf_checkpoint *c, const char *path, nf_trainer *trainer,
                         char message[NF_MESSAGE]) {
  if (!is_training(&c->file))
    return nf_fail(NF_EFORMAT, message, "%s: it has no training state; the last checkpoint does",
                   path);
  uint64_t step, waited;
  nf_plateau plateau;
  const char *text[4];
  for (int i = 0; i < 4; i++) text[i] = nf_safetensors_metadata(&c->file, nf_state_notes[i]);
  if (text[1] == NULL || text[2] == NULL || text[3] == NULL ||
      !nf_read_whole(text[0], UINT64_MAX, &step) || !nf_read_real(text[1], &plateau.best) ||
      !nf_read_whole(text[2], UINT64_MAX, &waited) || !nf_read_real(text[3], &plateau.scale))
    return nf_fail(NF_EFORMAT, message, "%s: the metadata step and plateau_… must be numbers",
                   path);
  plateau.waited = waited;
  nf_state state[NF_STATES];
  nf_states(true, trainer, state);
  visit v = {.path = path, .file = &c->file, .message = message};
  for (size_t s = 1; s < NF_STATES; s++) {
    v.state = &state[s];
    if (v.state->flat == c->flow->param) continue; /* the average, where nothing is averaged */
    const int status = nf_bijector_tensors(c->flow->bijector, fill, &v);
    if (status != NF_OK) return status;
  }
  trainer->step = step;
  trainer->plateau = plateau;
  return NF_OK;
}
