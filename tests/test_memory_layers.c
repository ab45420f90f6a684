/* Every layer of the catalogue runs while memory runs out (memory.h): the contract holds. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "check.h"

/* --- the contract, layer by layer ------------------------------------------------------------- */
typedef struct {
  const catalogue_entry *entry;
  int what; /* 0 forward, 1 inverse, 2 backward */
  double *x, *z;
} layer;

static bool layer_once(void *subject, size_t k) {
  static const char *const verb[] = {"forward", "inverse", "backward"};
  const layer *l = subject;
  const nf_bijector *b = l->entry->bijector;
  const size_t size = 2 * nf_shape_size(b->in), n_param = l->entry->n_param;
  const double dlog_det[2] = {0.5, 0.25};
  double log_det[2], *values = malloc((2 * size + n_param) * sizeof *values);
  assert_non_null(values);
  double *gradient = values + size, *dparam = gradient + size;
  nf_work work = {0};
  nf_batch x = {2, l->what == 0 ? b->in : b->out, values, 0, 0}, dz = x;
  dz.data = gradient;
  const double *start = l->what == 0 ? l->x : l->z;
  memcpy(values, start, size * sizeof *values);
  memory_fill(gradient, size), memory_fill(dparam, n_param), memory_fill(log_det, 2);
  memory_fail_at(k);
  const int status = l->what == 0   ? nf_bijector_forward(b, &x, log_det, &work)
                     : l->what == 1 ? nf_bijector_inverse(b, &x, log_det, &work)
                                    : nf_bijector_backward(b, &x, &dz, dlog_det, dparam, &work);
  const bool failed = memory_failed();
  const char *name = l->entry->name;
  if (!memory_went_well(name, k, status, failed)) {
    if (memcmp(values, start, size * sizeof *values) != 0)
      fail_msg("%s: %s: allocation %zu fails and the batch is another", name, verb[l->what], k);
    assert_true(nf_shape_equal(x.shape, l->what == 0 ? b->in : b->out));
    assert_true(nf_shape_equal(dz.shape, l->what == 0 ? b->in : b->out));
    memory_is_kept(name, gradient, size), memory_is_kept(name, dparam, n_param),
        memory_is_kept(name, log_det, 2);
  }
  assert_int_equal(work.tmp.used, 0); /* whatever happened, scratch memory was given back */
  nf_work_free(&work);
  free(values);
  return failed;
}

static void layers_keep_the_contract(void **state) {
  (void)state;
  catalogue c = catalogue_new();
  assert_true(c.n > 50);
  for (size_t i = 0; i < c.n; i++) {
    const catalogue_entry *e = &c.entry[i];
    check_ok(e->status);
    const size_t size = 2 * nf_shape_size(e->bijector->in);
    double *x = malloc(2 * size * sizeof *x), *z = x + size, log_det[2] = {0, 0};
    assert_non_null(x);
    nf_work work = {0};
    nf_batch batch = catalogue_draw(e, 2, x);
    memcpy(z, x, size * sizeof *z);
    batch.data = z;
    check_ok(nf_bijector_forward(e->bijector, &batch, log_det, &work));
    nf_work_free(&work);
    for (int what = 0; what < 3; what++)
      memory_exhaust(e->name, layer_once, &(layer){e, what, x, z});
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
