/* Every layer of the catalogue before every oracle; each pair is a test of its own. `make verify`
 * shows the errors as a table (tests/verify.c). */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "oracles.h"

typedef struct {
  const catalogue_entry *entry;
  const oracle *oracle;
  char name[160];
} pair;

static void test_pair(void **state) {
  const pair *p = *state;
  check_ok(p->entry->status);
  nf_work work = {0};
  const finding f = p->oracle->measure(p->entry, &work);
  nf_work_free(&work);
  check_ok(f.status);
  const double tolerance = oracle_tolerance(p->oracle, p->entry);
  if (!(f.error <= tolerance)) print_error("worst: %s\n", f.where);
  check_error(p->name, f.error, tolerance);
}

int main(void) {
  catalogue c = catalogue_new();
  pair *p = calloc(c.n * ORACLES + 1, sizeof *p);
  struct CMUnitTest *test = calloc(c.n * ORACLES + 1, sizeof *test);
  size_t n = 0;
  for (size_t k = 0; k < c.n; k++) {
    for (size_t o = 0; o < ORACLES; o++) {
      if (c.entry[k].status == NF_OK && !oracles[o].applies(&c.entry[k])) continue;
      p[n] = (pair){&c.entry[k], &oracles[o], ""};
      snprintf(p[n].name, sizeof p[n].name, "%s: %s", c.entry[k].name, oracles[o].name);
      test[n] = (struct CMUnitTest){p[n].name, test_pair, NULL, NULL, &p[n]};
      n++;
    }
  }
  const int result = _cmocka_run_group_tests("catalogue", test, n, NULL, NULL);
  free(p), free(test);
  catalogue_free(&c);
  return result;
}
