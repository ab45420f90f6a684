/* One counter a layer. A waiting thread gives way to others: its turn is a layer's work away. */
#include "core/turns.h"

#include <sched.h>

bool nf_turns_wait(nf_turns *t, size_t layer, size_t chunk) {
  while (atomic_load_explicit(&t->next[layer], memory_order_acquire) != chunk) {
    if (atomic_load_explicit(&t->failed, memory_order_relaxed) < chunk) return false;
    sched_yield();
  }
  return true;
}

void nf_turns_done(nf_turns *t, size_t layer, size_t chunk) {
  atomic_store_explicit(&t->next[layer], chunk + 1, memory_order_release);
}

void nf_turns_fail(nf_turns *t, size_t chunk) {
  size_t first = atomic_load(&t->failed);
  while (chunk < first && !atomic_compare_exchange_weak(&t->failed, &first, chunk)) continue;
}
