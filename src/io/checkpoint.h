/* A flow on disk: one safetensors file (io/safetensors.h) that says how to build the flow and
 * holds every number of it, and perhaps what its training needs to go on as if never stopped.
 *
 *   metadata   "nf_checkpoint": "1", the fields of nf_model ("family": "glow", …), and notes of
 *              whoever saved it; for training also "step" and the plateau's numbers
 *   tensors    every parameter and constant under its path, such as "2.inner.0.net.conv1.weight";
 *              for training also "adam.m/PATH", "adam.v/PATH" and "average/PATH" of parameters
 *
 * A file is loaded only when names, shapes and dtype are exactly those of the flow that its
 * metadata describe, and all values are finite. A double build reads F32 (exactly); a float
 * build refuses F64, which it would have to round. */
#ifndef NF_IO_CHECKPOINT_H
#define NF_IO_CHECKPOINT_H

#include "flow/flow.h"
#include "flow/models.h"
#include "io/safetensors.h"
#include "train/trainer.h"

typedef struct {
  nf_model model;
  nf_flow *flow;
  nf_safetensors file; /* the notes, and the training state until it is resumed */
} nf_checkpoint;       /* start from {0} */

/* trainer NULL: the flow alone.   errors  NF_EIO, NF_ENOMEM, NF_EINVAL */
int nf_checkpoint_save(const char *path, const nf_model *model, nf_flow *flow,
                       const nf_trainer *trainer, size_t n_note, const nf_metadata note[],
                       char message[NF_MESSAGE]);

/* errors  NF_EIO, NF_EFORMAT, NF_EINVAL (precision), NF_ESINGULAR, NF_ENOMEM */
int nf_checkpoint_load(const char *path, nf_checkpoint *out, char message[NF_MESSAGE]);
/* The same from a parsed file, which it takes over when it succeeds. */
int nf_checkpoint_build(const char *path, nf_safetensors *file, nf_checkpoint *out,
                        char message[NF_MESSAGE]);
void nf_checkpoint_free(nf_checkpoint *c); /* leaves {0} */

/* The training state into a trainer of c->flow: what follows is bit for bit what would have
 * followed the save.   errors  NF_EFORMAT (there is none in the file) */
int nf_checkpoint_resume(const nf_checkpoint *c, const char *path, nf_trainer *trainer,
                         char message[NF_MESSAGE]);

/* --- a model in words --------------------------------------------------------------------- */

enum { NF_MODEL_NOTES = 11, NF_NOTE = 72 };
typedef struct {
  nf_metadata note[NF_MODEL_NOTES]; /* their texts are below */
  char text[NF_MODEL_NOTES][NF_NOTE];
} nf_model_notes;

void nf_model_to_notes(const nf_model *model, nf_model_notes *out);
int nf_model_from_notes(const char *path, const nf_safetensors *file, nf_model *out,
                        char message[NF_MESSAGE]);

/* The words themselves, by the values of the enumerations; NULL ends them. */
extern const char *const nf_family_names[], *const nf_scale_names[];

/* Whole numbers and reals as text, and nothing beside them. False: not that, or beyond most. */
bool nf_read_whole(const char *text, uint64_t most, uint64_t *value);
bool nf_read_real(const char *text, double *value);
void nf_write_real(double value, char text[NF_NOTE]); /* so that the same double is read again */

#endif
