/* Every layer of the catalogue before every oracle; each pair is a test of its own.
 * `test_catalogue --page` prints the errors as a table instead. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oracles.h"

typedef struct {
  const catalogue_entry *entry;
  const oracle *oracle;
  char name[160];
} pair;

static finding judge(const catalogue_entry *e, const oracle *o) {
  nf_work work = {0};
  const finding f = o->measure(e, &work);
  nf_work_free(&work);
  return f;
}

static void test_pair(void **state) {
  const pair *p = *state;
  check_ok(p->entry->status);
  const finding f = judge(p->entry, p->oracle);
  check_ok(f.status);
  if (!(f.error <= p->oracle->tolerance)) print_error("worst: %s\n", f.where);
  check_error(p->name, f.error, p->oracle->tolerance);
}

static int page(const catalogue *c) {
  int bad = 0;
  printf("%-52s", "layer");
  for (size_t o = 0; o < ORACLES; o++) printf(" %8s", oracles[o].brief);
  printf("\n");
  for (size_t k = 0; k < c->n; k++) {
    const catalogue_entry *e = &c->entry[k];
    printf("%-52s", e->name);
    for (size_t o = 0; o < ORACLES && e->status == NF_OK; o++) {
      if (!oracles[o].applies(e)) {
        printf(" %8s", "-");
        continue;
      }
      const finding f = judge(e, &oracles[o]);
      const bool good = f.status == NF_OK && f.error <= oracles[o].tolerance;
      printf(" %7.1e%s", f.status ? NAN : f.error, good ? " " : "!");
      bad += !good;
    }
    printf("%s\n", e->status ? " could not be built" : "");
    bad += e->status != NF_OK;
  }
  return bad > 0;
}

int main(int argc, char **argv) {
  catalogue c = catalogue_new();
  int result = 1;
  if (argc > 1 && strcmp(argv[1], "--page") == 0) {
    result = page(&c);
  } else {
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
    result = _cmocka_run_group_tests("catalogue", test, n, NULL, NULL);
    free(p), free(test);
  }
  catalogue_free(&c);
  return result;
}
