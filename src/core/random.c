/* Philox 4×32-10 (Salmon et al. 2011, 2.2 and table 2): ten rounds on a counter c of four words,
 *
 *   (c₀, c₁, c₂, c₃) ← (high(M₁c₂) ^ c₁ ^ k₀, low(M₁c₂), high(M₀c₀) ^ c₃ ^ k₁, low(M₀c₀))
 *
 * and after each the key k grows by two constants. The rest turns its bits into what a flow needs;
 * in float, many normal numbers at once by vectors: as loops that the compiler vectorises. */
#include "core/real.h"
#include "core/vector.h"

typedef struct {
  uint32_t v[4];
} words;

static words bits(uint64_t seed, uint64_t stream, uint64_t index) {
  words c = {
      {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
    const uint64_t p0 = UINT64_C(0xd2511f53) * c.v[0], p1 = UINT64_C(0xcd9e8d57) * c.v[2];
    c = (words){{(uint32_t)(p1 >> 32) ^ c.v[1] ^ k0, (uint32_t)p1,
                 (uint32_t)(p0 >> 32) ^ c.v[3] ^ k1, (uint32_t)p0}};
  }
  return c;
}

static uint64_t join(uint32_t low, uint32_t high) { return (uint64_t)high << 32 | low; }

/* The midpoints of 2⁵² equal cells of (0, 1) */
static double to_uniform(uint64_t b) { return ((double)(b >> 12) + 0.5) * 0x1p-52; }

uint64_t nf_random_bits(uint64_t seed, uint64_t stream, uint64_t index) {
  const words r = bits(seed, stream, index);
  return join(r.v[0], r.v[1]);
}

double nf_random_uniform(uint64_t seed, uint64_t stream, uint64_t index) {
  return to_uniform(nf_random_bits(seed, stream, index));
}

double nf_random_normal(uint64_t seed, uint64_t stream, uint64_t index) {
  const double pi = 3.14159265358979323846;
  const words r = bits(seed, stream, index);
  const double radius = sqrt(-2 * log(to_uniform(join(r.v[0], r.v[1]))));
  return radius * cos(2 * pi * to_uniform(join(r.v[2], r.v[3])));
}

#ifdef NF_FLOAT
enum { BLOCK = 64 };

/* sin 2πy for |y| ≤ ¼, by its series; the next term is below 10⁻⁹ */
static inline float sin_of_turns(float y) {
  const float x = 6.28318531f * y, q = x * x;
  float p = 1 / 6227020800.0f;
  p = p * q - 1 / 39916800.0f;
  p = p * q + 1 / 362880.0f;
  p = p * q - 1 / 5040.0f;
  p = p * q + 1 / 120.0f;
  p = p * q - 1 / 6.0f;
  return x + x * (p * q);
}

/* n ≤ BLOCK of them. The 52 bits of u are 24 and 28, each exact or nearly so as a float, and so are
 * those of 1 - u. With |a| ≤ ½ the angle in turns, cos 2πa = sin 2π(¼ - |a|), which has no sign. */
static void normal_block(uint64_t seed, size_t n, const uint64_t *stream, const uint64_t *index,
                         float *out) {
  float u[BLOCK], below_1[BLOCK], y[BLOCK];
  for (size_t i = 0; i < n; i++) {
    const words r = bits(seed, stream[i], index[i]);
    const int32_t top = (int32_t)(r.v[1] >> 8);
    const int32_t rest = (int32_t)((r.v[1] & 0xff) << 20 | r.v[0] >> 12);
    u[i] = (float)top * 0x1p-24f + ((float)rest + 0.5f) * 0x1p-52f;
    below_1[i] = (float)(0xffffff - top) * 0x1p-24f + ((float)(0xfffffff - rest) + 0.5f) * 0x1p-52f;
    const int32_t a = (int32_t)r.v[3];
    y[i] = (float)(0x40000000 - (a < 0 ? -(a + 1) : a)) * 0x1p-32f;
  }
  nf_vector_log_near_1(n, u, below_1, u);
  for (size_t i = 0; i < n; i++) out[i] = sqrt(-2 * u[i]) * sin_of_turns(y[i]);
}

void nf_random_normals(uint64_t seed, uint64_t stream, uint64_t index, size_t n, size_t d,
                       nf_real *out) {
  uint64_t streams[BLOCK], indices[BLOCK];
  size_t k = 0;
  for (size_t begin = 0, count; begin < n * d; begin += count) {
    count = nf_min_size(n * d - begin, BLOCK);
    for (size_t i = 0; i < count; i++) {
      streams[i] = stream, indices[i] = index + k;
      if (++k == d) stream++, k = 0;
    }
    normal_block(seed, count, streams, indices, out + begin);
  }
}
#else
void nf_random_normals(uint64_t seed, uint64_t stream, uint64_t index, size_t n, size_t d,
                       nf_real *out) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < d; k++) out[i * d + k] = nf_random_normal(seed, stream + i, index + k);
}
#endif

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
