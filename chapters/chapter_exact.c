/* The exact values beside those of the chapters: the table golden/exact.txt, compiled in, so that
 * the chapters need no ball arithmetic. A double and a decimal are subtracted digit by digit,
 *
 *   v - exact = Σ_k d_k·10^(-15k)        d_k the difference of the k-th groups of 15 digits
 *
 * where every d_k is an integer that a double holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chapter.h"

/* name, value, radius for each line, then NULL: made from golden/exact.txt (proofs/rules.mk) */
extern const char *const chapter_exact_table[];

static const char *const *find(const char *name) {
  for (const char *const *row = chapter_exact_table; *row; row += 3)
    if (strcmp(row[0], name) == 0) return row;
  chapter_fail("golden/exact.txt has no %s", name);
}

enum { GROUP = 15, GROUPS = 3 };

/* The whole part and the groups of decimals, each with the sign. */
static void split(const char *decimal, double group[1 + GROUPS]) {
  const double sign = decimal[0] == '-' ? -1 : 1;
  const char *point = strchr(decimal, '.');
  char digits[GROUP * GROUPS + 1];
  snprintf(digits, sizeof digits, "%-*s", GROUP * GROUPS, point ? point + 1 : "");
  group[0] = (double)strtol(decimal, NULL, 10); /* up to the point */
  for (int k = 0; k < GROUPS; k++) {
    double value = 0;
    for (int i = 0; i < GROUP; i++) {
      const char c = digits[k * GROUP + i];
      value = 10 * value + (c == ' ' ? 0 : c - '0');
    }
    group[k + 1] = sign * value;
  }
}

double chapter_error(const char *name, double v) {
  char decimal[400];
  double of_v[1 + GROUPS], exact[1 + GROUPS], sum = 0;
  snprintf(decimal, sizeof decimal, "%.*f", GROUP * GROUPS, v);
  split(decimal, of_v);
  split(find(name)[1], exact);
  for (int k = 0; k <= GROUPS; k++) sum = 1e15 * sum + (of_v[k] - exact[k]);
  return sum * 1e-45;
}

void chapter_exact(double tolerance) {
  char text[100];
  const char *name;
  const double v = chapter_last(&name);
  const char *const *row = find(name);
  snprintf(text, sizeof text, "exact: %s ± %s", row[1], row[2]);
  chapter_bound(text, chapter_error(name, v), tolerance);
}
