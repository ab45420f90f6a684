/* Any bytes as points in a .npy file. What is read is what is written and read again. */
#include "fuzz.h"
#include "io/npy.h"
#include "nf/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300];
  nf_points p = {0}, again = {0};
  nf_error e = {0};
  fuzz_write("p.npy", bytes, size, path);
  if (nf_points_read_npy(path, &p, &e) != NF_OK) {
    fuzz_require(fuzz_is_line(e.message) && p.n == 0 && p.x == NULL && p.column == NULL);
    return 0;
  }
  fuzz_require(p.n > 0 && p.d > 0 && p.n * p.d <= size && p.column == NULL);
  for (size_t i = 0; i < p.n * p.d; i++) fuzz_require(p.x[i] - p.x[i] == 0);
  fuzz_require(nf_npy_write(path, 2, (size_t[]){p.n, p.d}, p.x, &e) == NF_OK);
  fuzz_require(nf_points_read_npy(path, &again, &e) == NF_OK);
  fuzz_require(again.n == p.n && again.d == p.d);
  fuzz_require(memcmp(again.x, p.x, p.n * p.d * sizeof *p.x) == 0);
  nf_points_free(&p);
  nf_points_free(&again);
  return 0;
}
