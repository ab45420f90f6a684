/* The whole library in one include.
 *
 *   cc $(pkg-config --cflags nf) mine.c $(pkg-config --libs nf)        double; nf32: float
 *
 * core        errors, precision, shapes, random numbers
 * net, layer  conditioners, layers, and the contracts for one's own
 * flow        a composition with log_prob, forward, inverse, sample, gradient
 * model       NICE, RealNVP, Glow, MAF from a few settings
 * train       Adam, schedules, the trainer
 * data        points, image sets, toy densities
 * checkpoint  save and load */
#ifndef NF_NF_H
#define NF_NF_H

#include "nf/checkpoint.h"
#include "nf/data.h"

#endif
