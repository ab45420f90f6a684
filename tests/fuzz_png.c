/* Any bytes as a folder of one PNG image. */
#include "fuzz_images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300];
  nf_error e = {0};
  nf_images set = {0};
  fuzz_write("a.png", bytes, size, path);
  const int status = nf_images_png(fuzz_folder, &set, &e);
  fuzz_require(status != NF_OK || set.n == 1);
  fuzz_images(status, &set, &e);
  return 0;
}
