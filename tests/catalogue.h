/* Every layer of the suite in every mode, built and given weights that are not trivial, for any
 * test that loops over all of them. A new layer is tested by one new line in catalogue.c. */
#ifndef NF_TESTS_CATALOGUE_H
#define NF_TESTS_CATALOGUE_H

#include "layers/layer.h"
#include "nf/flow.h"

/* What the values of a sample are: N(0, 1), uniform in (0.02, 0.98), or from 2 up, pixels
 * 0 … input-1. */
enum { NORMAL = 0, UNIT = 1 };

/* How the oracles must treat an entry; 0: nothing special. */
enum {
  VOLUME = 1, /* preserves volume: its log-det is 0, elsewhere a log-det of 0 is a failure */
  CURVED = 2, /* pixels go on through a curved map: no finite difference from pixel to pixel */
  LEARNED_NOISE = 4 /* the log-det has -log q(u | k), beside that of the Jacobian at this u */
};

typedef struct {
  char name[80]; /* with the shape, such as "actnorm 2x3x3" */
  unsigned input;
  int flags;
  double solver; /* a bound of the error of the method that solves its ODE; 0: it has none */
  int status;    /* of building it */
  nf_flow *flow;
  nf_bijector *bijector; /* the flow's */
  size_t n_param;
} catalogue_entry;

typedef struct {
  catalogue_entry *entry;
  size_t n;
} catalogue;

/* All entries; the catalogue is empty when memory is out. */
catalogue catalogue_new(void);
void catalogue_free(catalogue *c);

/* Layers are initialised to the identity or close to it, where many errors do not show: this moves
 * every trainable tensor by N(0, σ²), σ = amount/√(size/rows), and prepares the flow. */
int move_weights(nf_flow *f, double amount, uint64_t seed);

/* data (n·D) receives n samples, the batch that is returned points to it. */
nf_batch catalogue_draw(const catalogue_entry *e, size_t n, nf_real *data);

#endif
