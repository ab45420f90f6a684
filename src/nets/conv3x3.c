/* A patch holds, for one pixel, the 9 neighbours' channels: the patches of all pixels are a matrix
 * (n·h·w, 3, 3, c). Images get a border of zeros first, so that no neighbour is missing; then every
 * patch is a window of its image, and the products read the matrix, or its transpose, there. */
#include "nets/conv3x3.h"

#include <string.h>

#include "core/arena.h"
#include "core/block.h"
#include "core/gemm.h"
#include "core/transpose.h"
#include "nets/dense.h"

static size_t pixels(nf_conv_size s) { return s.n * s.h * s.w; }

/* Images with their borders, (n, h + 2, w + 2, c), and the windows of their patches. Neighbour d of
 * 9 = 3·dy + dx lies at (dy - 1, dx - 1) or, for the transposed map, opposite. False when memory is
 * out. */
static bool patches_of(nf_conv_size s, size_t c, bool transposed, const nf_real *x,
                       nf_windows *patches, nf_arena *tmp) {
  const size_t row = (s.w + 2) * c, size = s.n * (s.h + 2) * row;
  nf_real *image = nf_arena_alloc(tmp, size);
  size_t *corner = nf_arena_alloc_bytes(tmp, pixels(s) * sizeof *corner);
  size_t *step = nf_arena_alloc_bytes(tmp, 9 * c * sizeof *step);
  *patches = (nf_windows){image, corner, step};
  if (image == NULL || corner == NULL || step == NULL) return false;
  memset(image, 0, size * sizeof *image);
  for (size_t i = 0; i < s.n * s.h; i++, x += s.w * c) {
    const size_t first = (i + i / s.h * 2) * row; /* row i's, of the window one row above */
    memcpy(image + first + row + c, x, s.w * c * sizeof *x);
    for (size_t j = 0; j < s.w; j++) *corner++ = first + j * c;
  }
  for (size_t d = 0; d < 9; d++)
    for (size_t k = 0; k < c; k++) {
      const size_t e = transposed ? 8 - d : d;
      *step++ = e / 3 * row + e % 3 * c + k;
    }
  return true;
}

/* y = start + the sum of 9 */
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

int nf_conv_forward(nf_conv_size s, const nf_real *x, const nf_real *weight, const nf_real *bias,
                    bool relu, nf_real *y, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_windows patches;
  const bool memory = patches_of(s, s.in, false, x, &patches, tmp);
  if (memory) nf_gemm_windows(true, pixels(s), s.out, 9 * s.in, &patches, weight, bias, relu, y);
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

int nf_conv_input_backward(nf_conv_size s, const nf_real *weight, const nf_real *dy, nf_real *dx,
                           nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  const size_t rows = pixels(s), patch = 9 * s.in;
  nf_real *dpatch = nf_arena_alloc(tmp, rows * patch);
  nf_real *zeros = nf_arena_alloc(tmp, s.in);
  const bool memory = dpatch != NULL && zeros != NULL;
  if (memory) {
    nf_dense_input_backward(rows, patch, s.out, weight, dy, dpatch);
    memset(zeros, 0, s.in * sizeof *zeros);
    scatter(s, s.in, false, dpatch, zeros, zeros, dx);
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

/* dWᵀ += patchesᵀ·dy, whose rows are the wide side */
int nf_conv_weight_backward(nf_conv_size s, const nf_real *x, const nf_real *dy, nf_real *dweight,
                            nf_real *dbias, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  const size_t patch = 9 * s.in;
  nf_windows patches;
  nf_real *dtransposed = nf_arena_alloc(tmp, patch * s.out);
  const bool memory = patches_of(s, s.in, false, x, &patches, tmp) && dtransposed != NULL;
  if (memory) {
    const nf_windows transposed = {patches.x, patches.step, patches.row};
    nf_transpose(s.out, patch, dweight, patch, dtransposed, s.out);
    nf_gemm_windows(false, patch, s.out, pixels(s), &transposed, dy, dtransposed, false,
                    dtransposed);
    nf_transpose(patch, s.out, dtransposed, s.out, dweight, patch);
    nf_bias_backward(pixels(s), s.out, dy, dbias);
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

int nf_conv_scatter_forward(nf_conv_size s, const nf_real *x, const nf_real *weight,
                            const nf_real *bias, nf_real *y, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *part = nf_arena_alloc(tmp, pixels(s) * 9 * s.out);
  nf_real *zeros = nf_arena_alloc(tmp, s.out);
  const bool memory = part != NULL && zeros != NULL;
  if (memory) {
    nf_dense_forward(pixels(s), s.in, 9 * s.out, x, weight, NULL, false, part);
    memset(zeros, 0, s.out * sizeof *zeros);
    scatter(s, s.out, true, part, bias, zeros, y);
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

int nf_conv_scatter_input_backward(nf_conv_size s, const nf_real *weight, const nf_real *dy,
                                   nf_real *dx, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_windows patches;
  const bool memory = patches_of(s, s.out, true, dy, &patches, tmp);
  if (memory) nf_gemm_windows(false, pixels(s), s.in, 9 * s.out, &patches, weight, NULL, false, dx);
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

int nf_conv_scatter_weight_backward(nf_conv_size s, const nf_real *x, const nf_real *dy,
                                    nf_real *dweight, nf_real *dbias, nf_arena *tmp) {
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_windows patches;
  const bool memory = patches_of(s, s.out, true, dy, &patches, tmp);
  if (memory) {
    const nf_windows transposed = {patches.x, patches.step, patches.row};
    nf_gemm_windows(false, 9 * s.out, s.in, pixels(s), &transposed, x, dweight, false, dweight);
    nf_bias_backward(pixels(s), s.out, dy, dbias);
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

nf_net *nf_net_new_on_image(const nf_net_type *type, nf_shape in, nf_shape out, size_t width,
                            nf_error *e) {
  if (in.h == out.h && in.w == out.w) return nf_net_new(type, in, out, width, e);
  nf_fail(e, NF_ESHAPE, "%s: from %zu×%zu pixels to %zu×%zu: must be the same", type->name, in.h,
          in.w, out.h, out.w);
  return NULL;
}
