/* Named arrays: what a layer learns, and the constants it was born with. A layer declares
 * its tensors once; counting, binding to the flow's flat arrays, saving, gradient checks
 * and printing are then one loop each, written elsewhere. */
#ifndef NF_CORE_TENSOR_H
#define NF_CORE_TENSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/real.h"

enum { NF_TENSOR_RANK = 4 };

typedef struct {
  const char *name;           /* field's own: "weight", "bias", "log_scale", … */
  size_t dim[NF_TENSOR_RANK]; /* unused trailing sides are 0 */
  bool trainable;             /* lives among the parameters; otherwise among the constants */
  size_t place;               /* of its first value in the flow's flat array of that kind */
  size_t offset; /* the same from its bijector's first parameter: where dparam has it */
  nf_real *data; /* NULL until bound */
} nf_tensor;

static inline size_t nf_tensor_size(const nf_tensor *t) {
  size_t size = 1;
  for (int i = 0; i < NF_TENSOR_RANK && t->dim[i] > 0; i++) size *= t->dim[i];
  return size;
}

/* A declaration: what a layer's constructor puts into its list. */
static inline nf_tensor nf_tensor_param(const char *name, size_t d0, size_t d1, size_t d2,
                                        size_t d3) {
  return (nf_tensor){.name = name, .dim = {d0, d1, d2, d3}, .trainable = true};
}
static inline nf_tensor nf_tensor_constant(const char *name, size_t d0) {
  return (nf_tensor){.name = name, .dim = {d0, 0, 0, 0}, .trainable = false};
}

#endif
