/* What one thread needs to run a flow: scratch memory and, when somebody asks for it, a watcher,
 * a place in the queue, and a memory for what forward learned. */
#ifndef NF_CORE_WORK_H
#define NF_CORE_WORK_H

#include "core/arena.h"
#include "core/batch.h"
#include "core/threads.h"
#include "core/turns.h"

struct nf_bijector;

/* Sees every layer of every chain before and after it runs forward. */
typedef struct {
  int (*before)(void *user, struct nf_bijector *layer, const nf_batch *x);
  int (*after)(void *user, struct nf_bijector *layer, const nf_batch *z, const double *log_det);
  void *user;
} nf_watch;

/* What a layer's forward leaves for its backward: a stack, since backward meets the layers in
 * the opposite order. It saves work, never changes a result (layers/coupling.c). */
typedef struct nf_kept nf_kept;
struct nf_kept {
  nf_kept *below;
  const struct nf_bijector *owner;
  nf_arena_mark mark;               /* of the memory before this entry */
  nf_real *input, *hidden, *output; /* of the conditioner; hidden and output may be NULL */
};

struct nf_crew;
typedef struct nf_work {
  nf_arena tmp;
  const nf_watch *watch; /* usually NULL */
  nf_arena kept_memory;
  nf_kept *kept;              /* the top entry */
  bool keep;                  /* during forward: leave entries */
  size_t room;                /* bytes that hidden and output of all further entries may take */
  nf_turns *turns;            /* during backward: layers add their gradients in turn, or NULL */
  size_t turn;                /* this chunk's number */
  const struct nf_crew *crew; /* during backward of a whole batch, or NULL */
} nf_work;                    /* start from {0}, end with nf_work_free */

/* Who carries the chunks of a whole batch backward through the stages of a flow, and what becomes
 * of a stage's gradient when it is complete (layers/stages.c). */
typedef struct nf_crew {
  nf_threads *team;
  int threads;
  size_t chunk;       /* samples of a chunk */
  nf_work *of_thread; /* scratch memory */
  nf_work *of_chunk;  /* what forward kept */
  /* Once a stage, on any thread: the gradient of param[first … first + count). `layer` is the
   * number of the stage's first layer. */
  int (*complete)(void *user, size_t layer, size_t first, size_t count, const nf_real *gradient);
  void *user;
} nf_crew;

static inline void nf_work_free(nf_work *w) {
  nf_arena_free(&w->tmp);
  nf_arena_free(&w->kept_memory);
}

#endif
