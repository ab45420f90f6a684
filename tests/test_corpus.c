/* The inputs of tests/fuzz, once more: what the fuzz targets started from, and what they found.
 * A target that finds something wrong ends the program. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

/* Each target's entry point, under a name of its own (tests/rules.mk). */
typedef int target(const uint8_t *bytes, size_t size);
target fuzz_chapter, fuzz_cifar10, fuzz_csv, fuzz_golden, fuzz_idx, fuzz_import, fuzz_jpeg, fuzz_nf,
    fuzz_npy, fuzz_png, fuzz_safetensors;

static void replay(target *run, const char *path) {
  enum { MOST = 1 << 20 };
  static uint8_t buffer[MOST];
  FILE *f = fopen(path, "rb");
  if (f == NULL) fail_msg("%s: cannot be read", path);
  const size_t size = fread(buffer, 1, MOST, f);
  fclose(f);
  uint8_t *exact = malloc(size + (size == 0)); /* so that a sanitizer sees its end */
  assert_non_null(exact);
  for (size_t i = 0; i < size; i++) exact[i] = buffer[i];
  print_message("%s\n", path);
  assert_int_equal(run(exact, size), 0);
  free(exact);
}

static void replay_all(const char *name, target *run) {
  char folder[100], path[400];
  size_t n = 0;
  snprintf(folder, sizeof folder, "tests/fuzz/%s", name);
  DIR *d = opendir(folder);
  if (d == NULL) fail_msg("%s: cannot be read", folder);
  for (const struct dirent *e; (e = readdir(d)) != NULL;) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    replay(run, path);
    n++;
  }
  closedir(d);
  assert_true(n > 0);
}

#define TARGET(name)                \
  static void name(void **state) {  \
    (void)state;                    \
    replay_all(#name, fuzz_##name); \
  }
TARGET(chapter)
TARGET(cifar10)
TARGET(csv)
TARGET(golden)
TARGET(idx)
TARGET(import)
TARGET(jpeg)
TARGET(nf)
TARGET(npy)
TARGET(png)
TARGET(safetensors)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chapter), cmocka_unit_test(cifar10),     cmocka_unit_test(csv),
      cmocka_unit_test(golden),  cmocka_unit_test(idx),         cmocka_unit_test(import),
      cmocka_unit_test(jpeg),    cmocka_unit_test(nf),          cmocka_unit_test(npy),
      cmocka_unit_test(png),     cmocka_unit_test(safetensors),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
