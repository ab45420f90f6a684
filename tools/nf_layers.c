/* A walk over the tree for the list; a watcher for the log-dets: what a layer adds is the mean of
 * the running sum after it, less the mean before it. */
#include "nf_layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  nf_layer *layer;
  size_t n, room;
  bool full; /* no memory */
} list;

static size_t parameters(const nf_bijector *b) {
  size_t sum = 0;
  for (size_t i = 0; i < b->n_tensor; i++)
    if (b->tensor[i].trainable) sum += nf_tensor_size(&b->tensor[i]);
  for (size_t i = 0; b->net != NULL && i < b->net->n_tensor; i++)
    sum += nf_tensor_size(&b->net->tensor[i]);
  return sum;
}

static void walk(list *l, nf_bijector *b, const char *path) {
  if (l->n == l->room) {
    l->room = 2 * l->room + 16;
    nf_layer *more = realloc(l->layer, l->room * sizeof *more);
    if (more == NULL) l->full = true;
    if (more != NULL) l->layer = more;
  }
  if (l->full) return;
  nf_layer *row = &l->layer[l->n++];
  *row = (nf_layer){.layer = b, .parameter = parameters(b)};
  snprintf(row->path, sizeof row->path, "%s", path);
  for (size_t i = 0; i < b->n_child; i++) {
    char inner[sizeof row->path];
    const char *dot = *path != 0 ? "." : "";
    if (b->type->child != NULL)
      snprintf(inner, sizeof inner, "%s%s%s", path, dot, b->type->child);
    else
      snprintf(inner, sizeof inner, "%s%s%zu", path, dot, i);
    walk(l, b->child[i], inner);
  }
}

nf_layer *nf_layers_list(nf_bijector *root, size_t *n) {
  list l = {0};
  walk(&l, root, "");
  *n = l.n;
  if (!l.full) return l.layer;
  free(l.layer);
  return NULL;
}

const nf_layer *nf_layers_culprit(nf_flow *flow, const nf_batch *x, size_t n, const nf_layer *row) {
  const nf_bijector *culprit = NULL;
  for (size_t i = 0; i < n && culprit == NULL; i++)
    if (row[i].layer->n_child == 0 && nf_bijector_prepare(row[i].layer) != NF_OK)
      culprit = row[i].layer;
  for (size_t i = 0; i < x->n && culprit == NULL; i++) {
    nf_batch one = *x;
    one.data = nf_batch_sample(x, i);
    one.first += i;
    culprit = nf_flow_culprit(flow, &one);
  }
  for (size_t i = 0; i < n; i++)
    if (row[i].layer == culprit) return &row[i];
  return NULL;
}

/* --- log-dets ---------------------------------------------------------------------------- */

enum { DEEPEST = 64 };
typedef struct {
  nf_layer *list;
  size_t n, samples, depth;
  double so_far, before[DEEPEST]; /* running mean now, and when each open layer was entered */
} meter;

static int enter(void *user, nf_bijector *layer, const nf_batch *x) {
  (void)layer, (void)x;
  meter *m = user;
  if (m->depth == DEEPEST) return NF_EINVAL;
  m->before[m->depth++] = m->so_far;
  return NF_OK;
}

static int leave(void *user, nf_bijector *layer, const nf_batch *z, const double *log_det) {
  meter *m = user;
  m->so_far = 0;
  for (size_t i = 0; i < z->n; i++) m->so_far += log_det[i] / (double)z->n;
  const double added = m->so_far - m->before[--m->depth];
  for (size_t i = 0; i < m->n; i++)
    if (m->list[i].layer == layer) m->list[i].log_det = added;
  return NF_OK;
}

int nf_layers_measure(nf_flow *flow, const nf_batch *x, size_t n, nf_layer *row) {
  meter m = {.list = row, .n = n};
  const nf_watch watch = {.before = enter, .after = leave, .user = &m};
  nf_work work = {.watch = &watch};
  nf_batch copy = *x;
  copy.data = nf_arena_alloc(&work.tmp, nf_batch_size(x));
  double *log_det = nf_arena_alloc_double(&work.tmp, x->n);
  int status = copy.data == NULL || log_det == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memcpy(copy.data, x->data, nf_batch_size(x) * sizeof *x->data);
    memset(log_det, 0, x->n * sizeof *log_det);
    status = nf_bijector_prepare(flow->bijector);
  }
  if (status == NF_OK) status = nf_bijector_forward(flow->bijector, &copy, log_det, &work);
  if (status == NF_OK) row[0].log_det = m.so_far; /* nobody watches the root, */
  for (size_t i = 0; i + 1 < n; i++)              /* nor what a split contains */
    if (row[i].layer->type->child != NULL) row[i + 1].log_det = row[i].log_det;
  nf_arena_free(&work.tmp);
  return status;
}
