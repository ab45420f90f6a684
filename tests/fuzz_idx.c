/* Any bytes as IDX images and labels: two bytes, the length of the images' file, little-endian,
 * then that file, then the labels'. Without a second file there are no labels. */
#include "fuzz_images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char images[300], labels[300];
  nf_error e = {0};
  nf_images set = {0};
  if (size < 2) return 0;
  size_t first = (size_t)bytes[0] | (size_t)bytes[1] << 8;
  bytes += 2, size -= 2;
  if (first > size) first = size;
  fuzz_write("images", bytes, first, images);
  fuzz_write("labels", bytes + first, size - first, labels);
  const int status = nf_images_idx(images, size > first ? labels : NULL, &set, &e);
  fuzz_require(status != NF_OK || (set.label != NULL) == (size > first));
  fuzz_images(status, &set, &e);
  return 0;
}
