/* The bits of Philox (philox.h), turned into what a flow needs. */
#include "core/normals.h"
#include "core/philox.h"
#include "core/real.h"

static uint64_t join(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }

/* The midpoints of 2⁵² equal cells of (0, 1) */
static double to_uniform(uint64_t b) { return ((double)(b >> 12) + 0.5) * 0x1p-52; }

uint64_t nf_random_bits(uint64_t seed, uint64_t stream, uint64_t index) {
  const nf_words r = nf_philox(seed, stream, index);
  return join(r.v[0], r.v[1]);
}

double nf_random_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  return to_uniform(nf_random_bits(seed, stream, index));
}

double nf_random_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  const nf_words r = nf_philox(seed, stream, index);
  const double radius = sqrt(-2 * log(to_uniform(join(r.v[0], r.v[1]))));
  return radius * cos(2 * NF_PI * to_uniform(join(r.v[2], r.v[3])));
}

void nf_random_normals(uint64_t seed, uint64_t stream, uint64_t index, size_t n, size_t d,
                       nf_real *out) {
  uint64_t streams[NF_NORMALS], indices[NF_NORMALS];
  size_t k = 0;
  for (size_t begin = 0, count; begin < n * d; begin += count) {
    count = nf_min_size(n * d - begin, NF_NORMALS);
    for (size_t i = 0; i < count; i++) {
      streams[i] = stream, indices[i] = index + k;
      if (++k == d) stream++, k = 0;
    }
    nf_normals(seed, count, streams, indices, out + begin);
  }
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
