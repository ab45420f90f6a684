/* One sample on its way through a flow, a row a layer:
 *
 *   layer · values after it · log|det J_i| · Σ so far · log|det J_i| by differences (log_det_fd.h)
 *
 * where J_i is the layer's Jacobian at its own input (NOTES (1.12)). A layer that contains others
 * has a row before theirs; the outermost chain and the flow inside a split have none. */
#ifndef NF_VERIFY_TRACE_H
#define NF_VERIFY_TRACE_H

#include "layers/layer.h"

enum { NF_TRACE_VALUES = 3 };

typedef struct {
  const nf_bijector *layer;
  size_t depth;                   /* 0: a layer of the outermost chain */
  bool parts;                     /* it is made of the rows below it that are deeper */
  nf_real value[NF_TRACE_VALUES]; /* the first values after it; NaN beyond the last */
  double log_det, sum;            /* nats; of a layer with parts that of all of them */
  double check;                   /* by differences; NaN: it has parts, or no way was found */
} nf_trace_row;

typedef struct {
  size_t n;
  nf_trace_row *row;
  double log_det; /* of the flow, as the library adds it */
} nf_trace;

/* |log_det - check| ≤ NF_TRACE_TOLERANCE·max(1, |log_det|) for a layer that is right. In float the
 * differences are of float values, and lose half of their digits. */
#ifdef NF_FLOAT
#define NF_TRACE_TOLERANCE 1e-3
#else
#define NF_TRACE_TOLERANCE 1e-7
#endif
/* The same for a continuous flow, whose log-det is its map's up to the error of the solver. */
#define NF_TRACE_TOLERANCE_ODE 0.05

/* x is one sample; b is prepared. `of` is to be freed, and on an error is as it was.
 * errors  as nf_bijector_forward, at x or beside it */
int nf_verify_trace(const nf_bijector *b, const nf_batch *x, nf_trace *of);
void nf_verify_trace_free(nf_trace *t);
/* Does the row's log-det agree with differences? True when there is no check. */
bool nf_verify_trace_holds(const nf_trace_row *row);

#endif
