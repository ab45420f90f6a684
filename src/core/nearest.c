/* Levenshtein's distance d(i, j) between the first i letters of a and the first j of b:
 *
 *   d(i, j) = min( d(i-1, j) + 1,  d(i, j-1) + 1,  d(i-1, j-1) + [a_i ≠ b_j] )
 *
 * one row at a time. */
#include "core/nearest.h"

#include "core/real.h"

enum { MAX = 63 };

static size_t distance(const char *a, const char *b) {
  size_t row[MAX + 1], length = 0;
  while (length < MAX && b[length] != 0) length++;
  for (size_t j = 0; j <= length; j++) row[j] = j;
  for (size_t i = 1; i <= MAX && a[i - 1] != 0; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= length; j++) {
      const size_t replace = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = nf_min_size(replace, nf_min_size(row[j], row[j - 1]) + 1);
    }
  }
  return row[length];
}

const char *nf_nearest(const char *word, size_t n, const char *const choice[]) {
  const char *best = NULL;
  size_t best_distance = 0;
  for (size_t i = 0; i < n; i++) {
    const size_t d = distance(word, choice[i]);
    if (best == NULL || d < best_distance) {
      best = choice[i];
      best_distance = d;
    }
  }
  return best;
}
