#include "layers/conditioner.h"

#include <string.h>

#include "core/real.h"

enum { SLICE_PIXELS = 1024 }; /* whose hidden activations fit the cache together */

struct nf_saved {
  nf_saved *below;
  const nf_bijector *layer;
  nf_arena_mark mark; /* of the memory before this entry */
  nf_activation a;    /* hidden and output NULL: beyond the budget, or the input alone is kept */
};

static size_t input_size(const nf_bijector *b, size_t n) { return n * nf_shape_size(b->net->in); }
static size_t output_size(const nf_bijector *b, size_t n) { return n * nf_shape_size(b->net->out); }

static int reserve_output(const nf_bijector *b, size_t n, nf_activation *a, nf_arena *arena) {
  a->output = nf_arena_alloc(arena, output_size(b, n));
  a->hidden = nf_arena_alloc(arena, a->slice * b->net->n_hidden);
  return a->output == NULL || a->hidden == NULL ? NF_ENOMEM : NF_OK;
}

/* An entry for b on top of what is saved, with an input of `size` values. */
static nf_saved *push(const nf_bijector *b, size_t size, nf_activations *saved) {
  const nf_arena_mark mark = nf_arena_now(&saved->memory);
  nf_saved *entry = nf_arena_alloc_bytes(&saved->memory, sizeof *entry);
  nf_real *input = nf_arena_alloc(&saved->memory, size);
  if (entry == NULL || input == NULL) return NULL;
  *entry = (nf_saved){saved->top, b, mark, {.input = input}};
  saved->top = entry;
  return entry;
}

static int reserve_saved(const nf_bijector *b, size_t n, nf_activation *a, nf_work *work) {
  nf_activations *saved = work->activations;
  nf_saved *entry = push(b, input_size(b, n), saved);
  if (entry == NULL) return NF_ENOMEM;
  a->input = entry->a.input;
  const size_t bytes = (n * b->net->n_hidden + output_size(b, n)) * sizeof(nf_real);
  const bool fits = bytes <= saved->budget;
  if (reserve_output(b, n, a, fits ? &saved->memory : &work->arena) != NF_OK) return NF_ENOMEM;
  if (fits) saved->budget -= bytes;
  entry->a = fits ? *a : (nf_activation){.input = a->input, .slice = n};
  return NF_OK;
}

int nf_conditioner_reserve(const nf_bijector *b, size_t n, bool need_hidden, nf_activation *a,
                           nf_work *work) {
  const size_t fit = SLICE_PIXELS / nf_shape_pixels(b->in);
  a->fresh = false;
  a->slice = n;
  if (need_hidden || work->activations == NULL) {
    if (!need_hidden && !b->net->type->columns) a->slice = nf_min_size(fit > 0 ? fit : 1, n);
    a->input = nf_arena_alloc(&work->arena, input_size(b, n));
    return a->input == NULL ? NF_ENOMEM : reserve_output(b, n, a, &work->arena);
  }
  return reserve_saved(b, n, a, work);
}

int nf_conditioner_run(const nf_bijector *b, size_t n, nf_activation *a, nf_work *work) {
  int status = NF_OK;
  for (size_t i = 0; status == NF_OK && i < n; i += a->slice)
    status =
        b->net->type->forward(b->net, nf_min_size(a->slice, n - i), a->input + input_size(b, i),
                              a->output + output_size(b, i), a->hidden, &work->arena);
  a->fresh = true;
  return status;
}

static const nf_saved *saved_by(const nf_bijector *b, const nf_work *work) {
  const nf_saved *top = work->activations != NULL ? work->activations->top : NULL;
  return top != NULL && top->layer == b ? top : NULL;
}

int nf_conditioner_restore(const nf_bijector *b, size_t n, nf_activation *a, nf_work *work) {
  const nf_saved *entry = saved_by(b, work);
  *a = entry != NULL ? entry->a : (nf_activation){0};
  if (entry == NULL || a->hidden != NULL) return NF_OK;
  const int status = reserve_output(b, n, a, &work->arena);
  return status != NF_OK ? status : nf_conditioner_run(b, n, a, work);
}

int nf_input_save(const nf_bijector *b, const nf_batch *x, nf_work *work) {
  if (work->activations == NULL) return NF_OK;
  nf_saved *entry = push(b, nf_batch_size(x), work->activations);
  if (entry == NULL) return NF_ENOMEM;
  memcpy(entry->a.input, x->data, nf_batch_size(x) * sizeof *x->data);
  return NF_OK;
}

const nf_real *nf_input_saved(const nf_bijector *b, const nf_work *work) {
  const nf_saved *entry = saved_by(b, work);
  return entry != NULL ? entry->a.input : NULL;
}

void nf_conditioner_drop(const nf_bijector *b, nf_work *work) {
  const nf_saved *entry = saved_by(b, work);
  if (entry == NULL) return;
  const nf_arena_mark mark = entry->mark;
  work->activations->top = entry->below;
  nf_arena_release(&work->activations->memory, mark);
}

void nf_activations_clear(nf_activations *a) {
  a->top = NULL;
  nf_arena_release(&a->memory, (nf_arena_mark){0});
}

void nf_activations_free(nf_activations *a) { nf_arena_free(&a->memory); }
