/* Saving: the tensors of the flow, and those of the training state under the same paths with a
 * prefix, are gathered in a list and written at once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "io/checkpoint.h"
#include "io/checkpoint_state.h"
#include "nf/checkpoint.h"

typedef struct {
  nf_saved_tensor *tensor; /* NULL while they are only counted */
  size_t n;
  const nf_state *state; /* what is being gathered */
} list;

static int gather(void *user, const char *path, nf_tensor *t) {
  list *l = user;
  if (!nf_state_has(l->state, t)) return NF_OK;
  const size_t i = l->n++;
  if (l->tensor == NULL) return NF_OK;
  const size_t size = strlen(l->state->prefix) + strlen(path) + 1;
  char *name = malloc(size);
  if (name == NULL) return NF_ENOMEM;
  snprintf(name, size, "%s%s", l->state->prefix, path);
  l->tensor[i] = (nf_saved_tensor){
      .name = name, .rank = nf_tensor_rank(t), .data = nf_state_data(l->state, t)};
  memcpy(l->tensor[i].dim, t->dim, sizeof t->dim);
  return NF_OK;
}

static int gather_all(list *l, const nf_flow *flow, const nf_trainer *trainer) {
  nf_state state[NF_STATES];
  const size_t states = nf_states(trainer != NULL, trainer, state);
  int status = NF_OK;
  l->n = 0;
  for (size_t s = 0; s < states && status == NF_OK; s++) {
    l->state = &state[s];
    status = nf_flow_tensors(flow, gather, l);
  }
  return status;
}

static int write_list(const char *path, const list *l, const nf_flow *flow,
                      const nf_trainer *trainer, size_t n_metadata, const nf_metadata metadata[],
                      nf_error *e) {
  nf_metadata *all = malloc((1 + 4 + NF_MODEL_KEYS + n_metadata) * sizeof *all);
  if (all == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  nf_model_metadata model;
  char state[4][NF_NUMBER];
  size_t n = 0;
  all[n++] = (nf_metadata){"nf_checkpoint", "1"};
  if (flow->has_model) {
    nf_model_to_metadata(&flow->model, &model);
    for (size_t i = 0; i < model.n; i++) all[n++] = model.entry[i];
  }
  if (trainer != NULL) {
    snprintf(state[0], NF_NUMBER, "%" PRIu64, trainer->step);
    nf_write_real(trainer->plateau.best, state[1]);
    snprintf(state[2], NF_NUMBER, "%" PRIu64, trainer->plateau.bad_reports);
    nf_write_real(trainer->plateau.scale, state[3]);
    for (size_t i = 0; i < 4; i++) all[n++] = (nf_metadata){nf_state_keys[i], state[i]};
  }
  for (size_t i = 0; i < n_metadata; i++) all[n++] = metadata[i];
  const int status = nf_safetensors_write(path, l->n, l->tensor, n, all, e);
  free(all);
  return status;
}

int nf_checkpoint_save(const char *path, const nf_flow *flow, const nf_trainer *trainer,
                       size_t n_metadata, const nf_metadata metadata[], nf_error *e) {
  list l = {0};
  if (trainer != NULL && trainer->flow != flow)
    return nf_fail(e, NF_EINVAL, "%s: the trainer is that of another flow", path);
  int status = gather_all(&l, flow, trainer);
  l.tensor = calloc(l.n + 1, sizeof *l.tensor);
  if (l.tensor == NULL) status = NF_ENOMEM;
  const size_t n = l.n;
  if (status == NF_OK) status = gather_all(&l, flow, trainer);
  if (status == NF_OK)
    status = write_list(path, &l, flow, trainer, n_metadata, metadata, e);
  else
    nf_fail(e, status, "%s: %s", path, nf_status_text(status));
  for (size_t i = 0; l.tensor != NULL && i < n; i++) free((char *)l.tensor[i].name);
  free(l.tensor);
  return status;
}

int nf_save(const char *path, nf_flow *f, const nf_trainer *trainer, nf_error *e) {
  int status = nf_flow_enter(f, e);
  if (status != NF_OK) return status;
  status = nf_checkpoint_save(path, f, trainer, 0, NULL, e);
  nf_flow_leave(f);
  return status;
}
