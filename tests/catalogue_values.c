/* What the entries of the catalogue are given: weights that are not zero, samples, conditions. */
#include <stdlib.h>

#include "catalogue.h"
#include "core/real.h"
#include "flow/flow.h"

enum { SEED = 2016, CONDITIONS = 4096 };
static nf_real condition[CONDITIONS]; /* y of every conditional entry */

typedef struct {
  double amount;
  nf_random random;
} moving;

static int move(void *user, const char *path, nf_tensor *t) {
  (void)path;
  moving *m = user;
  if (!t->trainable) return NF_OK;
  const size_t size = nf_tensor_size(t);
  const double sigma = m->amount / sqrt((double)size / (double)t->dim[0]);
  for (size_t i = 0; i < size; i++) t->data[i] += NF_R(sigma * nf_random_next_normal(&m->random));
  return NF_OK;
}

int move_weights(nf_flow *f, double amount, uint64_t seed) {
  moving m = {amount, {seed, (uint64_t)1 << 32, 0}};
  nf_flow_tensors(f, move, &m);
  return nf_flow_prepare(f, NULL);
}

nf_batch catalogue_draw(const catalogue_entry *e, size_t n, nf_real *data) {
  const size_t c = nf_flow_condition(e->flow);
  nf_batch x = {.n = n, .shape = e->bijector->in, .data = data};
  if (c > 0) {
    if (n * c > CONDITIONS) abort();
    for (size_t k = 0; k < CONDITIONS; k++) condition[k] = NF_R(nf_random_normal(SEED, 2, k));
    x.y = condition;
    x.y_shape = nf_point(c);
  }
  for (size_t k = 0; k < nf_batch_size(&x); k++) {
    const double u = nf_random_uniform(SEED, 1, k);
    data[k] = NF_R(e->input == NORMAL ? nf_random_normal(SEED, 1, k)
                   : e->input == UNIT ? 0.02 + 0.96 * u
                                      : floor(u * e->input));
  }
  return x;
}
