/* Any bytes as a batch of CIFAR-10, by its own path and found in a folder. */
#include "fuzz_images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char path[300];
  nf_error e = {0};
  nf_images file = {0}, folder = {0};
  fuzz_write("data_batch_1.bin", bytes, size, path);
  const int status = nf_images_cifar10(path, false, &file, &e);
  const size_t n = file.n;
  fuzz_require(status != NF_OK || (n == size / 3073 && file.label[n - 1] <= 9));
  fuzz_images(status, &file, &e);
  e = (nf_error){0};
  fuzz_require(nf_images_cifar10(fuzz_folder, false, &folder, &e) == status && folder.n == n);
  fuzz_images(status, &folder, &e);
  return 0;
}
