/* Normal numbers by Box and Muller, √(-2 log u)·cos 2πa: in float, many at once by loops that the
 * compiler turns into vector instructions. */
#include "core/normals.h"

#include "core/philox.h"
#include "core/real.h"
#include "core/vector.h"

#ifdef NF_FLOAT
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

/* The 52 bits of u are 24 and 28, each exact or nearly so as a float, and so are those of 1 - u.
 * With |a| ≤ ½ the angle in turns, cos 2πa = sin 2π(¼ - |a|), which has no sign. */
void nf_normals(uint64_t seed, size_t n, const uint64_t *stream, const uint64_t *index,
                nf_real *out) {
  float u[NF_NORMALS], below_1[NF_NORMALS], y[NF_NORMALS];
  if (n == 0) return;
  for (size_t i = 0; i < n; i++) {
    const nf_words r = nf_philox(seed, stream[i], index[i]);
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
#else
void nf_normals(uint64_t seed, size_t n, const uint64_t *stream, const uint64_t *index,
                nf_real *out) {
  for (size_t i = 0; i < n; i++) out[i] = nf_random_normal(seed, stream[i], index[i]);
}
#endif
