/* Gather, scatter, and the two GEMM forms of a 3×3 convolution made from them. A patch row
 * holds, for one pixel, the 9 neighbours' channels: (n·h·w, 3, 3, c). Images get a border of
 * zeros first, so that no neighbour is missing and the inner loops have no branch. */
#include "nets/conv3x3.h"

#include <string.h>

#include "core/arena.h"
#include "core/block.h"
#include "core/gemm.h"
#include "nets/dense.h"

/* One image with its border: (h + 2, w + 2, c). */
static size_t border_size(nf_conv_size s, size_t c) { return (s.h + 2) * (s.w + 2) * c; }

/* Where pixel (0, 0) of row i begins in it */
static nf_real *row_of(nf_real *image, nf_conv_size s, size_t c, size_t i) {
  return image + ((i + 1) * (s.w + 2) + 1) * c;
}

/* Neighbour d of 9 = 3·dy + dx lies at (dy - 1, dx - 1) or, for the transposed map, opposite:
 * its distance in the bordered image from the neighbour before all others. */
static size_t step_to(nf_conv_size s, size_t c, bool transposed, size_t d) {
  const size_t e = transposed ? 8 - d : d;
  return (e / 3 * (s.w + 2) + e % 3) * c;
}

/* The patches of one bordered image */
NF_BLOCKED patches_of(size_t block, nf_conv_size s, size_t c, bool transposed, const nf_real *image,
                      nf_real *patch) {
  const size_t run = transposed ? c : 3 * c; /* three neighbours of a row lie side by side */
  for (size_t i = 0; i < s.h; i++)
    for (size_t j = 0; j < s.w; j++) {
      const nf_real *corner = image + (i * (s.w + 2) + j) * c;
      for (size_t d = 0; d < 9; d += run / c, patch += run)
        nf_copy_run(block, run, corner + step_to(s, c, transposed, d), patch);
    }
}

static void gather(nf_conv_size s, size_t c, bool transposed, const nf_real *x, nf_real *patch,
                   nf_real *image) {
  memset(image, 0, border_size(s, c) * sizeof *image);
  for (size_t n = 0; n < s.n; n++, patch += s.h * s.w * 9 * c) {
    for (size_t i = 0; i < s.h; i++, x += s.w * c)
      memcpy(row_of(image, s, c, i), x, s.w * c * sizeof *x);
    if (transposed)
      NF_BY_BLOCK(c, patches_of, s, c, true, image, patch);
    else
      NF_BY_BLOCK(3 * c, patches_of, s, c, false, image, patch);
  }
}

/* y = y + the sum of 9 */
NF_BLOCKED add_9(size_t block, size_t c, const nf_real *start, const nf_real *const source[9],
                 nf_real *y) {
  for (size_t k = 0; k < c; k = nf_next_block(block, c, k)) {
    nf_real sum[NF_BLOCK_MAX];
    for (size_t q = k; q < k + block; q++)
      sum[q - k] = start[q] +
                   (((source[0][q] + source[1][q]) + (source[2][q] + source[3][q])) +
                    ((source[4][q] + source[5][q]) + (source[6][q] + source[7][q])) + source[8][q]);
    memcpy(y + k, sum, block * sizeof *y);
  }
}

/* x = start + its 9 entries in the patches of its neighbours; a neighbour outside of the image has
 * c zeros. */
NF_BLOCKED scatter_by(size_t block, nf_conv_size s, size_t c, bool transposed, const nf_real *patch,
                      const nf_real *start, const nf_real *zeros, nf_real *x) {
  for (size_t n = 0; n < s.n; n++, patch += s.h * s.w * 9 * c)
    for (size_t i = 0; i < s.h; i++)
      for (size_t j = 0; j < s.w; j++, x += c) {
        const nf_real *source[9];
        for (size_t d = 0; d < 9; d++) {
          const size_t e = transposed ? d : 8 - d, row = i + e / 3 - 1, column = j + e % 3 - 1;
          const bool inside = row < s.h && column < s.w; /* -1 wraps to the largest number */
          source[d] = inside ? patch + ((row * s.w + column) * 9 + d) * c : zeros;
        }
        add_9(block, c, start, source, x);
      }
}

