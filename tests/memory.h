/* Memory that runs out at a chosen allocation. The linker's --wrap (tests/rules.mk) sends every
 * malloc, calloc, realloc and free of the library through memory.c; and every piece taken from an
 * arena, since otherwise only the pieces that need a new block of the arena could fail. */
#ifndef NF_TESTS_MEMORY_H
#define NF_TESTS_MEMORY_H

#include "nf/core.h"

/* A call, and all that it may change. start, end and the subject may be NULL. */
typedef struct {
  const char *name;
  void *subject;
  void (*start)(void *subject); /* makes the state before the call */
  void (*call)(void *subject, nf_error *e);
  /* Writes all that the call may change, up to MEMORY_STATE bytes; returns how many. */
  size_t (*state)(void *subject, char *to);
  void (*end)(void *subject); /* frees what start and call made */
} memory_call;

enum { MEMORY_STATE = 1 << 20 };

/* For k = 1, 2, … up to the number of its allocations, the call is made while its k-th allocation,
 * and no other, fails. Then
 *   - it sets NF_ENOMEM with a message, and the state is that before the call;
 *   - or it succeeds without that memory, and the state is that after an undisturbed call;
 *   - a second, undisturbed call after an error succeeds, with the same state;
 *   - after `end` as many blocks are allocated as before `start`. */
void memory_check(const memory_call *c);

#endif
