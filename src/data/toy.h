/* Toy data: five densities on the plane that anyone can draw, and that are known. So what a flow
 * has learned is measured, in nats, against the truth:
 *
 *   KL(data‖flow) = E[log p_data(x) - log p_flow(x)],   x ~ p_data
 *
 *   moons         two half circles with Gaussian noise     log p by quadrature, to 1e-7
 *   gaussians     8 round Gaussians in a circle            log p in closed form
 *   banana        a Gaussian bent along a parabola         log p in closed form
 *   rings         2 circles, Gaussian in the radius        log p in closed form
 *   checkerboard  uniform on 8 squares of a 4×4 board      log p in closed form, -∞ between them */
#ifndef NF_IO_TOY_H
#define NF_IO_TOY_H

#include "core/message.h"
#include "core/random.h"

typedef struct {
  const char *name;
  void (*draw)(nf_random *r, double x[2]);
  double (*log_density)(const double x[2]); /* nats */
} nf_toy;

enum { NF_TOYS = 5 };
extern const nf_toy nf_toys[NF_TOYS];

/* By name.   errors  NF_EINVAL (no such density; the message names the nearest) */
int nf_toy_find(const char *name, const nf_toy **toy, char message[NF_MESSAGE]);

/* n points (n, 2), point i from (seed, first + i): the same whatever n. */
void nf_toy_sample(const nf_toy *toy, uint64_t seed, uint64_t first, size_t n, nf_real *x);

#endif
