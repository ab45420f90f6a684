/* The oracles of the catalogue. Each measures one error of one layer, which is 0 in exact
 * arithmetic, by the contract of layers/layer.h alone; so it serves every layer that will
 * ever be written. */
#ifndef NF_TESTS_ORACLES_H
#define NF_TESTS_ORACLES_H

#include <stdbool.h>

#include "catalogue.h"

typedef struct {
  int status;     /* of the library calls made; error means nothing when it is not NF_OK */
  double error;   /* the worst seen; NaN is worse than any number */
  char where[96]; /* what it is about, when an oracle looks at several things */
} finding;

typedef struct {
  const char *name, *brief;
  finding (*measure)(const catalogue_entry *e, nf_work *work);
  double tolerance;
  bool exact; /* compares forward with itself alone: no error of a solver is in it */
  bool (*applies)(const catalogue_entry *e);
} oracle;

enum { ORACLES = 10 };
extern const oracle oracles[ORACLES];

/* The oracle's, or that of the entry's solver where that is larger and in the error. */
double oracle_tolerance(const oracle *o, const catalogue_entry *e);

enum { SAMPLES = 3 }; /* in a batch */

/* Keeps the worst error. */
void finding_worse(finding *f, double error, const char *where);
/* |a_i - b_i| / max(1, |b_i|) for n values */
void finding_compare(finding *f, const char *where, size_t n, const double *a, const double *b);

/* count zeros, never NULL: without memory the program ends. */
double *reals(size_t count);
size_t dimensions(const catalogue_entry *e); /* D */

/* The oracles that need no mathematics, in contract.c. */
finding contract_accumulates(const catalogue_entry *e, nf_work *work);
finding contract_batches(const catalogue_entry *e, nf_work *work);
finding contract_refuses(const catalogue_entry *e, nf_work *work);

#endif
