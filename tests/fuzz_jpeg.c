/* Any bytes as a folder of one image, JPEG or PNG by its content, as it is and resized. */
#include "fuzz_images.h"

static size_t skipped;
static void count(void *user, const char *line) {
  (void)user;
  fuzz_require(fuzz_is_line(line));
  skipped++;
}

static void read_one(size_t side, const uint8_t *bytes, size_t size) {
  char path[300];
  nf_error e = {0};
  nf_images set = {0};
  const nf_folder_options o = {.h = side, .w = side, .skipped = count};
  skipped = 0;
  fuzz_write("a.jpg", bytes, size, path);
  const int status = nf_images_folder(fuzz_folder, &o, &set, &e);
  fuzz_require(status != NF_OK || (set.n == 1 && skipped == 0));
  fuzz_require(side == 0 || status != NF_OK || (set.shape.h == side && set.shape.w == side));
  fuzz_images(status, &set, &e);
  remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  read_one(0, bytes, size);
  read_one(7, bytes, size);
  return 0;
}
