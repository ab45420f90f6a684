/* The whole library in one include. Link libnf (double), or define NF_FLOAT and link libnf32. */
#ifndef NF_H
#define NF_H

#include "flow/flow.h"
#include "flow/models.h"
#include "train/gaussian.h"
#include "train/shuffle.h"
#include "train/trainer.h"

#endif
