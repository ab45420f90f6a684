/* What the constructors of conditioners share; not for callers. */
#ifndef NF_NETS_BUILD_H
#define NF_NETS_BUILD_H

#include "nets/net.h"

/* A net without tensors, or NULL with *status set: by an error that was there, by a shape
 * that is no shape, by memory. */
nf_net *nf_net_new(const nf_net_type *type, nf_shape in, nf_shape out, size_t width, int *status);
/* Declares a parameter; trailing sides that are 0 do not count. */
void nf_net_add(nf_net *net, const char *name, size_t d0, size_t d1, size_t d2, size_t d3);

#endif
