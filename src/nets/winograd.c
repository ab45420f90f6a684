/* Channels are side by side in vectors, padded to whole ones. Tiles and channels go in parts that
 * stay in the second cache: 64 tiles, 64 channels of x and 64 of y. */
#include "nets/winograd.h"

#include <string.h>

#include "core/arena.h"
#include "core/block.h"
#include "core/gemm.h"
#include "core/transpose.h"
#include "nets/dense.h"
#include "nets/winograd_maps.h"

enum { PLANES = IN * IN, TILES = 64, CHANNELS = 64, MAPPED = 1 << 18 };

/* --- from images to planes, and back -------------------------------------------------------- */

static size_t padded(size_t channels) { return (channels + LANES - 1) / LANES * LANES; }

/* From one plane (rows, padded columns) to the next: a vector more, as planes that are a power of
 * two apart would share a few lines of the cache. */
static size_t plane(size_t rows, size_t columns) { return rows * padded(columns) + LANES; }

typedef struct {
  size_t rows, columns, all; /* in an image's column and row, and in all images */
  size_t first, count;       /* those at hand */
} tiles;

static tiles tiles_of(nf_conv_size s) {
  const size_t rows = (s.h + OUT - 1) / OUT, columns = (s.w + OUT - 1) / OUT;
  return (tiles){.rows = rows, .columns = columns, .all = s.n * rows * columns};
}

static void next_tiles(tiles *t) {
  t->first += t->count;
  t->count = nf_min_size(t->all - t->first, TILES);
}

/* Where a tile lies, and its image's first number of the channels at hand, of c in all */
typedef struct {
  size_t row, column, offset;
} place;

static place place_of(nf_conv_size s, tiles t, size_t tile, size_t c) {
  const size_t row = tile / t.columns;
  return (place){row % t.rows * OUT, tile % t.columns * OUT, row / t.rows * s.h * s.w * c};
}

/* window (size, size, padded channels) of an image's pixels from (row, column) on, with zeros where
 * it reaches beyond the image. The next tile's pixels are on their way. */
NF_BLOCKED window_by(size_t block, nf_conv_size s, size_t size, size_t row, size_t column, size_t c,
                     size_t channels, const nf_real *image, nf_real *window) {
  for (size_t p = 0; p < size; p++) {
    const bool inside = row + p < s.h; /* -1 wraps to the largest number */
    const nf_real *pixels = image + (inside ? row + p : 0) * s.w * c;
    for (size_t q = 0; q < size; q++, window += padded(channels)) {
      if (inside && column + q < s.w)
        nf_copy_run(block, channels, pixels + (column + q) * c, window);
      else
        memset(window, 0, channels * sizeof *window);
      if (inside && q >= size - OUT && column + q + OUT < s.w)
        for (size_t k = 0; k < channels; k += 64 / sizeof *window)
          __builtin_prefetch(pixels + (column + q + OUT) * c + k);
    }
  }
}

/* V (36, count, padded channels) = M x Mᵀ of the tiles, each size × size pixels that begin `before`
 * pixels before the tile's corner: x begins at the first of the channels, and has c in all. */
NF_BLOCKED to_planes(map *m, size_t size, size_t before, nf_conv_size s, tiles t, size_t c,
                     size_t channels, const nf_real *x, nf_real *v) {
  const size_t ld = padded(channels), next = plane(t.count, channels);
  nf_real window[IN * IN * CHANNELS] = {0};
  for (size_t i = t.first; i < t.first + t.count; i++, v += ld) {
    const place at = place_of(s, t, i, c);
    NF_BY_BLOCK(channels, window_by, s, size, at.row - before, at.column - before, c, channels,
                x + at.offset, window);
    for (size_t k = 0; k < channels; k += LANES)
      on_both_sides(m, size, IN, window + k, size * ld, ld, v + k, IN * next, next);
  }
}
static void input_to_planes(nf_conv_size s, tiles t, size_t c, size_t channels, const nf_real *x,
                            nf_real *v) {
  to_planes(input_map, IN, 1, s, t, c, channels, x, v);
}
static void gradient_to_planes(nf_conv_size s, tiles t, size_t c, size_t channels,
                               const nf_real *dy, nf_real *dm) {
  to_planes(output_gradient, OUT, 0, s, t, c, channels, dy, dm);
}

/* The pixels of a tile (4, 4, padded channels) that lie in the image, to y */
NF_BLOCKED tile_by(size_t block, nf_conv_size s, place at, size_t c, size_t channels,
                   const nf_real *tile, nf_real *y) {
  nf_real *pixel = y + at.offset + (at.row * s.w + at.column) * c;
  for (size_t p = 0; p < nf_min_size(OUT, s.h - at.row); p++, pixel += s.w * c)
    for (size_t q = 0; q < nf_min_size(OUT, s.w - at.column); q++)
      nf_copy_run(block, channels, tile + (p * OUT + q) * padded(channels), pixel + q * c);
}

