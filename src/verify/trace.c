/* A hook opens a row before a layer runs, when its input can still be differentiated, and fills the
 * row after. */
#include "verify/trace.h"

#include <stdlib.h>
#include <string.h>

#include "core/real.h"
#include "verify/log_det_fd.h"

enum { MAX_DEPTH = 64, NO_ROW = -1 };
typedef struct {
  nf_trace trace;
  size_t capacity, depth; /* rows; open rows */
  struct {
    const nf_bijector *layer;
    ptrdiff_t row;   /* or NO_ROW */
  } open[MAX_DEPTH]; /* the layers that run, by the hooks' depth */
  double so_far;
} writer;

static bool has_row(const writer *w, const nf_bijector *b, int depth) {
  return b->type != &nf_chain_type ||
         (depth > 0 && w->open[depth - 1].layer->type != &nf_split_type);
}

/* Whether the layers inside have rows. Those of an inverted layer have none, since they run the
 * other way, nor those of learned noise, which x does not pass. */
static bool has_parts(const nf_bijector *b) {
  if (b->type == &nf_inverted_type || b->type == &nf_variational_type) return false;
  bool any = false;
  for (size_t i = 0; i < b->n_child; i++) {
    const bool hidden = b->type == &nf_split_type && b->child[i]->type == &nf_chain_type;
    any = any || !hidden || has_parts(b->child[i]);
  }
  return any;
}

static int before(void *user, const nf_bijector *b, int depth, const nf_batch *x) {
  writer *w = user;
  nf_trace *t = &w->trace;
  if (depth >= MAX_DEPTH) return NF_EINVAL;
  w->open[depth].layer = b;
  w->open[depth].row = NO_ROW;
  if (!has_row(w, b, depth)) return NF_OK;
  if (t->n == w->capacity) {
    const size_t capacity = 2 * w->capacity + 16;
    nf_trace_row *more = realloc(t->row, capacity * sizeof *more);
    if (more == NULL) return NF_ENOMEM;
    t->row = more;
    w->capacity = capacity;
  }
  w->open[depth].row = (ptrdiff_t)t->n;
  nf_trace_row *row = &t->row[t->n++];
  *row = (nf_trace_row){
      .layer = b, .depth = w->depth++, .parts = has_parts(b), .log_det = w->so_far, .check = NAN};
  const bool noise = b->type == &nf_variational_type; /* its log-det has a term of the noise */
  return row->parts || noise ? NF_OK : nf_verify_log_det_fd(b, x, &row->check);
}

static int after(void *user, const nf_bijector *b, int depth, const nf_batch *z,
                 const double *log_det) {
  (void)b;
  writer *w = user;
  if (w->open[depth].row == NO_ROW) return NF_OK;
  nf_trace_row *row = &w->trace.row[w->open[depth].row];
  w->depth--;
  for (size_t i = 0; i < NF_TRACE_VALUES; i++)
    row->value[i] = i < nf_shape_size(z->shape) ? z->data[i] : NF_R(NAN);
  row->log_det = *log_det - row->log_det;
  row->sum = w->so_far = *log_det;
  return NF_OK;
}

int nf_verify_trace(const nf_bijector *b, const nf_batch *x, nf_trace *of) {
  if (x->n != 1 || !nf_shape_equal(x->shape, b->in)) return NF_ESHAPE;
  writer w = {0};
  const nf_hooks hooks = {.before = before, .after = after, .user = &w};
  nf_work work = {.hooks = &hooks};
  nf_batch copy = *x;
  copy.data = malloc(nf_batch_size(x) * sizeof *copy.data);
  int status = copy.data == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *copy.data);
    status = nf_bijector_forward(b, &copy, &w.trace.log_det, &work);
  }
  if (status == NF_OK)
    *of = w.trace;
  else
    nf_verify_trace_free(&w.trace);
  free(copy.data);
  nf_work_free(&work);
  return status;
}

void nf_verify_trace_free(nf_trace *t) {
  free(t->row);
  *t = (nf_trace){0};
}

bool nf_verify_trace_holds(const nf_trace_row *row) {
  const double tolerance =
      row->layer->type == &nf_continuous_type ? NF_TRACE_TOLERANCE_ODE : NF_TRACE_TOLERANCE;
  return isnan(row->check) ||
         fabs(row->log_det - row->check) <= tolerance * fmax(1, fabs(row->log_det));
}
