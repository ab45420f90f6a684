/* Channels are side by side in vectors, padded to whole ones. Tiles and channels go in parts that
 * stay in the second cache: 64 tiles, 64 channels of x and 64 of y. */
#include "nets/winograd.h"

#include <string.h>

#include "core/arena.h"
#include "core/block.h"
#include "core/gemm.h"
#include "core/lanes.h"
#include "core/transpose.h"
#include "nets/dense.h"

enum { OUT = 4, IN = OUT + 2, PLANES = IN * IN, TILES = 64, CHANNELS = 64 };

/* --- the maps, for a vector of channels ----------------------------------------------------- */

typedef struct {
  vector a, b, c, d, e, f;
} line; /* 3, 4 or 6 in use */
typedef line map(line);
#define MAP static inline __attribute__((always_inline)) line

MAP input_map(line x) { /* Bᵀ: 6 → 6 */
  const vector p = x.e - 4 * x.c, q = x.d - 4 * x.b, r = x.e - x.c, s = 2 * (x.d - x.b);
  return (line){4 * x.a - 5 * x.c + x.e, p + q, p - q, r + s, r - s, 4 * x.b - 5 * x.d + x.f};
}
MAP kernel_map(line g) { /* G: 3 → 6 */
  const vector p = NF_R(-1. / 6) * (g.a + g.c), q = NF_R(-1. / 6) * g.b;
  const vector r = NF_R(1. / 24) * g.a + NF_R(1. / 6) * g.c, s = NF_R(1. / 12) * g.b;
  return (line){NF_R(.25) * g.a, p + q, p - q, r + s, r - s, g.c};
}
MAP output_map(line m) { /* Aᵀ: 6 → 4 */
  const vector p = m.b + m.c, q = m.b - m.c, r = m.d + m.e, s = m.d - m.e;
  return (line){.a = m.a + p + r, .b = q + 2 * s, .c = p + 4 * r, .d = q + 8 * s + m.f};
}
MAP output_gradient(line y) { /* A: 4 → 6 */
  const vector p = y.a + y.c, q = y.b + y.d, r = y.a + 4 * y.c, s = 2 * y.b + 8 * y.d;
  return (line){y.a, p + q, p - q, r + s, r - s, y.d};
}
MAP kernel_gradient(line u) { /* Gᵀ: 6 → 3 */
  const vector p = NF_R(1. / 6) * (u.b + u.c), r = u.d + u.e;
  return (line){.a = NF_R(.25) * u.a - p + NF_R(1. / 24) * r,
                .b = NF_R(1. / 6) * (u.c - u.b) + NF_R(1. / 12) * (u.d - u.e),
                .c = u.f - p + NF_R(1. / 6) * r};
}

static inline __attribute__((always_inline)) line load(size_t n, const nf_real *x, size_t step) {
#define FROM(i) (*(const vector *)(x + (i)*step))
  line l = {.a = FROM(0), .b = FROM(1), .c = FROM(2)};
  if (n > 3) l.d = FROM(3);
  if (n > 4) l.e = FROM(4), l.f = FROM(5);
  return l;
}
NF_BLOCKED store(size_t n, line l, nf_real *x, size_t step) {
#define TO(i) (*(vector *)(x + (i)*step))
  TO(0) = l.a, TO(1) = l.b, TO(2) = l.c;
  if (n > 3) TO(3) = l.d;
  if (n > 4) TO(4) = l.e, TO(5) = l.f;
}

/* M·x·Mᵀ, (from, from) → (to, to): element (i, j) stands i rows and j steps behind x, or y. */
NF_BLOCKED on_both_sides(map *m, size_t from, size_t to, const nf_real *x, size_t row, size_t step,
                         nf_real *y, size_t y_row, size_t y_step) {
  nf_real half[IN * IN * LANES];
  NF_UNROLLED(6)
  for (size_t j = 0; j < from; j++)
    store(to, m(load(from, x + j * step, row)), half + j * LANES, IN * LANES);
  NF_UNROLLED(6)
  for (size_t i = 0; i < to; i++)
    store(to, m(load(from, half + i * IN * LANES, LANES)), y + i * y_row, y_step);
}

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

/* V (36, count, padded channels) = M x Mᵀ of the tiles, each size × size pixels that begin
 * `before` pixels before the tile's corner, with zeros where they reach beyond the image: x begins
 * at the first of the channels, and has c in all. The next tile's pixels are on their way. */
