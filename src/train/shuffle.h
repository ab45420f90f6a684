/* Mini-batches without a stored order: sample number i of an epoch is a pure function of
 * (seed, epoch, i), by a keyed permutation of 0 … n-1. So a run resumes from its step number
 * alone, and any process can look up any shard. With batches of size b,
 *
 *   step t = 0, 1, …   is batch  t mod ⌊n/b⌋  of epoch  ⌊t/⌊n/b⌋⌋
 *
 * and the n mod b samples that fill no batch are others in every epoch. */
#ifndef NF_TRAIN_SHUFFLE_H
#define NF_TRAIN_SHUFFLE_H

#include <stddef.h>
#include <stdint.h>

/* The sample at place i < n of an epoch. */
size_t nf_shuffled(uint64_t seed, uint64_t epoch, size_t n, size_t i);

/* The samples of step t, counted from 0, as above; returns the epoch. 1 ≤ batch ≤ n. */
uint64_t nf_shuffled_batch(uint64_t seed, uint64_t t, size_t n, size_t batch, size_t *index);

#endif
