/* The parts of test_allocation: each adds its rows, one a test. */
#ifndef NF_TESTS_ALLOCATION_H
#define NF_TESTS_ALLOCATION_H

#include "catalogue.h"
#include "check.h"
#include "memory.h"
#include "nf/nf.h"

/* What a test gets: its name, and what `a`, `b` and `c` mean to it. */
typedef struct {
  char name[160];
  CMUnitTestFunction run;
  int a, b, c;
} allocation_row;

void allocation_add(const char *name, CMUnitTestFunction run, int a, int b, int c);
void allocation_add_flows(void);
void allocation_add_files(void);

/* to[at …) = from; returns the next place: for the `state` of a memory_call. */
size_t allocation_put(char *to, size_t at, const void *from, size_t size);

enum { ALLOCATION_MODELS = 7 };
extern const nf_model allocation_model[ALLOCATION_MODELS];
extern const char *const allocation_model_name[ALLOCATION_MODELS];

#endif
