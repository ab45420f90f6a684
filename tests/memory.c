/* One counter for all that can fail, and a list of the allocated blocks. Some blocks come from the
 * C library (strndup) and are freed by ours: those are not in the list and do not matter. */
#include "memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/arena.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
nf_real *__real_nf_arena_alloc(nf_arena *a, size_t count);
double *__real_nf_arena_alloc_double(nf_arena *a, size_t count);
void *__real_nf_arena_alloc_bytes(nf_arena *a, size_t count);

enum { MAX_BLOCKS = 1 << 14 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *live[MAX_BLOCKS];
static size_t blocks, to_go; /* allocations until one fails; 0: none does */
static bool failed;

static bool fails(void) {
  pthread_mutex_lock(&lock);
  const bool now = to_go > 0 && --to_go == 0;
  failed = failed || now;
  if (now) errno = ENOMEM; /* as malloc does */
  pthread_mutex_unlock(&lock);
  return now;
}

static void *add_block(void *block) {
  if (block == NULL) return NULL;
  pthread_mutex_lock(&lock);
  if (blocks == MAX_BLOCKS) abort();
  live[blocks++] = block;
  pthread_mutex_unlock(&lock);
  return block;
}

static void remove_block(const void *block) {
  pthread_mutex_lock(&lock);
  for (size_t i = blocks; i-- > 0;)
    if (live[i] == block) {
      live[i] = live[--blocks];
      break;
    }
  pthread_mutex_unlock(&lock);
}

/* --- the linker calls __wrap_f for f -------------------------------------------------------- */

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) { return fails() ? NULL : add_block(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : add_block(__real_calloc(count, size));
}

void __wrap_free(void *block);
void __wrap_free(void *block) {
  remove_block(block);
  __real_free(block);
}

void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size) {
  if (fails()) return NULL;
  remove_block(block);
  return add_block(__real_realloc(block, size));
}

nf_real *__wrap_nf_arena_alloc(nf_arena *a, size_t count);
nf_real *__wrap_nf_arena_alloc(nf_arena *a, size_t count) {
  return fails() ? NULL : __real_nf_arena_alloc(a, count);
}

double *__wrap_nf_arena_alloc_double(nf_arena *a, size_t count);
double *__wrap_nf_arena_alloc_double(nf_arena *a, size_t count) {
  return fails() ? NULL : __real_nf_arena_alloc_double(a, count);
}

void *__wrap_nf_arena_alloc_bytes(nf_arena *a, size_t count);
void *__wrap_nf_arena_alloc_bytes(nf_arena *a, size_t count) {
  return fails() ? NULL : __real_nf_arena_alloc_bytes(a, count);
}

/* --- the check ------------------------------------------------------------------------------ */

static char before[MEMORY_STATE], after[MEMORY_STATE], now[MEMORY_STATE];

static size_t state_of(const memory_call *c, char *to) {
  const size_t size = c->state(c->subject, to);
  assert_true(size <= MEMORY_STATE);
  return size;
}

static void check_state(const memory_call *c, size_t k, const char *expected, size_t size) {
  if (state_of(c, now) == size && memcmp(now, expected, size) == 0) return;
  fail_msg("%s: allocation %zu fails: the state is not that %s the call", c->name, k,
           expected == before ? "before" : "after");
}

/* False when the call makes fewer than k allocations. */
static bool fail_kth(const memory_call *c, size_t k, size_t size_before, size_t size_after) {
  const size_t blocks_before = blocks;
  nf_error e = {0}, again = {0};
  if (c->start != NULL) c->start(c->subject);
  to_go = k;
  failed = false;
  c->call(c->subject, &e);
  to_go = 0;
  const bool reached = failed;
  if (e.status == NF_OK) {
    check_state(c, k, after, size_after);
  } else {
    if (!reached || e.status != NF_ENOMEM || e.message[0] == 0)
      fail_msg("%s: allocation %zu %s: %s, \"%s\"", c->name, k, reached ? "fails" : "is not made",
               nf_status_text(e.status), e.message);
    check_state(c, k, before, size_before);
    c->call(c->subject, &again);
    check_no_error(&again);
    check_state(c, k, after, size_after);
  }
  if (c->end != NULL) c->end(c->subject);
  if (blocks != blocks_before)
    fail_msg("%s: allocation %zu fails: %zu blocks, %zu before", c->name, k, blocks, blocks_before);
  return reached;
}

void memory_check(const memory_call *c) {
  enum { MAX_ALLOCATIONS = 20000 };
  nf_error e = {0};
  if (c->start != NULL) c->start(c->subject);
  const size_t size_before = state_of(c, before);
  c->call(c->subject, &e);
  check_no_error(&e);
  const size_t size_after = state_of(c, after);
  if (c->end != NULL) c->end(c->subject);
  size_t k = 1;
  while (fail_kth(c, k, size_before, size_after))
    if (k++ == MAX_ALLOCATIONS) fail_msg("%s never succeeds", c->name);
  if (k == 1) fail_msg("%s allocates nothing", c->name);
}
