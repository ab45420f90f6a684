/* One counter for all that can fail, and a list of the blocks that live. Some blocks come from
 * the C library (strndup) and are freed by ours: those are not in the list and do not matter. */
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "core/arena.h"
#include "core/status.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
nf_real *__real_nf_arena_alloc(nf_arena *a, size_t count);
double *__real_nf_arena_alloc_double(nf_arena *a, size_t count);
void *__real_nf_arena_alloc_bytes(nf_arena *a, size_t count);

enum { MOST = 1 << 14 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *live[MOST];
static size_t blocks, to_go; /* allocations until one fails; 0: none does */
static bool failed;

void memory_fail_at(size_t k) {
  to_go = k;
  failed = false;
}

bool memory_failed(void) {
  to_go = 0;
  return failed;
}

static bool refused(void) {
  pthread_mutex_lock(&lock);
  const bool now = to_go > 0 && --to_go == 0;
  failed = failed || now;
  if (now) errno = ENOMEM; /* as malloc says */
  pthread_mutex_unlock(&lock);
  return now;
}

static void *born(void *block) {
  if (block == NULL) return NULL;
  pthread_mutex_lock(&lock);
  if (blocks == MOST) abort();
  live[blocks++] = block;
  pthread_mutex_unlock(&lock);
  return block;
}

static void died(const void *block) {
  pthread_mutex_lock(&lock);
  for (size_t i = blocks; i-- > 0;)
    if (live[i] == block) {
      live[i] = live[--blocks];
      break;
    }
  pthread_mutex_unlock(&lock);
}

/* --- what the linker puts in the place of the functions so named ------------------------------ */

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) { return refused() ? NULL : born(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
  return refused() ? NULL : born(__real_calloc(count, size));
}

void __wrap_free(void *block);
void __wrap_free(void *block) {
  died(block);
  __real_free(block);
}

void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size) {
  if (refused()) return NULL;
  died(block);
  return born(__real_realloc(block, size));
}

nf_real *__wrap_nf_arena_alloc(nf_arena *a, size_t count);
nf_real *__wrap_nf_arena_alloc(nf_arena *a, size_t count) {
  return refused() ? NULL : __real_nf_arena_alloc(a, count);
}

double *__wrap_nf_arena_alloc_double(nf_arena *a, size_t count);
double *__wrap_nf_arena_alloc_double(nf_arena *a, size_t count) {
  return refused() ? NULL : __real_nf_arena_alloc_double(a, count);
}

void *__wrap_nf_arena_alloc_bytes(nf_arena *a, size_t count);
void *__wrap_nf_arena_alloc_bytes(nf_arena *a, size_t count) {
  return refused() ? NULL : __real_nf_arena_alloc_bytes(a, count);
}

/* --- for tests -------------------------------------------------------------------------------- */

void memory_exhaust(const char *what, memory_attempt *once, void *subject) {
  enum { ENDLESS = 20000 };
  for (size_t k = 1; k < ENDLESS; k++) {
    const size_t before = blocks;
    const bool reached = once(subject, k);
    if (blocks != before)
      fail_msg("%s: allocation %zu fails: %zu blocks, %zu before", what, k, blocks, before);
    if (!reached && k == 1) fail_msg("%s allocates nothing", what);
    if (!reached) return;
  }
  fail_msg("%s never succeeds", what);
}

bool memory_went_well(const char *what, size_t k, int status, bool failed_one) {
  if (status != NF_OK && !(failed_one && status == NF_ENOMEM))
    fail_msg("%s: allocation %zu %s: status %d (%s)", what, k, failed_one ? "fails" : "is not made",
             status, nf_status_text(status));
  return status == NF_OK;
}

static const double KEPT = 42;

void memory_fill(double *to, size_t n) {
  for (size_t k = 0; k < n; k++) to[k] = KEPT;
}
void memory_is_kept(const char *what, const double *values, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (values[k] != KEPT) fail_msg("%s: value %zu of %zu was touched", what, k, n);
}
