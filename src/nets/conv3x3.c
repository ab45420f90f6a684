/* Gather, scatter, and the two GEMM forms of a 3×3 convolution made from them. A patch row
 * holds, for one pixel, the 9 neighbours' channels: (n·h·w, 3, 3, c). */
#include "nets/conv3x3.h"

#include <string.h>

#include "core/gemm.h"
#include "nets/dense.h"

/* Where neighbour d = 0, 1, 2 of position i lies: i + d - 1, or, for the transposed map,
 * i - (d - 1). Outside 0 … side-1 there is nothing. */
static bool neighbour(size_t i, size_t d, size_t side, bool transposed, size_t *at) {
  *at = transposed ? i + 1 - d : i + d - 1; /* wraps to a huge number at -1 */
  return *at < side;
}

static void gather(nf_conv_size s, size_t c, bool transposed, const nf_real *x, nf_real *patch) {
  for (size_t n = 0; n < s.n; n++, x += s.h * s.w * c)
    for (size_t i = 0; i < s.h; i++)
      for (size_t j = 0; j < s.w; j++)
        for (size_t dy = 0; dy < 3; dy++)
          for (size_t dx = 0; dx < 3; dx++, patch += c) {
            size_t row, column;
            if (neighbour(i, dy, s.h, transposed, &row) &&
                neighbour(j, dx, s.w, transposed, &column))
              memcpy(patch, x + (row * s.w + column) * c, c * sizeof *x);
            else
              memset(patch, 0, c * sizeof *x);
          }
}

static void scatter(nf_conv_size s, size_t c, bool transposed, const nf_real *patch, nf_real *x) {
  for (size_t n = 0; n < s.n; n++, x += s.h * s.w * c)
    for (size_t i = 0; i < s.h; i++)
      for (size_t j = 0; j < s.w; j++)
        for (size_t dy = 0; dy < 3; dy++)
          for (size_t dx = 0; dx < 3; dx++, patch += c) {
            size_t row, column;
            if (!neighbour(i, dy, s.h, transposed, &row) ||
                !neighbour(j, dx, s.w, transposed, &column))
              continue;
            nf_real *to = x + (row * s.w + column) * c;
            for (size_t k = 0; k < c; k++) to[k] += patch[k];
          }
}

static size_t pixels(nf_conv_size s) { return s.n * s.h * s.w; }

int nf_conv_gather_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                           const nf_real *bias, bool relu, nf_real *y, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *patch = nf_arena_alloc(&work->tmp, pixels(s) * 9 * s.in);
  if (patch == NULL) return NF_ENOMEM;
  gather(s, s.in, false, x, patch);
  nf_dense_forward(pixels(s), 9 * s.in, s.out, patch, weight, bias, relu, y);
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

int nf_conv_gather_backward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias,
                            nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *patch = nf_arena_alloc(&work->tmp, pixels(s) * 9 * s.in);
  nf_real *dpatch = nf_arena_alloc(&work->tmp, pixels(s) * 9 * s.in);
  if (patch == NULL || dpatch == NULL) {
    nf_arena_release(&work->tmp, mark);
    return NF_ENOMEM;
  }
  gather(s, s.in, false, x, patch);
  nf_dense_backward(pixels(s), 9 * s.in, s.out, patch, weight, dy, dpatch, dweight, dbias);
  memset(dx, 0, pixels(s) * s.in * sizeof *dx);
  scatter(s, s.in, false, dpatch, dx);
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

int nf_conv_scatter_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *bias, nf_real *y, nf_work *work) {
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *part = nf_arena_alloc(&work->tmp, pixels(s) * 9 * s.out);
  if (part == NULL) return NF_ENOMEM;
  nf_dense_forward(pixels(s), s.in, 9 * s.out, x, weight, NULL, false, part);
  for (size_t i = 0; i < pixels(s); i++) memcpy(y + i * s.out, bias, s.out * sizeof *y);
  scatter(s, s.out, true, part, y);
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}

int nf_conv_scatter_backward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                             const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias,
                             nf_work *work) {
  const size_t rows = pixels(s);
  const nf_arena_mark mark = nf_arena_now(&work->tmp);
  nf_real *dpart = nf_arena_alloc(&work->tmp, rows * 9 * s.out);
  if (dpart == NULL) return NF_ENOMEM;
  gather(s, s.out, true, dy, dpart);
  nf_gemm(true, false, 9 * s.out, s.in, rows, 1, dpart, 9 * s.out, x, s.in, 1, dweight, s.in);
  nf_gemm(false, false, rows, s.in, 9 * s.out, 1, dpart, 9 * s.out, weight, s.in, 0, dx, s.in);
  for (size_t i = 0; i < rows; i++)
    for (size_t k = 0; k < s.out; k++) dbias[k] += dy[i * s.out + k];
  nf_arena_release(&work->tmp, mark);
  return NF_OK;
}