/* y = b + Aᵀ M A: y begins at the first of the channels, and has c in all. */
static void from_planes(nf_conv_size s, tiles t, size_t c, size_t channels, const nf_real *m,
                        const nf_real *bias, nf_real *y) {
  const size_t ld = padded(channels), next = plane(t.count, channels);
  nf_real tile[OUT * OUT * CHANNELS], b[CHANNELS] = {0};
  if (bias != NULL) memcpy(b, bias, channels * sizeof *b);
  for (size_t i = t.first; i < t.first + t.count; i++, m += ld) {
    for (size_t k = 0; k < channels; k += LANES) {
      on_both_sides(output_map, IN, OUT, m + k, IN * next, next, tile + k, OUT * ld, ld);
      for (size_t p = 0; p < OUT * OUT; p++)
        *(vector *)(tile + p * ld + k) += *(const vector *)(b + k);
    }
    NF_BY_BLOCK(channels, tile_by, s, place_of(s, t, i, c), c, channels, tile, y);
  }
}

/* --- kernels -------------------------------------------------------------------------------- */

/* Element (tap, o, c) of a kernel stands at tap·d + out·o + c. */
typedef struct {
  size_t tap, out;
} layout;

static layout layout_of(nf_conv_size s, bool taps_first) {
  return taps_first ? (layout){s.out * s.in, s.in} : (layout){s.in, 9 * s.in};
}

/* tap (9, in, padded out) = g, or g turned by 180°, from out to in, with zeros in the padding */
NF_BLOCKED turned_by(size_t block, layout l, size_t in, size_t out, const nf_real *g,
                     nf_real *tap) {
  for (size_t d = 9; d-- > 0; g += l.tap)
    for (size_t c = 0; c < in; c++)
      nf_copy_run(block, out, g + c * l.out, tap + (d * in + c) * padded(out));
}
static void taps(layout l, bool turned, size_t in, size_t out, const nf_real *g, nf_real *tap) {
  if (padded(out) > out) memset(tap, 0, 9 * in * padded(out) * sizeof *tap);
  if (turned)
    NF_BY_BLOCK(out, turned_by, l, in, out, g, tap);
  else
    for (size_t d = 0; d < 9; d++)
      nf_transpose(out, in, g + d * l.tap, l.out, tap + d * in * padded(out), padded(out));
}

/* U (36, in, padded out) = G g Gᵀ */
static void kernel_to_planes(size_t in, size_t out, const nf_real *tap, nf_real *u) {
  const size_t ld = padded(out), step = in * ld, next = plane(in, out);
  for (size_t c = 0; c < in; c++, tap += ld, u += ld)
    for (size_t k = 0; k < out; k += LANES)
      on_both_sides(kernel_map, 3, IN, tap + k, 3 * step, step, u + k, IN * next, next);
}

/* dg += Gᵀ dU G, where dU is (36, out, padded in) */
static void add_kernel_gradient(layout l, size_t in, size_t out, const nf_real *du, nf_real *dg) {
  const size_t next = plane(out, in);
  for (size_t o = 0; o < out; o++, du += padded(in), dg += l.out)
    for (size_t k = 0; k < in; k += LANES) {
      nf_real tap[9 * LANES];
      on_both_sides(kernel_gradient, IN, 3, du + k, IN * next, next, tap, 3 * LANES, LANES);
      for (size_t d = 0; d < 9; d++) {
        nf_real *to = dg + d * l.tap + k;
        if (in - k >= LANES)
          *(vector *)to += *(const vector *)(tap + d * LANES);
        else
          for (size_t q = 0; q < in - k; q++) to[q] += tap[d * LANES + q];
      }
    }
}

/* --- the convolution ------------------------------------------------------------------------ */

