/* For "did you mean": of n words, the one that fewest insertions, deletions and
 * replacements of a letter turn into `word` (Levenshtein's distance); the first of equals.
 * NULL when n is 0. Only the first 63 bytes of a word count. */
#ifndef NF_CORE_NEAREST_H
#define NF_CORE_NEAREST_H

#include <stddef.h>

const char *nf_nearest(const char *word, size_t n, const char *const choice[]);

#endif
