/* What one thread needs to run a flow: scratch memory and, when somebody asks for it, a watcher,
 * a place in the queue, and a memory for what forward learned. */
#ifndef NF_CORE_WORK_H
#define NF_CORE_WORK_H

#include "core/arena.h"
#include "core/batch.h"
#include "core/turns.h"

struct nf_bijector;

/* Sees every layer of every chain before and after it runs forward. */
typedef struct {
  int (*before)(void *user, struct nf_bijector *layer, const nf_batch *x);
  int (*after)(void *user, struct nf_bijector *layer, const nf_batch *z, const double *log_det);
  void *user;
} nf_watch;

/* What a layer's forward leaves for its backward: a stack, since backward meets the layers in
 * the opposite order. It saves work, never changes a result (bijectors/coupling.c). */
typedef struct nf_kept nf_kept;
struct nf_kept {
  nf_kept *below;
  const struct nf_bijector *owner;
  nf_arena_mark mark;               /* of the memory before this entry */
  nf_real *input, *hidden, *output; /* of the conditioner; hidden and output may be NULL */
};

typedef struct {
  nf_arena tmp;
  const nf_watch *watch; /* usually NULL */
  nf_arena kept_memory;
  nf_kept *kept;     /* the top entry */
  bool keep;         /* during forward: leave entries */
  size_t keep_bytes; /* budget for hidden and output of all entries */
  nf_turns *turns;   /* during backward: layers add their gradients in turn, or NULL */
  size_t turn;       /* this chunk's number */
} nf_work;           /* start from {0}, end with nf_work_free */

static inline void nf_work_free(nf_work *w) {
  nf_arena_free(&w->tmp);
  nf_arena_free(&w->kept_memory);
}

#endif