/* s.in → s.out by g, or, turned, by g' of a convolution from s.out to s.in */
static int convolve(nf_conv_size s, layout l, bool turned, const nf_real *x, const nf_real *g,
                    const nf_real *bias, nf_real *y, nf_arena *tmp) {
  tiles t = tiles_of(s);
  const size_t most = nf_min_size(t.all, TILES);
  const size_t in = nf_min_size(s.in, CHANNELS), out = nf_min_size(s.out, CHANNELS);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *tap = nf_arena_alloc(tmp, 9 * in * padded(out));
  nf_real *u = nf_arena_alloc(tmp, PLANES * plane(in, out));
  nf_real *v = nf_arena_alloc(tmp, PLANES * plane(most, in));
  nf_real *m = nf_arena_alloc(tmp, PLANES * plane(most, out));
  const bool memory = tap != NULL && u != NULL && v != NULL && m != NULL;
  for (next_tiles(&t); memory && t.count > 0; next_tiles(&t)) {
    for (size_t o = 0, no; o < s.out; o += no) {
      no = nf_min_size(s.out - o, CHANNELS);
      for (size_t c = 0, ni; c < s.in; c += ni) {
        ni = nf_min_size(s.in - c, CHANNELS);
        if (o == 0 || s.in > CHANNELS) input_to_planes(s, t, s.in, ni, x + c, v);
        taps(l, turned, ni, no, g + (turned ? c * l.out + o : o * l.out + c), tap);
        kernel_to_planes(ni, no, tap, u);
        for (size_t p = 0; p < PLANES; p++)
          nf_gemm(false, false, t.count, padded(no), ni, v + p * plane(t.count, ni), padded(ni),
                  u + p * plane(ni, no), padded(no), c > 0, m + p * plane(t.count, no), padded(no));
      }
      from_planes(s, t, s.out, no, m, bias == NULL ? NULL : bias + o, y + o);
    }
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

/* By the image and the kernel alone, not the batch, on which no sample may depend. With images of a
 * single tile, of which a chunk has few, a kernel is mapped only if its planes stay in the cache.
 */
static bool worth_it(nf_conv_size s) {
  const size_t pixels = s.h * s.w;
  return pixels > OUT * OUT || (pixels == OUT * OUT && PLANES * s.in * s.out <= MAPPED);
}

int nf_winograd_forward(nf_conv_size s, bool taps_first, const nf_real *x, const nf_real *weight,
                        const nf_real *bias, nf_real *y, nf_arena *tmp) {
  if (!worth_it(s))
    return taps_first ? nf_conv_scatter_forward(s, x, weight, bias, y, tmp)
                      : nf_conv_forward(s, x, weight, bias, false, y, tmp);
  return convolve(s, layout_of(s, taps_first), false, x, weight, bias, y, tmp);
}

static int add_gradient(nf_conv_size s, layout l, const nf_real *x, const nf_real *dy, nf_real *dg,
                        nf_arena *tmp) {
  tiles t = tiles_of(s);
  const size_t most = nf_min_size(t.all, TILES);
  const size_t in = nf_min_size(s.in, CHANNELS), out = nf_min_size(s.out, CHANNELS);
  const nf_arena_mark mark = nf_arena_now(tmp);
  nf_real *du = nf_arena_alloc(tmp, PLANES * plane(out, in));
  nf_real *v = nf_arena_alloc(tmp, PLANES * plane(most, in));
  nf_real *dm = nf_arena_alloc(tmp, PLANES * plane(most, out));
  const bool memory = du != NULL && v != NULL && dm != NULL;
  for (size_t o = 0, no; memory && o < s.out; o += no) {
    no = nf_min_size(s.out - o, CHANNELS);
    for (size_t c = 0, ni; c < s.in; c += ni) {
      ni = nf_min_size(s.in - c, CHANNELS);
      t = tiles_of(s);
      for (next_tiles(&t); t.count > 0; next_tiles(&t)) {
        input_to_planes(s, t, s.in, ni, x + c, v);
        gradient_to_planes(s, t, s.out, no, dy + o, dm);
        for (size_t p = 0; p < PLANES; p++)
          nf_gemm(true, false, no, padded(ni), t.count, dm + p * plane(t.count, no), padded(no),
                  v + p * plane(t.count, ni), padded(ni), t.first > 0, du + p * plane(no, ni),
                  padded(ni));
      }
      add_kernel_gradient(l, ni, no, du, dg + o * l.out + c);
    }
  }
  nf_arena_release(tmp, mark);
  return memory ? NF_OK : NF_ENOMEM;
}

int nf_winograd_input_backward(nf_conv_size s, bool taps_first, const nf_real *weight,
                               const nf_real *dy, nf_real *dx, nf_arena *tmp) {
  if (!worth_it(s))
    return (taps_first ? nf_conv_scatter_input_backward : nf_conv_input_backward)(s, weight, dy, dx,
                                                                                  tmp);
  const nf_conv_size back = {s.n, s.h, s.w, s.out, s.in};
  return convolve(back, layout_of(s, taps_first), true, dy, weight, NULL, dx, tmp);
}

int nf_winograd_weight_backward(nf_conv_size s, bool taps_first, const nf_real *x,
                                const nf_real *dy, nf_real *dweight, nf_real *dbias,
                                nf_arena *tmp) {
  if (!worth_it(s))
    return (taps_first ? nf_conv_scatter_weight_backward : nf_conv_weight_backward)(
        s, x, dy, dweight, dbias, tmp);
  nf_bias_backward(s.n * s.h * s.w, s.out, dy, dbias);
  return add_gradient(s, layout_of(s, taps_first), x, dy, dweight, tmp);
}
