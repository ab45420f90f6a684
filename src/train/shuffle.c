/* A Feistel network is invertible whatever its round function F, so it permutes 0 … 4ʰ-1:
 *
 *   (left, right) ← (right, left ⊕ F(right))          left, right of h bits, F from Philox
 *
 * Here 4ʰ is the smallest such power ≥ n. A result ≥ n is sent through again until it is below n,
 * which happens since i is on its cycle: so 0 … n-1 is permuted ("cycle walking", Black & Rogaway
 * 2002). */
#include "nf/train.h"

enum { ROUNDS = 8 };

size_t nf_shuffled(uint64_t seed, uint64_t epoch, size_t n, size_t i) {
  const uint64_t stream = UINT64_C(0x5348) << 48 ^ epoch; /* away from those of weights and noise */
  unsigned h = 1;
  while (h < 32 && UINT64_C(1) << 2 * h < n) h++;
  const uint64_t mask = (UINT64_C(1) << h) - 1;
  uint64_t place = i;
  do {
    uint64_t left = place >> h, right = place & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
      const uint64_t f = nf_random_bits(seed, stream, round << 32 | right);
      const uint64_t next = left ^ (f & mask);
      left = right;
      right = next;
    }
    place = left << h | right;
  } while (place >= n);
  return (size_t)place;
}

uint64_t nf_shuffled_batch(uint64_t seed, uint64_t t, size_t n, size_t batch, size_t *index) {
  const uint64_t per_epoch = n / batch, epoch = t / per_epoch;
  const size_t begin = (size_t)(t % per_epoch) * batch;
  for (size_t i = 0; i < batch; i++) index[i] = nf_shuffled(seed, epoch, n, begin + i);
  return epoch;
}
