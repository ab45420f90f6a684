/* A flow is a tree: chains and splits have children, coupling layers have a net. It is walked once,
 * when the flow is made; all else that concerns every layer is a loop over the list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/layer.h"

typedef struct {
  size_t param, constant, layer;
} counts;

static void place(nf_tensor *t, size_t count, size_t first, counts *n) {
  for (size_t i = 0; i < count; i++) {
    size_t *next = t[i].trainable ? &n->param : &n->constant;
    t[i].flat_offset = *next;
    t[i].layer_offset = t[i].trainable ? *next - first : 0;
    *next += nf_tensor_size(&t[i]);
  }
}

static size_t count_layers(const nf_bijector *b) {
  size_t n = 1;
  for (size_t i = 0; i < b->n_child; i++) n += count_layers(b->child[i]);
  return n;
}

/* path.name, or path.i without a name; cut to fit. Both entries are in one list that may move, so
 * the parent's path is copied. */
static void child_path(const nf_layer_entry *parent, const char *name, size_t i,
                       nf_layer_entry *child) {
  char before[NF_PATH];
  memcpy(before, parent->path, sizeof before);
  const char *dot = before[0] != '\0' ? "." : "";
  if (name != NULL)
    snprintf(child->path, NF_PATH, "%.200s%s%.40s", before, dot, name);
  else
    snprintf(child->path, NF_PATH, "%.200s%s%zu", before, dot, i);
}

static void layout(nf_bijector *b, nf_layer_entry *list, counts *n) {
  nf_layer_entry *entry = &list[n->layer];
  entry->layer = b;
  b->number = n->layer++;
  b->first = n->param;
  place(b->tensor, b->n_tensor, b->first, n);
  if (b->net != NULL) place(b->net->tensor, b->net->n_tensor, b->first, n);
  for (size_t i = 0; i < b->n_child; i++) {
    nf_layer_entry *child = &list[n->layer];
    child->depth = entry->depth + 1;
    child_path(entry, b->type->child, i, child);
    layout(b->child[i], list, n);
  }
  b->n_param = n->param - b->first;
}

const char *nf_layer_name(const nf_layer_entry *entry, char text[NF_LAYER_NAME]) {
  const char *type = entry->layer->type->name;
  if (entry->path[0] == '\0')
    snprintf(text, NF_LAYER_NAME, "layer %.60s", type);
  else
    snprintf(text, NF_LAYER_NAME, "layer %s (%.60s)", entry->path, type);
  return text;
}

size_t nf_tree_layout(nf_bijector *root, nf_layer_entry **list, size_t *n_param,
                      size_t *n_constant) {
  counts n = {0, 0, 0};
  nf_layer_entry *entries = calloc(count_layers(root), sizeof *entries);
  if (entries == NULL) return 0;
  layout(root, entries, &n);
  *list = entries;
  *n_param = n.param;
  *n_constant = n.constant;
  return n.layer;
}

size_t nf_tree_condition(const nf_bijector *root) {
  size_t most = root->n_condition;
  if (root->type == &nf_variational_type) return most;
  for (size_t i = 0; i < root->n_child; i++) {
    const size_t c = nf_tree_condition(root->child[i]);
    if (c > most) most = c;
  }
  return most;
}

/* prefix.middle.name, without the parts that are "" */
static int visit_all(nf_tensor *t, size_t count, const char *prefix, const char *middle,
                     nf_tensor_visit *visit, void *user) {
  char path[NF_PATH];
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < count; i++) {
    snprintf(path, sizeof path, "%.200s%s%s%.50s", prefix, prefix[0] != '\0' ? "." : "", middle,
             t[i].name);
    status = visit(user, path, &t[i]);
  }
  return status;
}

int nf_tree_tensors(size_t n_layer, const nf_layer_entry *list, nf_tensor_visit *visit,
                    void *user) {
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < n_layer; i++) {
    nf_bijector *b = list[i].layer;
    status = visit_all(b->tensor, b->n_tensor, list[i].path, "", visit, user);
    if (status == NF_OK && b->net != NULL)
      status = visit_all(b->net->tensor, b->net->n_tensor, list[i].path, "net.", visit, user);
  }
  return status;
}
