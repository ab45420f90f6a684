/* Every allocation of every function fails once (memory.h): the call sets NF_ENOMEM, frees what
 * it took, and leaves its outputs and objects as they were. One test a layer and direction, a
 * constructor, a function of a flow and of a trainer. (Flows and trainers:
 * allocation_flow.c; images and files: allocation_io.c.) */
#include "allocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

enum { N = 2, VALUES = 1 << 10, PARAMS = 1 << 16 };

/* --- every layer of the catalogue, in every direction --------------------------------------- */

static catalogue layers;

typedef struct {
  const catalogue_entry *entry;
  int direction;
  nf_real input[VALUES]; /* of forward; or a latent, of inverse and backward */
  nf_real x[VALUES], dz[VALUES], dparam[PARAMS];
  nf_batch batch, gradient;
  double log_det[N];
  nf_work work;
} layer_call;

static const char *const direction_name[] = {"forward", "inverse", "backward"};

static void layer_start(void *subject) {
  layer_call *l = subject;
  const nf_bijector *b = l->entry->bijector;
  l->batch = catalogue_draw(l->entry, N, l->x); /* for its condition */
  if (l->direction != 0) l->batch.shape = b->out;
  l->gradient = l->batch;
  l->gradient.data = l->dz;
  memcpy(l->x, l->input, sizeof l->x);
  for (size_t k = 0; k < VALUES; k++) l->dz[k] = 1;
  for (size_t k = 0; k < PARAMS; k++) l->dparam[k] = 42;
  for (size_t i = 0; i < N; i++) l->log_det[i] = 42;
}

static void layer_run(void *subject, nf_error *e) {
  layer_call *l = subject;
  const nf_bijector *b = l->entry->bijector;
  const double dlog_det[N] = {0.5, 0.25};
  const int status = l->direction == 0   ? nf_bijector_forward(b, &l->batch, l->log_det, &l->work)
                     : l->direction == 1 ? nf_bijector_inverse(b, &l->batch, l->log_det, &l->work)
                                         : nf_bijector_backward(b, &l->batch, &l->gradient,
                                                                dlog_det, l->dparam, &l->work);
  if (status != NF_OK) nf_fail(e, status, "%s", nf_status_text(status));
}

/* Scratch memory was given back, too. */
static size_t layer_state(void *subject, char *to) {
  const layer_call *l = subject;
  size_t at = allocation_put(to, 0, l->x, sizeof l->x);
  at = allocation_put(to, at, l->dz, sizeof l->dz);
  at = allocation_put(to, at, l->dparam, sizeof l->dparam);
  at = allocation_put(to, at, l->log_det, sizeof l->log_det);
  at = allocation_put(to, at, &l->batch.shape, sizeof(nf_shape));
  at = allocation_put(to, at, &l->gradient.shape, sizeof(nf_shape));
  return allocation_put(to, at, &l->work.arena.used, sizeof l->work.arena.used);
}

static void layer_end(void *subject) {
  layer_call *l = subject;
  nf_work_free(&l->work);
  l->work = (nf_work){0};
}

static void test_layer(void **state) {
  const allocation_row *row = *state;
  static layer_call l;
  l = (layer_call){.entry = &layers.entry[row->a], .direction = row->b};
  const nf_bijector *b = l.entry->bijector;
  assert_true(N * nf_shape_size(b->in) <= VALUES && l.entry->n_param <= PARAMS);
  nf_batch x = catalogue_draw(l.entry, N, l.input);
  if (l.direction > 0) check_ok(nf_bijector_forward(b, &x, l.log_det, &l.work));
  layer_end(&l);
  memory_check(&(memory_call){row->name, &l, layer_start, layer_run, layer_state, layer_end});
}

/* --- constructors --------------------------------------------------------------------------- */

static const nf_shape shape = {2, 2, 4};
static nf_bijector *coupling(nf_net *net, nf_error *e) {
  return nf_coupling_new(shape, NF_CHANNEL, NF_SCALE_EXP, net, e);
}
#define NET_IN  nf_coupling_net_in(shape, NF_CHANNEL)
#define NET_OUT nf_coupling_net_out(shape, NF_CHANNEL, NF_SCALE_EXP)

