/* Philox from the Random123 headers; the rest turns its bits into what a flow needs. */
#include <Random123/philox.h>
#include <math.h>

#include "nf/core.h"

static philox4x32_ctr_t bits(uint64_t seed, uint64_t stream, uint64_t index) {
  const philox4x32_ctr_t counter = {
      {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
  return philox4x32(counter, key);
}

static uint64_t join(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }

/* The midpoints of 2⁵² equal cells of (0, 1) */
static double to_uniform(uint64_t b) { return ((double)(b >> 12) + 0.5) * 0x1p-52; }

uint64_t nf_random_bits(uint64_t seed, uint64_t stream, uint64_t index) {
  const philox4x32_ctr_t r = bits(seed, stream, index);
  return join(r.v[0], r.v[1]);
}

double nf_random_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  return to_uniform(nf_random_bits(seed, stream, index));
}

double nf_random_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  const double pi = 3.14159265358979323846;
  const philox4x32_ctr_t r = bits(seed, stream, index);
  const double radius = sqrt(-2 * log(to_uniform(join(r.v[0], r.v[1]))));
  return radius * cos(2 * pi * to_uniform(join(r.v[2], r.v[3])));
}

double nf_random_next_uniform(nf_random *r) {
  return nf_random_uniform(r->seed, r->stream, r->index++);
}

double nf_random_next_normal(nf_random *r) {
  return nf_random_normal(r->seed, r->stream, r->index++);
}

void nf_random_permutation(nf_random *r, size_t n, size_t *out) {
  for (size_t i = 0; i < n; i++) out[i] = i;
  for (size_t i = n; i > 1; i--) {
    const size_t j = (size_t)(nf_random_next_uniform(r) * (double)i);
    const size_t t = out[i - 1];
    out[i - 1] = out[j];
    out[j] = t;
  }
}
