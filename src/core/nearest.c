/* The distance d(i, j) between the first i letters of a and the first j of b, where two letters
 * that changed places count once (Damerau and Levenshtein's, of strings aligned):
 *
 *   d(i, j) = min( d(i-1, j) + 1,  d(i, j-1) + 1,  d(i-1, j-1) + [a_i ≠ b_j],
 *                  d(i-2, j-2) + 1  if a_{i-1} a_i = b_j b_{j-1} )
 *
 * one row at a time, of which the last three are kept. */
#include "core/nearest.h"

#include <stdbool.h>
#include <stdio.h>

#include "core/real.h"

enum { MAX = 63 };

static size_t length_of(const char *word) {
  size_t length = 0;
  while (length < MAX && word[length] != 0) length++;
  return length;
}

static size_t distance(const char *a, const char *b) {
  const size_t m = length_of(a), n = length_of(b);
  size_t row[3][MAX + 1];
  for (size_t j = 0; j <= n; j++) row[0][j] = j;
  for (size_t i = 1; i <= m; i++) {
    size_t *now = row[i % 3], *before = row[(i + 2) % 3];
    now[0] = i;
    for (size_t j = 1; j <= n; j++) {
      const size_t replace = before[j - 1] + (a[i - 1] != b[j - 1]);
      now[j] = nf_min_size(replace, nf_min_size(before[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = nf_min_size(now[j], row[(i + 1) % 3][j - 2] + 1);
    }
  }
  return row[m % 3][n];
}

static bool is_near(const char *a, const char *b, size_t d) {
  const size_t m = length_of(a), n = length_of(b);
  return 2 * d <= (m > n ? m : n);
}

const char *nf_nearest(const char *word, size_t n, const char *const choice[]) {
  const char *best = NULL;
  size_t best_distance = 0;
  for (size_t i = 0; i < n; i++) {
    const size_t d = distance(word, choice[i]);
    if (is_near(word, choice[i], d) && (best == NULL || d < best_distance)) {
      best = choice[i];
      best_distance = d;
    }
  }
  return best;
}

const char *nf_nearest_text(const char *prefix, const char *nearest, char text[NF_NEAREST]) {
  text[0] = 0;
  if (nearest != NULL) snprintf(text, NF_NEAREST, ", nearest is '%s%.60s'", prefix, nearest);
  return text;
}
