/* The four sets of tensors that a checkpoint may hold, one shape and path each: the flow's own,
 * and for training Adam's m and v and the average of the weights, which without one are the
 * weights. */
#ifndef NF_IO_CHECKPOINT_STATE_H
#define NF_IO_CHECKPOINT_STATE_H

#include "train/trainer.h"

enum { NF_STATES = 4 };
typedef struct {
  const char *prefix; /* of the tensors' names */
  bool own;           /* the flow's own tensors, constants included */
  nf_real *flat;      /* otherwise n_param values */
} nf_state;

/* The metadata keys of trainer->step and ->plateau. */
static const char *const nf_state_keys[4] = {"step", "plateau_best", "plateau_waited",
                                             "plateau_scale"};

/* How many sets there are, and where they are kept; trainer may be NULL when only the names
 * are wanted. */
static inline size_t nf_states(bool training, const nf_trainer *trainer,
                               nf_state state[NF_STATES]) {
  state[0] = (nf_state){"", true, NULL};
  state[1] = (nf_state){"adam.m/", false, trainer != NULL ? trainer->m : NULL};
  state[2] = (nf_state){"adam.v/", false, trainer != NULL ? trainer->v : NULL};
  state[3] = (nf_state){"average/", false,
                        trainer == NULL    ? NULL
                        : trainer->has_ema ? trainer->ema
                                           : trainer->flow->param};
  return training ? NF_STATES : 1;
}

static inline bool nf_state_has(const nf_state *s, const nf_tensor *t) {
  return s->own || t->trainable;
}
static inline nf_real *nf_state_data(const nf_state *s, const nf_tensor *t) {
  return s->own ? t->data : s->flat + t->flat_offset;
}

#endif
