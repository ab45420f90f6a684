/* For "did you mean": of n words, the one that fewest insertions, deletions, replacements of a
 * letter and exchanges of two neighbours turn into `word`; the first of equals. NULL when none is
 * near: more than half of the longer word would change. Only the first 63 bytes of a word count. */
#ifndef NF_CORE_NEAREST_H
#define NF_CORE_NEAREST_H

#include <stddef.h>

const char *nf_nearest(const char *word, size_t n, const char *const choice[]);

/* What a message says of it: ", nearest is 'PREFIXNEAREST'", or nothing for NULL. Returns text. */
enum { NF_NEAREST = 96 };
const char *nf_nearest_text(const char *prefix, const char *nearest, char text[NF_NEAREST]);

#endif
