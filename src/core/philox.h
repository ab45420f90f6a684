/* Philox 4×32-10 (Salmon et al. 2011, 2.2 and table 2): ten rounds on a counter c of four words,
 *
 *   (c₀, c₁, c₂, c₃) ← (high(M₁c₂) ^ c₁ ^ k₀, low(M₁c₂), high(M₀c₀) ^ c₃ ^ k₁, low(M₀c₀))
 *
 * and after each the key k grows by two constants. */
#ifndef NF_CORE_PHILOX_H
#define NF_CORE_PHILOX_H

#include <stdint.h>

typedef struct {
  uint32_t v[4];
} nf_words;

static inline nf_words nf_philox(uint64_t seed, uint64_t stream, uint64_t index) {
  nf_words c = {
      {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++, k0 += 0x9e3779b9, k1 += 0xbb67ae85) {
    const uint64_t p0 = UINT64_C(0xd2511f53) * c.v[0], p1 = UINT64_C(0xcd9e8d57) * c.v[2];
    c = (nf_words){{(uint32_t)(p1 >> 32) ^ c.v[1] ^ k0, (uint32_t)p1,
                    (uint32_t)(p0 >> 32) ^ c.v[3] ^ k1, (uint32_t)p0}};
  }
  return c;
}

#endif
