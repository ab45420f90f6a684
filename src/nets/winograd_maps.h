/* The five maps of Winograd's F(4×4, 3×3), each applied to rows and columns of a square of numbers,
 * for a vector of channels at a time. Included by winograd.c, which is compiled for several
 * processors. */
#ifndef NF_NETS_WINOGRAD_MAPS_H
#define NF_NETS_WINOGRAD_MAPS_H

#include "core/block.h"
#include "core/lanes.h"

enum { OUT = 4, IN = OUT + 2 }; /* pixels of y, and of x, along a side */

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

#endif
