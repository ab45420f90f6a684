/* Any bytes as points in a CSV file. */
#include "fuzz.h"
#include "nf/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300];
  nf_points p = {0};
  nf_error e = {0};
  fuzz_write("p.csv", bytes, size, path);
  if (nf_points_read_csv(path, &p, &e) != NF_OK) {
    fuzz_require(fuzz_is_line(e.message) && p.n == 0 && p.x == NULL && p.column == NULL);
    return 0;
  }
  fuzz_require(p.n > 0 && p.d > 0);
  for (size_t i = 0; i < p.n * p.d; i++) fuzz_require(p.x[i] - p.x[i] == 0);
  for (size_t k = 0; p.column != NULL && k < p.d; k++) fuzz_require(p.column[k] != NULL);
  nf_points_free(&p);
  return 0;
}
