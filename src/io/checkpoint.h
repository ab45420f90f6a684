/* A checkpoint from within: beside the flow and its training state, what a program wrote into the
 * metadata. nf/checkpoint.h has the format. */
#ifndef NF_IO_CHECKPOINT_H
#define NF_IO_CHECKPOINT_H

#include "flow/flow.h"
#include "io/safetensors.h"
#include "train/trainer.h"

/* Sides of a tensor of the flow */
static inline size_t nf_tensor_rank(const nf_tensor *t) {
  size_t rank = 0;
  while (rank < NF_TENSOR_RANK && t->dim[rank] > 0) rank++;
  return rank;
}

/* nf_save with further metadata, whose keys are not those of nf_model or of training. */
int nf_checkpoint_save(const char *path, const nf_flow *flow, const nf_trainer *trainer,
                       size_t n_metadata, const nf_metadata metadata[], nf_error *e);

typedef struct {
  nf_flow *flow;
  nf_safetensors file; /* the metadata, and the training state */
} nf_checkpoint;       /* start from {0} */

/* errors  as nf_load */
int nf_checkpoint_load(const char *path, nf_checkpoint *out, nf_error *e);
/* The same from a parsed file, which it takes over when it succeeds. */
int nf_checkpoint_build(const char *path, nf_safetensors *file, nf_checkpoint *out, nf_error *e);
void nf_checkpoint_free(nf_checkpoint *c); /* leaves {0} */

/* The training state into a trainer of c->flow: what follows is bit for bit what would have
 * followed the save.   errors  NF_EFORMAT (there is none in the file) */
int nf_checkpoint_resume(const nf_checkpoint *c, const char *path, nf_trainer *trainer,
                         nf_error *e);

/* --- nf_model as metadata ------------------------------------------------------------------ */

enum { NF_MODEL_KEYS = 16, NF_METADATA_TEXT = 72 };
typedef struct {
  size_t n;                         /* "standardise", "net" and "blocks" only when not as usual */
  nf_metadata entry[NF_MODEL_KEYS]; /* their texts are below */
  char text[NF_MODEL_KEYS][NF_METADATA_TEXT];
} nf_model_metadata;

/* Whether the file is large enough for the matrices of the model. Asked before memory is allocated
 * for a model that a file only claims to hold. */
bool nf_model_is_plausible(const nf_model *m, const nf_safetensors *file);

void nf_model_to_metadata(const nf_model *model, nf_model_metadata *out);
int nf_model_from_metadata(const char *path, const nf_safetensors *file, nf_model *out,
                           nf_error *e);
/* That a file with a model has this one (NULL: any), but for the seed: bins, alpha and the form of
 * the scale are in no tensor.   errors  NF_EFORMAT */
int nf_model_check_metadata(const char *path, const nf_safetensors *file, const nf_model *model,
                            nf_error *e);

#endif