static void scatter(nf_conv_size s, size_t c, bool transposed, const nf_real *patch,
                    const nf_real *start, const nf_real *zeros, nf_real *x) {
  NF_BY_BLOCK(c, scatter_by, s, c, transposed, patch, start, zeros, x);
}

static size_t pixels(nf_conv_size s) { return s.n * s.h * s.w; }

int nf_conv_gather_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                           const nf_real *bias, bool relu, nf_real *y, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *patch = nf_arena_alloc(tmp, pixels(s) * 9 * s.in);
  nf_real *image = nf_arena_alloc(tmp, border_size(s, s.in));
  if (patch == NULL || image == NULL) {
    nf_arena_release(tmp, mark);
    return NF_ENOMEM;
  }
  gather(s, s.in, false, x, patch, image);
  nf_dense_forward(pixels(s), 9 * s.in, s.out, patch, weight, bias, relu, y);
  nf_arena_release(tmp, mark);
  return NF_OK;
}

int nf_conv_gather_backward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias,
                            nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *patch = nf_arena_alloc(tmp, pixels(s) * 9 * s.in);
  nf_real *dpatch = nf_arena_alloc(tmp, pixels(s) * 9 * s.in);
  nf_real *image = nf_arena_alloc(tmp, border_size(s, s.in));
  if (patch == NULL || dpatch == NULL || image == NULL) {
    nf_arena_release(tmp, mark);
    return NF_ENOMEM;
  }
  gather(s, s.in, false, x, patch, image);
  nf_dense_backward(pixels(s), 9 * s.in, s.out, patch, weight, dy, dpatch, dweight, dbias);
  memset(image, 0, s.in * sizeof *image);
  scatter(s, s.in, false, dpatch, image, image, dx);
  nf_arena_release(tmp, mark);
  return NF_OK;
}

int nf_conv_scatter_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *bias, nf_real *y, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *part = nf_arena_alloc(tmp, pixels(s) * 9 * s.out);
  nf_real *zeros = nf_arena_alloc(tmp, s.out);
  if (part == NULL || zeros == NULL) {
    nf_arena_release(tmp, mark);
    return NF_ENOMEM;
  }
  nf_dense_forward(pixels(s), s.in, 9 * s.out, x, weight, NULL, false, part);
  memset(zeros, 0, s.out * sizeof *zeros);
  scatter(s, s.out, true, part, bias, zeros, y);
  nf_arena_release(tmp, mark);
  return NF_OK;
}

int nf_conv_scatter_backward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                             const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias,
                             nf_arena *tmp) {
  const size_t rows = pixels(s);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *dpart = nf_arena_alloc(tmp, rows * 9 * s.out);
  nf_real *image = nf_arena_alloc(tmp, border_size(s, s.out));
  if (dpart == NULL || image == NULL) {
    nf_arena_release(tmp, mark);
    return NF_ENOMEM;
  }
  gather(s, s.out, true, dy, dpart, image);
  nf_gemm(true, false, 9 * s.out, s.in, rows, dpart, 9 * s.out, x, s.in, true, dweight, s.in);
  nf_gemm(false, false, rows, s.in, 9 * s.out, dpart, 9 * s.out, weight, s.in, false, dx, s.in);
  nf_bias_backward(rows, s.out, dy, dbias);
  nf_arena_release(tmp, mark);
  return NF_OK;
}

nf_net *nf_net_new_on_image(const nf_net_type *type, nf_shape in, nf_shape out, size_t width,
                            nf_error *e) {
  if (in.h == out.h && in.w == out.w) return nf_net_new(type, in, out, width, e);
  nf_fail(e, NF_ESHAPE, "%s: from %zu×%zu pixels to %zu×%zu: must be the same", type->name, in.h,
          in.w, out.h, out.w);
  return NULL;
}
