/* The error of a deep flow's inverse, in the precision of the build. K steps of Glow on 4×4×3
 * images, with random weights and actnorms initialised from the data, run forward and back,
 *
 *   error = max |x' - x| / max(1, |x|)      over 64 images
 *
 * with x' from inverse, and with the x' that backward rebuilds on its way. */
#ifndef NF_TESTS_DEPTH_H
#define NF_TESTS_DEPTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "nf/nf.h"

typedef struct {
  double inverse, backward;
} depth_error;

#define DEPTH_AMOUNT 0.2 /* of move_weights (catalogue.h), where nothing explodes */

/* What the errors of those weights must not exceed: see tests/test_depth.c. */
double depth_bound(size_t steps, double epsilon);

/* NaN in both when a call fails. */
depth_error depth_measure(size_t steps, double amount);
/* The same by tests/float_depth.c, made with libnf32, which lies beside the program argv0. */
depth_error depth_measure_in_float(const char *argv0, size_t steps, double amount);

#endif
