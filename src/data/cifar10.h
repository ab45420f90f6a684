/* One image in the binary version of CIFAR-10: a label byte (CIFAR-100: two), then three planes of
 * 32×32 bytes, red, green, blue, each row by row from the top. Unpacked, the colours of a pixel
 * stand together:  pixel[(32·y + x)·3 + c] = plane[1024·c + 32·y + x]. */
#ifndef NF_DATA_CIFAR10_H
#define NF_DATA_CIFAR10_H

#include <stdint.h>

#include "nf/core.h"

enum { NF_CIFAR10_SIDE = 32, NF_CIFAR10_PLANE = 1024, NF_CIFAR10_SIZE = 3 * NF_CIFAR10_PLANE };

static inline nf_shape nf_cifar10_shape(void) {
  return (nf_shape){NF_CIFAR10_SIDE, NF_CIFAR10_SIDE, 3};
}

static inline void nf_cifar10_unpack(const uint8_t plane[NF_CIFAR10_SIZE], uint8_t *pixel) {
  for (size_t i = 0; i < NF_CIFAR10_PLANE; i++)
    for (size_t c = 0; c < 3; c++) pixel[3 * i + c] = plane[c * NF_CIFAR10_PLANE + i];
}

#endif
