/* See trace.h. A watcher opens a row before a layer runs, when its input is still there to be
 * differentiated, and fills the row after. */
#include "verify/trace.h"

#include <stdlib.h>
#include <string.h>

#include "verify/slopes.h"

enum { DEEPEST = 64 };
typedef struct {
  nf_trace trace;
  size_t room, depth, open[DEEPEST]; /* the rows that wait for their layer's output */
  double so_far;
} writer;

/* Does a watcher see layers inside? */
static bool has_parts(const nf_bijector *b) {
  if (strcmp(b->type->name, "chain") == 0) return b->n_child > 0;
  bool any = false;
  for (size_t i = 0; i < b->n_child; i++) any = any || has_parts(b->child[i]);
  return any;
}

static int before(void *user, nf_bijector *layer, const nf_batch *x) {
  writer *w = user;
  nf_trace *t = &w->trace;
  if (w->depth == DEEPEST) return NF_EINVAL;
  if (t->n == w->room) {
    const size_t room = 2 * w->room + 16;
    nf_trace_row *more = realloc(t->row, room * sizeof *more);
    if (more == NULL) return NF_ENOMEM;
    t->row = more;
    w->room = room;
  }
  nf_trace_row *row = &t->row[t->n];
  *row = (nf_trace_row){layer, w->depth, has_parts(layer), {NF_R(0)}, w->so_far, 0, NAN};
  w->open[w->depth++] = t->n++;
  return row->parts ? NF_OK : nf_verify_slopes(layer, x, &row->check);
}

static int after(void *user, nf_bijector *layer, const nf_batch *z, const double *log_det) {
  (void)layer;
  writer *w = user;
  nf_trace_row *row = &w->trace.row[w->open[--w->depth]];
  for (size_t i = 0; i < NF_TRACE_VALUES; i++)
    row->value[i] = i < nf_shape_size(z->shape) ? z->data[i] : NF_R(NAN);
  row->log_det = *log_det - row->log_det;
  row->sum = w->so_far = *log_det;
  return NF_OK;
}

int nf_verify_trace(const nf_bijector *b, const nf_batch *x, nf_trace *of) {
  if (x->n != 1 || !nf_shape_equal(x->shape, b->in)) return NF_ESHAPE;
  writer w = {0};
  const nf_watch watch = {before, after, &w};
  nf_work work = {.watch = &watch};
  nf_bijector *lone = (nf_bijector *)(uintptr_t)b; /* it is only passed on */
  const bool chain = strcmp(b->type->name, "chain") == 0;
  nf_batch copy = *x;
  copy.data = malloc(nf_batch_size(x) * sizeof *copy.data);
  int status = copy.data == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *copy.data);
  if (status == NF_OK && !chain) status = before(&w, lone, &copy);
  if (status == NF_OK) status = nf_bijector_forward(b, &copy, &w.trace.log_det, &work);
  if (status == NF_OK && !chain) status = after(&w, lone, &copy, &w.trace.log_det);
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
  return isnan(row->check) ||
         fabs(row->log_det - row->check) <= NF_TRACE_TOLERANCE * fmax(1, fabs(row->log_det));
}
