/* A flow on disk: one safetensors file, with all its parameters and constants and, when a trainer
 * is given, all that its training needs to go on with the same bits.
 *
 *   metadata   "nf_checkpoint": "1", and the settings of nf_model ("family": "glow", …) if the flow
 *              has a model; for training also "step" and the plateau's values
 *   tensors    every parameter and constant under its path, such as "2.inner.0.net.conv1.weight";
 *              for training also "adam.m/PATH", "adam.v/PATH" and "average/PATH" of parameters
 *
 * A file is loaded only when names and shapes are those of the flow, all values are finite, and the
 * models, where both have one, are the same but for the seed. Tensors of F16, BF16 and F32 are read
 * exactly, of F64 by a float build rounded; others that have no values or a type that is no
 * weight's (I64, BOOL, …) may stand beside them.
 *
 * Paths: "-" is standard input or output; links are followed. */
#ifndef NF_CHECKPOINT_H
#define NF_CHECKPOINT_H

#include "nf/train.h"

NF_BEGIN_DECLS

/* trainer NULL: the flow alone. The file is complete or as it was before.
 * errors  NF_EIO, NF_ENOMEM, NF_EINVAL (f is NULL, or the trainer another flow's), NF_EBUSY */
int nf_save(const char *path, nf_flow *f, const nf_trainer *trainer, nf_error *e);

/* Builds the flow that the file describes. NULL on failure.
 * errors  NF_EIO, NF_EFORMAT (also: the flow was built by hand; use nf_load_into), NF_ESINGULAR,
 *         NF_ENOMEM */
nf_flow *nf_load(const char *path, nf_error *e);

/* Into a flow with the same layers, built by hand or not; trainer NULL: the flow alone. Both are as
 * they were when it fails.
 * errors  those of nf_load and nf_save; NF_EFORMAT when there is no training state */
int nf_load_into(const char *path, nf_flow *f, nf_trainer *trainer, nf_error *e);

/* Builds the flow that a table in plain text describes, and gives it the weights that another
 * program saved, such as PyTorch's state_dict as safetensors; data/uva/mnist_flow.table is one, and
 * docs/parameters.md tells how it is written. NULL on failure; the message has the line of the
 * table.
 * errors  NF_EIO, NF_EFORMAT, NF_ESINGULAR, NF_ENOMEM, those of nf_flow_from_model */
nf_flow *nf_import(const char *table, const char *state_dict, nf_error *e);

NF_END_DECLS

#endif
