/* Any bytes as a golden file. golden.c fails by fail_msg, which here keeps its message and returns
 * to the target. */
#include <setjmp.h>

#include "check.h"
#include "fuzz.h"

static jmp_buf refused;
static char message[600];
#undef fail_msg
#define fail_msg(...) (snprintf(message, sizeof message, __VA_ARGS__), longjmp(refused, 1))
#include "golden.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static golden_file g;
  FILE *volatile f = size > 0 ? fmemopen((void *)(uintptr_t)bytes, size, "r") : NULL;
  if (f == NULL) return 0;
  g.n = 0;
  if (setjmp(refused) == 0) {
    golden_read_lines(f, "fuzz", &g);
    fuzz_require(g.n <= GOLDEN_MAX);
    for (size_t i = 0; i < g.n; i++)
      fuzz_require(golden_find(&g, g.q[i].name) == &g.q[i] && isfinite(g.q[i].value));
  } else {
    fuzz_require(strncmp(message, "fuzz:", 5) == 0);
  }
  fclose(f);
  return 0;
}
