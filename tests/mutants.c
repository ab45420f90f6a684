/* Leaves out the tests whose names match NF_SKIP, the slowest. `make mutants` links this into the
 * test programs. */
#include <stdlib.h>

#include "check.h"

__attribute__((constructor)) static void skip_slow(void) {
  const char *names = getenv("NF_SKIP");
  if (names != NULL) cmocka_set_skip_filter(names);
}
