#include "layers/mask.h"

#include <stdlib.h>
#include <string.h>

#include "core/block.h"
#include "core/transpose.h"

/* Channel halves, not a checkerboard */
static bool is_channel(nf_mask mask) { return mask == NF_CHANNEL || mask == NF_CHANNEL_SWAPPED; }
static bool is_swapped(nf_mask mask) {
  return mask == NF_CHANNEL_SWAPPED || mask == NF_CHECKERBOARD_SWAPPED;
}

size_t nf_mask_channels(nf_shape shape, nf_mask mask, bool b) {
  const size_t half = shape.c / 2;
  return !is_channel(mask) ? shape.c : b != is_swapped(mask) ? shape.c - half : half;
}

bool nf_part_list(nf_shape shape, nf_mask mask, bool b, size_t net_c, nf_part *p) {
  const size_t count = nf_mask_channels(shape, mask, b);
  const size_t first = is_channel(mask) && b != is_swapped(mask) ? shape.c - count : 0;
  const size_t pixels = nf_shape_pixels(shape);
  *p = (nf_part){0, count, 0, malloc(pixels * sizeof *p->in_x), malloc(pixels * sizeof *p->in_net)};
  if (p->in_x == NULL || p->in_net == NULL) return false;
  for (size_t i = 0; i < pixels; i++) {
    const bool odd = (i / shape.w + i % shape.w) % 2 != 0;
    if (!is_channel(mask) && odd != (b != is_swapped(mask))) continue;
    p->in_x[p->runs] = (uint32_t)(i * shape.c + first);
    p->in_net[p->runs++] = (uint32_t)(i * net_c);
  }
  p->size = p->runs * count;
  return true;
}

void nf_part_free(nf_part *p) {
  free(p->in_x);
  free(p->in_net);
}

nf_runs nf_runs_of_batch(const nf_part *p, const nf_batch *x) {
  return (nf_runs){x->n, x->data, p->in_x, nf_shape_size(x->shape), false};
}

nf_runs nf_runs_of_output(const nf_part *p, const nf_net *net, size_t n, nf_real *output,
                          size_t offset) {
  const bool columns = net->type->columns;
  return (nf_runs){n, output + offset * (columns ? n : 1), p->in_net, nf_shape_size(net->out),
                   columns};
}

NF_BLOCKED move_rows(size_t block, nf_way way, const nf_part *p, nf_runs of, nf_real *dense) {
  for (size_t i = 0; i < of.n; i++, of.data += of.row)
    for (size_t r = 0; r < p->runs; r++, dense += p->run) {
      nf_real *run = of.data + of.first[r];
      nf_copy_run(block, p->run, way == NF_GATHER ? run : dense, way == NF_GATHER ? dense : run);
    }
}

/* B (columns, rows) = Aᵀ, or A = Bᵀ */
static void transpose(nf_way way, size_t rows, size_t columns, nf_real *a, size_t lda, nf_real *b,
                      size_t ldb) {
  if (way == NF_GATHER)
    nf_transpose(rows, columns, a, lda, b, ldb);
  else
    nf_transpose(columns, rows, b, ldb, a, lda);
}

/* A point is one run, often of one value; an image has one at every pixel. */
void nf_move(nf_way way, const nf_part *p, nf_runs of, nf_real *dense) {
  if (of.columns)
    for (size_t r = 0; r < p->runs; r++)
      transpose(way, p->run, of.n, of.data + of.first[r] * of.n, of.n, dense + r * p->run, p->size);
  else if (p->size == 1)
    transpose(way, of.n, 1, of.data + of.first[0], of.row, dense, of.n);
  else if (way == NF_GATHER)
    NF_BY_BLOCK(p->run, move_rows, NF_GATHER, p, of, dense);
  else
    NF_BY_BLOCK(p->run, move_rows, NF_SCATTER, p, of, dense);
}

void nf_move_planes(nf_way way, const nf_part *p, nf_runs of, size_t numbers, nf_real *planes) {
  for (size_t r = 0; r < p->runs; r++) {
    nf_real *plane = planes + r * of.n;
    if (!of.columns)
      transpose(way, of.n, numbers, of.data + of.first[r], of.row, plane, p->runs * of.n);
    else
      for (size_t k = 0; k < numbers; k++, plane += p->runs * of.n) {
        nf_real *row = of.data + (of.first[r] + k) * of.n;
        memcpy(way == NF_GATHER ? plane : row, way == NF_GATHER ? row : plane, of.n * sizeof *row);
      }
  }
}

