/* Any bytes as points in a CSV file. Points that are read are written again, and come back. */
#include "core/number.h"
#include "fuzz.h"
#include "nf/data.h"

static void require_points(const nf_points *p) {
  fuzz_require(p->n > 0 && p->d > 0);
  for (size_t i = 0; i < p->n * p->d; i++) fuzz_require(p->x[i] - p->x[i] == 0);
  for (size_t k = 0; p->column != NULL && k < p->d; k++) fuzz_require(p->column[k] != NULL);
}

static void write_points(const nf_points *p, const char *path) {
  FILE *f = fopen(path, "w");
  fuzz_require(f != NULL);
  for (size_t i = 0; i < p->n * p->d; i++) {
    char text[NF_NUMBER];
    nf_write_real(p->x[i], text);
    fprintf(f, "%s%c", text, (i + 1) % p->d == 0 ? '\n' : ';');
  }
  fuzz_require(fclose(f) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300];
  nf_points p = {0}, again = {0};
  nf_error e = {0};
  fuzz_write("p.csv", bytes, size, path);
  if (nf_points_read_csv(path, &p, &e) != NF_OK) {
    fuzz_require(fuzz_is_line(e.message) && p.n == 0 && p.x == NULL && p.column == NULL);
    return 0;
  }
  require_points(&p);
  write_points(&p, path);
  fuzz_require(nf_points_read_csv(path, &again, &e) == NF_OK && again.column == NULL);
  fuzz_require(again.n == p.n && again.d == p.d);
  fuzz_require(memcmp(again.x, p.x, p.n * p.d * sizeof *p.x) == 0);
  nf_points_free(&p);
  nf_points_free(&again);
  return 0;
}
