/* Saving: the tensors of the flow, and those of the training state under the same paths with a
 * prefix, are gathered in a list and written at once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/checkpoint.h"
#include "io/checkpoint_state.h"

typedef struct {
  nf_saved_tensor *tensor; /* room for all; NULL while they are only counted */
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
  l->tensor[i] = (nf_saved_tensor){.name = name, .data = nf_state_data(l->state, t)};
  while (l->tensor[i].rank < NF_TENSOR_RANK && t->dim[l->tensor[i].rank] > 0) {
    l->tensor[i].dim[l->tensor[i].rank] = t->dim[l->tensor[i].rank];
    l->tensor[i].rank++;
  }
  return NF_OK;
}

static int gather_all(list *l, nf_flow *flow, const nf_trainer *trainer) {
  nf_state state[NF_STATES];
  const size_t states = nf_states(trainer != NULL, trainer, state);
  int status = NF_OK;
  l->n = 0;
  for (size_t s = 0; s < states && status == NF_OK; s++) {
    l->state = &state[s];
    status = nf_bijector_tensors(flow->bijector, gather, l);
  }
  return status;
}

static int write_list(const char *path, const list *l, const nf_model *model,
                      const nf_trainer *trainer, size_t n_note, const nf_metadata note[],
                      char message[NF_MESSAGE]) {
  enum { OWN = 1 + 4 };
  nf_metadata *all = malloc((OWN + NF_MODEL_NOTES + n_note) * sizeof *all);
  if (all == NULL) return nf_fail(NF_ENOMEM, message, "%s: out of memory", path);
  nf_model_notes words;
  char state[4][NF_NOTE];
  size_t n = 0;
  nf_model_to_notes(model, &words);
  all[n++] = (nf_metadata){"nf_checkpoint", "1"};
  for (size_t i = 0; i < NF_MODEL_NOTES; i++) all[n++] = words.note[i];
  if (trainer != NULL) {
    snprintf(state[0], NF_NOTE, "%" PRIu64, trainer->step);
    nf_write_real(trainer->plateau.best, state[1]);
    snprintf(state[2], NF_NOTE, "%" PRIu64, trainer->plateau.waited);
    nf_write_real(trainer->plateau.scale, state[3]);
    for (size_t i = 0; i < 4; i++) all[n++] = (nf_metadata){nf_state_notes[i], state[i]};
  }
  for (size_t i = 0; i < n_note; i++) all[n++] = note[i];
  const int status = nf_safetensors_write(path, l->n, l->tensor, n, all, message);
  free(all);
  return status;
}

int nf_checkpoint_save(const char *path, const nf_model *model, nf_flow *flow,
                       const nf_trainer *trainer, size_t n_note, const nf_metadata note[],
                       char message[NF_MESSAGE]) {
  list l = {0};
  int status = gather_all(&l, flow, trainer);
  l.tensor = calloc(l.n + 1, sizeof *l.tensor);
  if (l.tensor == NULL) status = NF_ENOMEM;
  const size_t n = l.n;
  if (status == NF_OK) status = gather_all(&l, flow, trainer);
  if (status == NF_OK)
    status = write_list(path, &l, model, trainer, n_note, note, message);
  else
    nf_fail(status, message, "%s: %s", path, nf_status_text(status));
  for (size_t i = 0; l.tensor != NULL && i < n; i++) free((char *)l.tensor[i].name);
  free(l.tensor);
  return status;
}
