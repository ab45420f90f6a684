/* The chapters of golden/exact.txt. Each function prints its quantities in the order of the
 * chapter, from the exact rational numbers of the notes' example. */
#ifndef NF_PROOFS_EXACT_H
#define NF_PROOFS_EXACT_H

void exact_change_of_variables(void);
void exact_linear(void);
void exact_coupling(void);
void exact_pixels(void);
void exact_module(void);
void exact_integrals(void);

#endif