NF_BLOCKED to_planes_by(size_t block, map *m, size_t size, size_t before, nf_conv_size s, tiles t,
                        size_t c, size_t channels, const nf_real *x, nf_real *v) {
  const size_t ld = padded(channels), next = plane(t.count, channels);
  nf_real window[IN * IN * CHANNELS] = {0};
  for (size_t i = t.first; i < t.first + t.count; i++, v += ld) {
    const size_t row = i / t.columns % t.rows * OUT - before, column = i % t.columns * OUT - before;
    const nf_real *image = x + i / t.columns / t.rows * s.h * s.w * c;
    for (size_t p = 0; p < size; p++) {
      const bool inside = row + p < s.h; /* -1 wraps to the largest number */
      const nf_real *pixels = image + (inside ? row + p : 0) * s.w * c;
      for (size_t q = 0; q < size; q++) {
        nf_real *to = window + (p * size + q) * ld;
        if (inside && column + q < s.w)
          nf_copy_run(block, channels, pixels + (column + q) * c, to);
        else
          memset(to, 0, channels * sizeof *to);
        if (inside && q >= size - OUT && column + q + OUT < s.w)
          for (size_t k = 0; k < channels; k += 64 / sizeof *x)
            __builtin_prefetch(pixels + (column + q + OUT) * c + k);
      }
    }
    for (size_t k = 0; k < channels; k += LANES)
      on_both_sides(m, size, IN, window + k, size * ld, ld, v + k, IN * next, next);
  }
}
static void input_to_planes(nf_conv_size s, tiles t, size_t c, size_t channels, const nf_real *x,
                            nf_real *v) {
  NF_BY_BLOCK(channels, to_planes_by, input_map, IN, 1, s, t, c, channels, x, v);
}
static void gradient_to_planes(nf_conv_size s, tiles t, size_t c, size_t channels,
                               const nf_real *dy, nf_real *dm) {
  NF_BY_BLOCK(channels, to_planes_by, output_gradient, OUT, 0, s, t, c, channels, dy, dm);
}

/* y = b + Aᵀ M A: y begins at the first of the channels, and has c in all. */
NF_BLOCKED from_planes_by(size_t block, nf_conv_size s, tiles t, size_t c, size_t channels,
                          const nf_real *m, const nf_real *bias, nf_real *y) {
  const size_t ld = padded(channels), next = plane(t.count, channels);
  nf_real tile[OUT * OUT * CHANNELS], b[CHANNELS] = {0};
  if (bias != NULL) memcpy(b, bias, channels * sizeof *b);
  for (size_t i = t.first; i < t.first + t.count; i++, m += ld) {
    for (size_t k = 0; k < channels; k += LANES) {
      on_both_sides(output_map, IN, OUT, m + k, IN * next, next, tile + k, OUT * ld, ld);
      for (size_t p = 0; p < OUT * OUT; p++)
        *(vector *)(tile + p * ld + k) += *(const vector *)(b + k);
    }
    const size_t row = i / t.columns % t.rows * OUT, column = i % t.columns * OUT;
    nf_real *pixel = y + ((i / t.columns / t.rows * s.h + row) * s.w + column) * c;
    for (size_t p = 0; p < nf_min_size(OUT, s.h - row); p++, pixel += s.w * c)
      for (size_t q = 0; q < nf_min_size(OUT, s.w - column); q++)
        nf_copy_run(block, channels, tile + (p * OUT + q) * ld, pixel + q * c);
  }
}
static void from_planes(nf_conv_size s, tiles t, size_t c, size_t channels, const nf_real *m,
                        const nf_real *bias, nf_real *y) {
  NF_BY_BLOCK(channels, from_planes_by, s, t, c, channels, m, bias, y);
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

int nf_winograd_forward(nf_conv_size s, bool taps_first, const nf_real *x, const nf_real *weight,
                        const nf_real *bias, nf_real *y, nf_arena *tmp) {
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

int nf_winograd_backward(nf_conv_size s, bool taps_first, const nf_real *x, const nf_real *weight,
                         const nf_real *dy, nf_real *dx, nf_real *dweight, nf_real *dbias,
                         nf_arena *tmp) {
  const layout l = layout_of(s, taps_first);
  const int status = add_gradient(s, l, x, dy, dweight, tmp);
  if (status != NF_OK) return status;
  nf_bias_backward(s.n * s.h * s.w, s.out, dy, dbias);
  const nf_conv_size back = {s.n, s.h, s.w, s.out, s.in};
  return convolve(back, l, true, dy, weight, NULL, dx, tmp);
}
