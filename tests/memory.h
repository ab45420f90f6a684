/* Memory that runs out when told to. The linker's --wrap (tests/rules.mk) sends every malloc,
 * calloc, realloc and free of the library through memory.c; and every piece taken from an arena,
 * whose first block would otherwise hide that most of its pieces are never refused.
 *
 * A test lets one call fail at its k-th allocation, for every k there is. Whatever the library was
 * doing then says NF_ENOMEM, has freed what it took, and has left its outputs as they were. */
#ifndef NF_TESTS_MEMORY_H
#define NF_TESTS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the k-th allocation (k ≥ 1) fails, and no other. */
void memory_fail_at(size_t k);
/* Ends that; true when there was a k-th. */
bool memory_failed(void);

/* Does `once` with k = 1, 2, … until there is no k-th allocation, and counts the blocks it leaves
 * behind: none. once calls memory_fail_at(k) right before the call it is about, memory_failed()
 * right after it, and returns what that said. */
typedef bool memory_attempt(void *subject, size_t k);
void memory_exhaust(const char *what, memory_attempt *once, void *subject);

/* Did the call go well? It must when no allocation failed, may when one did, and otherwise says
 * NF_ENOMEM: anything else fails the test. */
bool memory_went_well(const char *what, size_t k, int status, bool failed);

/* n values that nobody else would write, and the check that nobody did. */
void memory_fill(double *to, size_t n);
void memory_is_kept(const char *what, const double *values, size_t n);

#endif
