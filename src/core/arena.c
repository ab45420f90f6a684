/* A stack of blocks. Allocation bumps a pointer in the top block, or pushes a larger one.
 * When a release empties the arena and it had needed several blocks, they are replaced by
 * one as large as was ever in use, so the next pass runs without malloc. */
#include "core/arena.h"

#include <stdlib.h>

enum { ALIGN = 64, FIRST_BLOCK = 1 << 16 };

struct nf_arena_block {
  nf_arena_block *below;
  size_t size, used;   /* bytes */
  unsigned char *data; /* aligned start of the bytes */
};

static nf_arena_block *push(nf_arena *a, size_t size) {
  if (size > SIZE_MAX - ALIGN - sizeof(nf_arena_block)) return NULL;
  nf_arena_block *b = malloc(sizeof *b + size + ALIGN);
  if (b == NULL) return NULL;
  unsigned char *raw = (unsigned char *)(b + 1);
  b->data = raw + (ALIGN - (uintptr_t)raw % ALIGN) % ALIGN;
  b->size = size;
  b->used = 0;
  b->below = a->top;
  a->top = b;
  return b;
}

static void pop(nf_arena *a) {
  nf_arena_block *b = a->top;
  a->top = b->below;
  free(b);
}

static void *alloc_bytes(nf_arena *a, size_t count, size_t each) {
  if (count > (SIZE_MAX / 4 - ALIGN) / each) return NULL;
  const size_t bytes = (count * each + ALIGN - 1) / ALIGN * ALIGN;
  nf_arena_block *b = a->top;
  if (b == NULL || b->size - b->used < bytes) {
    size_t size = b == NULL ? FIRST_BLOCK : 2 * b->size;
    if (size < bytes) size = bytes;
    b = push(a, size);
    if (b == NULL) return NULL;
  }
  void *p = b->data + b->used;
  b->used += bytes;
  a->used += bytes;
  if (a->used > a->peak) a->peak = a->used;
  return p;
}

nf_real *nf_arena_alloc(nf_arena *a, size_t count) {
  return alloc_bytes(a, count, sizeof(nf_real));
}

double *nf_arena_alloc_double(nf_arena *a, size_t count) {
  return alloc_bytes(a, count, sizeof(double));
}

nf_arena_mark nf_arena_now(const nf_arena *a) {
  return (nf_arena_mark){a->top, a->top ? a->top->used : 0, a->used};
}

void nf_arena_release(nf_arena *a, nf_arena_mark m) {
  if (m.used == 0 && a->top != NULL && a->top->below != NULL) {
    while (a->top != NULL) pop(a);
    push(a, a->peak); /* if this fails the arena is merely empty */
    a->used = 0;
    return;
  }
  if (m.used == 0) {
    if (a->top != NULL) a->top->used = 0;
    a->used = 0;
    return;
  }
  while (a->top != m.block) pop(a);
  a->top->used = m.block_used;
  a->used = m.used;
}

void *nf_arena_alloc_bytes(nf_arena *a, size_t count) { return alloc_bytes(a, count, 1); }

void nf_arena_free(nf_arena *a) {
  while (a->top != NULL) pop(a);
  a->used = a->peak = 0;
}
