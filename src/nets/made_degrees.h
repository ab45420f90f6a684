/* Which units of MADE see which (nets/made.h): what its products take and what they leave out. */
#ifndef NF_NETS_MADE_DEGREES_H
#define NF_NETS_MADE_DEGREES_H

#include "nf/net.h"

typedef struct {
  size_t first, end;
} nf_made_range;

typedef struct {
  nf_net net;
  struct {
    size_t degree;             /* of input i */
    nf_made_range upto, above; /* of inputs that hold all of degrees up to i; above i */
  } input[];                   /* d + 1 */
} nf_made;

size_t nf_made_degree_of(const nf_net *net, size_t unit);
/* Hidden units of a degree below m, and so the first of degree m */
size_t nf_made_units_below(const nf_net *net, size_t m);
/* How many of the hidden units of the layer before it a hidden unit sees, the first ones, and an
 * output */
size_t nf_made_seen_by(const nf_net *net, size_t unit);
size_t nf_made_seen_by_output(const nf_net *net, size_t output);

/* Units that a product computes together: all of a degree, or if these are few, some of several. */
size_t nf_made_end_of_block(const nf_net *net, size_t begin);

/* Outputs of degrees above m, which see units of degree m: `count` from `first` on, of every number
 * (`apart` is d), or, where that leaves out few, of all numbers at once (`apart` is n_raw·d). */
typedef struct {
  size_t first, count, apart;
} nf_made_outputs;
nf_made_outputs nf_made_outputs_above(const nf_net *net, size_t m);

#endif