/* y into the last C channels of the network's input, pixel by pixel or the same at all. */
static int add_condition(const nf_bijector *b, const nf_batch *x, nf_real *input) {
  const nf_shape net = b->net->in, y = x->y_shape;
  const size_t count = b->n_condition, pixels = nf_shape_pixels(net);
  if (x->y == NULL) return NF_EINVAL;
  if (y.c != count || (nf_shape_pixels(y) != 1 && nf_shape_pixels(y) != pixels)) return NF_ESHAPE;
  for (size_t i = 0; i < x->n; i++)
    for (size_t p = 0; p < pixels; p++) {
      const nf_real *from =
          x->y + (i * nf_shape_pixels(y) + (nf_shape_pixels(y) > 1 ? p : 0)) * count;
      const size_t first = (p + 1) * net.c - count;
      for (size_t k = 0; k < count; k++)
        input[b->net->type->columns ? (first + k) * x->n + i : i * pixels * net.c + first + k] =
            from[k];
    }
  return NF_OK;
}

int nf_part_run(const nf_bijector *b, const nf_part *a, const nf_batch *x, bool need_hidden,
                nf_activation *act, nf_work *work) {
  const size_t d = nf_shape_size(b->in), d_net = nf_shape_size(b->net->in);
  const int status = nf_conditioner_reserve(b, x->n, need_hidden, act, work);
  if (status != NF_OK) return status;
  if (b->net->type->columns) {
    if (a->size < d_net) memset(act->input, 0, x->n * d_net * sizeof *act->input);
    for (size_t r = 0; r < a->runs; r++)
      nf_transpose(x->n, a->run, x->data + a->in_x[r], d, act->input + a->in_net[r] * x->n, x->n);
  } else if (a->size == d_net) {
    nf_move(NF_GATHER, a, nf_runs_of_batch(a, x), act->input);
  } else {
    nf_real *dense = nf_arena_alloc(&work->arena, x->n * a->size);
    if (dense == NULL) return NF_ENOMEM;
    nf_move(NF_GATHER, a, nf_runs_of_batch(a, x), dense);
    memset(act->input, 0, x->n * d_net * sizeof *act->input);
    nf_move(NF_SCATTER, a, (nf_runs){x->n, act->input, a->in_net, d_net, false}, dense);
  }
  const int added = b->n_condition > 0 ? add_condition(b, x, act->input) : NF_OK;
  return added != NF_OK ? added : nf_conditioner_run(b, x->n, act, work);
}

int nf_part_backward(const nf_bijector *b, const nf_part *a, nf_batch *dz, const nf_activation *act,
                     const nf_real *doutput, const nf_turn *turn, nf_work *work) {
  const nf_net *net = b->net;
  const size_t d = nf_shape_size(b->in), d_in = nf_shape_size(net->in);
  nf_real *dinput = nf_arena_alloc(&work->arena, dz->n * d_in), *dx = dz->data;
  nf_real *rows = net->type->columns ? nf_arena_alloc(&work->arena, dz->n * d_in) : dinput;
  if (dinput == NULL || rows == NULL) return NF_ENOMEM;
  const int status =
      net->type->backward(net, dz->n, act->input, act->hidden, doutput, dinput, turn, &work->arena);
  if (status != NF_OK) return status;
  if (rows != dinput) nf_transpose(d_in, dz->n, dinput, dz->n, rows, d_in);
  for (size_t i = 0; i < dz->n; i++, dx += d, rows += d_in)
    for (size_t r = 0; r < a->runs; r++)
      for (size_t k = 0; k < a->run; k++) dx[a->in_x[r] + k] += rows[a->in_net[r] + k];
  return NF_OK;
}

nf_shape nf_coupling_net_in(nf_shape shape, nf_mask mask) {
  return (nf_shape){shape.h, shape.w, nf_mask_channels(shape, mask, false)};
}

bool nf_mask_fits(nf_shape shape, nf_mask mask, nf_shape out, const nf_net *net, nf_error *e) {
  nf_shape in = nf_coupling_net_in(shape, mask);
  if (net != NULL) in.c += net->condition;
  if (is_channel(mask) ? shape.c < 2 : nf_shape_pixels(shape) < 2)
    nf_fail(e, NF_ESHAPE, "coupling: " NF_SHAPE " has no two %s to part", NF_SHAPE_ARGS(shape),
            is_channel(mask) ? "channels" : "pixels");
  else if (net == NULL)
    nf_fail(e, NF_ESHAPE, "coupling: the net is NULL");
  else if (!nf_shape_equal(net->in, in) || !nf_shape_equal(net->out, out))
    nf_fail(e, NF_ESHAPE,
            "coupling: the net maps " NF_SHAPE " to " NF_SHAPE "; it must map " NF_SHAPE
            " to " NF_SHAPE,
            NF_SHAPE_ARGS(net->in), NF_SHAPE_ARGS(net->out), NF_SHAPE_ARGS(in), NF_SHAPE_ARGS(out));
  else
    return true;
  return false;
}
