/* Numbers as text, the same under every locale. */
#ifndef NF_CORE_NUMBER_H
#define NF_CORE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum { NF_NUMBER = 32 }; /* bytes that any number takes as text */

/* The whole text must be the number, without blanks; false when it is not.
 * whole: 0 … max, digits alone.   real: decimal, finite, to the nearest double */
bool nf_read_whole(const char *text, uint64_t max, uint64_t *value);
bool nf_read_real(const char *text, double *value);

/* So that the same double is read again: with 15 digits where they are enough, else with 17. */
void nf_write_real(double value, char text[NF_NUMBER]);

#endif
