/* Every layer of the catalogue runs while memory runs out (memory.h): the contract holds. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"

enum { N = 2 };
typedef enum { FORWARD, INVERSE, BACKWARD } direction;

/* All that a call may write, in one piece: log_det, the batch, its gradient, dparam. */
typedef struct {
  const catalogue_entry *entry;
  direction go;
  size_t size;    /* of that */
  nf_batch start; /* of the call */
  double *before, *after, *now;
} layer;

static void prepare(const layer *l, double *memory) {
  const size_t n = nf_batch_size(&l->start);
  memory_fill(memory, l->size);
  memcpy(memory + N, l->start.data, n * sizeof *memory);
}

static int run(const layer *l, nf_work *work) {
  const nf_bijector *b = l->entry->bijector;
  const size_t n = nf_batch_size(&l->start);
  const double dlog_det[N] = {0.5, 0.25};
  nf_batch x = l->start, dz = l->start;
  x.data = l->now + N, dz.data = x.data + n;
  const int status = l->go == FORWARD ? nf_bijector_forward(b, &x, l->now, work)
                     : l->go == INVERSE
                         ? nf_bijector_inverse(b, &x, l->now, work)
                         : nf_bijector_backward(b, &x, &dz, dlog_det, dz.data + n, work);
  const bool turned = status == NF_OK;
  assert_true(nf_shape_equal(x.shape, (l->go == FORWARD) == turned ? b->out : b->in));
  if (l->go == BACKWARD) assert_true(nf_shape_equal(dz.shape, x.shape));
  return status;
}

static bool run_once(void *subject, size_t k) {
  static const char *const verb[] = {"forward", "inverse", "backward"};
  const layer *l = subject;
  nf_work work = {0};
  prepare(l, l->now);
  memory_fail_at(k);
  const int status = run(l, &work);
  const bool failed = memory_failed();
  const bool well = memory_went_well(l->entry->name, k, status, failed);
  if (memcmp(l->now, well ? l->after : l->before, l->size * sizeof *l->now) != 0)
    fail_msg("%s, %s: allocation %zu fails, status %d, and the outputs are not %s", l->entry->name,
             verb[l->go], k, status, well ? "right" : "as they were");
  assert_int_equal(work.tmp.used, 0); /* whatever happened, scratch memory was given back */
  nf_work_free(&work);
  return failed;
}

static void try_layer(const catalogue_entry *e, direction go, nf_batch start) {
  layer l = {e, go, N + 2 * nf_batch_size(&start) + e->n_param, start, NULL, NULL, NULL};
  nf_work work = {0};
  l.before = malloc(3 * l.size * sizeof *l.before);
  assert_non_null(l.before);
  l.after = l.before + l.size, l.now = l.after + l.size;
  prepare(&l, l.before), prepare(&l, l.now);
  check_ok(run(&l, &work));
  memcpy(l.after, l.now, l.size * sizeof *l.now);
  nf_work_free(&work);
  memory_exhaust(e->name, run_once, &l);
  free(l.before);
}

static void layers_keep_the_contract(void **state) {
  (void)state;
  catalogue c = catalogue_new();
  assert_true(c.n > 50);
  for (size_t i = 0; i < c.n; i++) {
    const catalogue_entry *e = &c.entry[i];
    check_ok(e->status);
    double *x = malloc(2 * N * nf_shape_size(e->bijector->in) * sizeof *x), log_det[N] = {0};
    assert_non_null(x);
    const nf_batch batch = catalogue_draw(e, N, x);
    nf_batch latent = batch;
    nf_work work = {0};
    latent.data = x + nf_batch_size(&batch);
    memcpy(latent.data, x, nf_batch_size(&batch) * sizeof *x);
    check_ok(nf_bijector_forward(e->bijector, &latent, log_det, &work));
    nf_work_free(&work);
    try_layer(e, FORWARD, batch);
    try_layer(e, INVERSE, latent);
    try_layer(e, BACKWARD, latent);
    free(x);
  }
  catalogue_free(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layers_keep_the_contract),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
