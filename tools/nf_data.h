/* What a flow is trained and judged on: n samples of one shape, images as bytes or points of a
 * toy density, and which of them training never sees. */
#ifndef NF_TOOLS_DATA_H
#define NF_TOOLS_DATA_H

#include "data/images.h"
#include "data/toy.h"

enum { NF_TOY_POINTS = 20000 }; /* of a toy density, always the same */

typedef struct {
  char name[32];     /* what it is, without a path: "digits", "cifar10", "toy:moons" */
  size_t n, first;   /* samples first … first+n-1 of the set */
  nf_shape shape;    /* of one */
  unsigned levels;   /* of a pixel; 0: points */
  nf_images images;  /* or */
  nf_real *point;    /* of */
  const nf_toy *toy; /* NULL: images */
} nf_data;           /* start from {0} */

/* range is NULL or "A:B": samples A … B-1.   errors  those of nf_images_load, NF_EINVAL */
int nf_data_load(const char *spec, const char *range, nf_data *out, char message[NF_MESSAGE]);
void nf_data_free(nf_data *d);

/* Samples index[0 … n-1] into to (n · D). */
void nf_data_gather(const nf_data *d, size_t n, const size_t *index, nf_real *to);

/* All n indices, by seed in an order of its own: the first `held` are held out of training.
 * NULL: no memory. To be freed. */
size_t *nf_data_order(const nf_data *d, uint64_t seed);

#endif