/* Layer i of the list, which *b becomes, unless b is NULL; its name, NULL after the last. */
static const char *constructor(int i, nf_bijector **b, nf_error *e) {
  int at = 0;
#define CASE(name, call)      \
  if (at++ == i) {            \
    if (b != NULL) *b = call; \
    return name;              \
  }
  CASE("affine_new", nf_affine_new(shape, e))
  CASE("conv1x1_new", nf_conv1x1_new(shape, false, e))
  CASE("conv1x1_new, plu", nf_conv1x1_new(shape, true, e))
  CASE("actnorm_new", nf_actnorm_new(shape, e))
  CASE("standardise_new", nf_standardise_new(shape, e))
  CASE("permute_new", nf_permute_new(shape, NULL, e))
  CASE("reverse_new", nf_reverse_new(shape, e))
  CASE("coupling_new, linear_new", coupling(nf_linear_new(NET_IN, NET_OUT, e), e))
  CASE("coupling_new, mlp_new", coupling(nf_mlp_new(NET_IN, NET_OUT, 3, e), e))
  CASE("coupling_new, convnet_new", coupling(nf_convnet_new(NET_IN, NET_OUT, 3, e), e))
  CASE("coupling_new, conv_new", coupling(nf_conv_new(NET_IN, NET_OUT, e), e))
  CASE("continuous_new, field_new", nf_continuous_new(shape, 2, nf_field_new(shape, 3, e), e))
  CASE("squeeze_new", nf_squeeze_new(shape, e))
  CASE("unsqueeze_new", nf_unsqueeze_new(shape, e))
  CASE("reshape_new", nf_reshape_new(shape, nf_point(16), e))
  CASE("split_new", nf_split_new(shape, nf_actnorm_new(nf_image(2, 2, 2), e), e))
  CASE("logit_new", nf_logit_new(shape, 0.05, e))
  CASE("dequantise_new", nf_dequantise_new(shape, 17, 1, e))
  CASE("chain_new", nf_chain_new(shape, e))
#undef CASE
  return NULL;
}

typedef struct {
  int i; /* layer or model */
  bool is_model;
  nf_flow *flow;
} construction;

static void construct(void *subject, nf_error *e) {
  construction *c = subject;
  nf_bijector *b = NULL;
  if (c->is_model) {
    c->flow = nf_flow_from_model(&allocation_model[c->i], e);
  } else {
    constructor(c->i, &b, e);
    c->flow = nf_flow_new(b, 1, e);
  }
}

static size_t construct_state(void *subject, char *to) {
  const construction *c = subject;
  return c->flow == NULL ? 0
                         : 1 + allocation_put(to, 0, nf_flow_param(c->flow),
                                              nf_flow_n_param(c->flow) * sizeof(nf_real));
}

static void construct_end(void *subject) {
  construction *c = subject;
  nf_flow_free(c->flow);
  c->flow = NULL;
}

static void test_constructor(void **state) {
  const allocation_row *row = *state;
  construction c = {.i = row->a, .is_model = row->b == 1};
  memory_check(&(memory_call){row->name, &c, NULL, construct, construct_state, construct_end});
}

/* --- the list ------------------------------------------------------------------------------- */

static allocation_row row[800];
static size_t n_row;

void allocation_add(const char *name, CMUnitTestFunction run, int a, int b, int c) {
  if (n_row == sizeof row / sizeof *row) abort();
  allocation_row *r = &row[n_row++];
  *r = (allocation_row){.run = run, .a = a, .b = b, .c = c};
  snprintf(r->name, sizeof r->name, "%s", name);
}

int main(void) {
  char name[160];
  layers = catalogue_new();
  for (size_t i = 0; i < layers.n; i++)
    for (int d = 0; d < 3; d++) {
      snprintf(name, sizeof name, "%s, %s", layers.entry[i].name, direction_name[d]);
      allocation_add(name, test_layer, (int)i, d, 0);
    }
  for (int i = 0; constructor(i, NULL, NULL) != NULL; i++)
    allocation_add(constructor(i, NULL, NULL), test_constructor, i, 0, 0);
  for (int i = 0; i < ALLOCATION_MODELS; i++) {
    snprintf(name, sizeof name, "flow_from_model, %s", allocation_model_name[i]);
    allocation_add(name, test_constructor, i, 1, 0);
  }
  allocation_add_flows();
  allocation_add_files();
  struct CMUnitTest *tests = calloc(n_row, sizeof *tests);
  if (layers.n == 0 || tests == NULL) return 1;
  for (size_t i = 0; i < n_row; i++)
    tests[i] = (struct CMUnitTest){row[i].name, row[i].run, NULL, NULL, &row[i]};
  const int failed =
      _cmocka_run_group_tests("allocation", tests, n_row, folder_make, folder_remove);
  free(tests);
  catalogue_free(&layers);
  return failed > 0;
}
