/* Reads golden files: `name kind value atol rtol` a line, # for comments. Whatever is malformed
 * fails the running test, with file and line. */
#ifndef NF_TESTS_GOLDEN_H
#define NF_TESTS_GOLDEN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { GOLDEN_MAX = 4000 };
typedef struct {
  char name[64];
  double value, atol, rtol;
} golden_quantity;
typedef struct {
  size_t n;
  golden_quantity q[GOLDEN_MAX];
} golden_file;

/* The caller frees it. */
golden_file *golden_read(const char *path);
/* The lines of f into g, which starts from zeros; path is for the messages. */
void golden_read_lines(FILE *f, const char *path, golden_file *g);
/* NULL when there is none of this name. */
const golden_quantity *golden_find(const golden_file *g, const char *name);

#endif
