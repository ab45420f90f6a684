/* A flow that learns a toy density of the plane, for the figures that need one trained for longer
 * than a chapter runs: RealNVP couplings that swap the coordinates, each with an MLP of 2 × 64
 * hidden units, and Adam on mini-batches of 256 points, new ones at every step. */
#ifndef PLOTS_LEARN_H
#define PLOTS_LEARN_H

#include <nf/nf.h>
#include <stdio.h>

/* The flow after `steps` steps, with averaged weights. report(user, step, flow), when it is not
 * NULL, is called before the first step and after every step, with the averaged weights of that
 * moment. Ends the program with a message when something fails. */
typedef void learn_report(void *user, int step, nf_flow *flow);
nf_flow *learn(const nf_toy *toy, size_t couplings, int steps, learn_report *report, void *user);

/* log p of the toy at a point */
double learn_log_density(const nf_toy *toy, const nf_real x[2]);

/* Columns of side × side cells of [-extent, extent]²: x₁ x₂ of the centre, then p of the toy and of
 * each of n ≤ 8 flows, means over fine × fine points, since bridges between modes are thinner than
 * a cell; a blank line a row. side ≤ 256, fine ≤ 4. */
void learn_densities(FILE *f, const nf_toy *toy, double extent, int side, int fine, int n,
                     nf_flow *const flow[]);

/* Ends the program with the message of a call that failed. */
void learn_need(const nf_error *e);

/* The file of columns PREFIX followed by NAME, and its end; both end the program when they fail. */
FILE *learn_open(const char *prefix, const char *name);
void learn_close(FILE *f);

#endif
