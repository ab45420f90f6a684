/* A flow is a tree: chains and splits have children, coupling layers have a net. Everything
 * that concerns all parameters at once is a walk over it, in one order: own tensors, the
 * net's, then the children's. */
#include <string.h>

#include "layers/bijector.h"
#include "layers/build.h"

typedef struct {
  size_t param, constant, layer;
} counts;

static void place(nf_tensor *t, size_t count, size_t first, counts *n) {
  for (size_t i = 0; i < count; i++) {
    size_t *next = t[i].trainable ? &n->param : &n->constant;
    t[i].place = *next;
    t[i].offset = t[i].trainable ? *next - first : 0;
    *next += nf_tensor_size(&t[i]);
  }
}

static void layout(nf_bijector *b, counts *n) {
  b->number = n->layer++;
  b->first = n->param;
  place(b->tensor, b->n_tensor, b->first, n);
  if (b->net != NULL) place(b->net->tensor, b->net->n_tensor, b->first, n);
  for (size_t i = 0; i < b->n_child; i++) layout(b->child[i], n);
  b->n_param = n->param - b->first;
}

size_t nf_bijector_layout(nf_bijector *b, size_t *n_param, size_t *n_constant) {
  counts n = {0, 0, 0};
  layout(b, &n);
  *n_param = n.param;
  *n_constant = n.constant;
  return n.layer;
}

typedef struct {
  nf_real *param, *constant;
} arrays;

static int bind_one(void *user, const char *path, nf_tensor *t) {
  (void)path;
  const arrays *a = user;
  t->data = (t->trainable ? a->param : a->constant) + t->place;
  return NF_OK;
}

void nf_bijector_bind(nf_bijector *b, nf_real *param, nf_real *constant) {
  arrays a = {param, constant};
  nf_bijector_tensors(b, bind_one, &a);
}

static void init(nf_bijector *b, nf_random *r) {
  r->stream++;
  r->index = 0;
  if (b->type->init != NULL) b->type->init(b, r);
  if (b->net != NULL && b->net->type->init != NULL) b->net->type->init(b->net, r);
  for (size_t i = 0; i < b->n_child; i++) init(b->child[i], r);
}

void nf_bijector_init(nf_bijector *b, uint64_t seed) { init(b, &(nf_random){seed, 0, 0}); }

int nf_bijector_prepare(nf_bijector *b) {
  int status = b->type->prepare != NULL ? b->type->prepare(b) : NF_OK;
  for (size_t i = 0; status == NF_OK && i < b->n_child; i++)
    status = nf_bijector_prepare(b->child[i]);
  return status;
}

/* --- paths ------------------------------------------------------------------------------ */

enum { PATH_MAX_LENGTH = 256 };

/* path[length …] becomes "name" (after a dot when something stands before it); the new length */
static size_t append(char *path, size_t length, const char *name) {
  if (length > 0 && length + 1 < PATH_MAX_LENGTH) path[length++] = '.';
  while (*name != '\0' && length + 1 < PATH_MAX_LENGTH) path[length++] = *name++;
  path[length] = '\0';
  return length;
}

static size_t append_number(char *path, size_t length, size_t number) {
  char digits[24], *p = digits + sizeof digits - 1;
  *p = '\0';
  do {
    *--p = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  return append(path, length, p);
}

typedef struct {
  nf_tensor_visit *visit;
  void *user;
  char path[PATH_MAX_LENGTH];
} walk;

static int visit_all(walk *w, size_t length, nf_tensor *t, size_t count) {
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < count; i++) {
    append(w->path, length, t[i].name);
    status = w->visit(w->user, w->path, &t[i]);
  }
  return status;
}

static int visit_tree(walk *w, size_t length, nf_bijector *b) {
  int status = visit_all(w, length, b->tensor, b->n_tensor);
  if (status == NF_OK && b->net != NULL)
    status = visit_all(w, append(w->path, length, "net"), b->net->tensor, b->net->n_tensor);
  for (size_t i = 0; status == NF_OK && i < b->n_child; i++) {
    w->path[length] = '\0';
    const size_t deeper = b->type->child != NULL ? append(w->path, length, b->type->child)
                                                 : append_number(w->path, length, i);
    status = visit_tree(w, deeper, b->child[i]);
  }
  return status;
}

int nf_bijector_tensors(nf_bijector *b, nf_tensor_visit *visit, void *user) {
  walk w = {visit, user, ""};
  return visit_tree(&w, 0, b);
}
