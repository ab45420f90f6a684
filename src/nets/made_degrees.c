/* Degrees of hidden units, in equal shares:  unit k of w has 1 + ⌊k·(d-1)/w⌋. They rise, so what a
 * unit or an output sees of a hidden layer are its first units. */
#include "nets/made_degrees.h"

#include <string.h>

#include "core/real.h"
#include "nets/made.h"

static size_t largest_degree(const nf_net *net) {
  const size_t d = nf_shape_size(net->in);
  return d > 1 ? d - 1 : 1;
}

size_t nf_made_degree_of(const nf_net *net, size_t unit) {
  return 1 + unit * largest_degree(net) / net->width;
}

/* unit·largest < (m-1)·width */
size_t nf_made_units_below(const nf_net *net, size_t m) {
  const size_t largest = largest_degree(net);
  return m > largest ? net->width : ((m - 1) * net->width + largest - 1) / largest;
}

size_t nf_made_seen_by(const nf_net *net, size_t unit) {
  return nf_made_units_below(net, nf_made_degree_of(net, unit) + 1);
}

size_t nf_made_seen_by_output(const nf_net *net, size_t output) {
  return nf_made_units_below(net,
                             ((const nf_made *)net)->input[output % nf_shape_size(net->in)].degree);
}

size_t nf_made_end_of_block(const nf_net *net, size_t begin) {
  enum { ENOUGH = 12, SEVERAL = 24 };
  const size_t end = nf_made_seen_by(net, begin);
  return end - begin >= ENOUGH ? end : nf_min_size(begin + SEVERAL, net->width);
}

nf_made_outputs nf_made_outputs_above(const nf_net *net, size_t m) {
  enum { FEW = 8 };
  const size_t d = nf_shape_size(net->in), out = nf_shape_size(net->out);
  const nf_made_range i = ((const nf_made *)net)->input[m].above;
  if (d - (i.end - i.first) > FEW) return (nf_made_outputs){i.first, i.end - i.first, d};
  return (nf_made_outputs){i.first, out - d + i.end - i.first, out};
}

static nf_made_range both(nf_made_range a, nf_made_range b) {
  return (nf_made_range){nf_min_size(a.first, b.first), a.end > b.end ? a.end : b.end};
}

static void take_degrees(nf_made *m, const size_t *degree) {
  const size_t d = nf_shape_size(m->net.in);
  m->input[0].upto = m->input[d].above = (nf_made_range){0, 0};
  for (size_t i = 0; i < d; i++) {
    m->input[i].degree = degree[i];
    m->input[degree[i]].upto = m->input[degree[i] - 1].above = (nf_made_range){i, i + 1};
  }
  for (size_t k = 2; k <= d; k++) m->input[k].upto = both(m->input[k].upto, m->input[k - 1].upto);
  for (size_t k = d - 1; k-- > 0;)
    m->input[k].above = both(m->input[k].above, m->input[k + 1].above);
}

void nf_made_mask(nf_net *net, const size_t *degree) {
  const size_t d = nf_shape_size(net->in), out = nf_shape_size(net->out), width = net->width;
  nf_real *w0 = net->tensor[0].data, *w2 = net->tensor[2].data, *w4 = net->tensor[4].data;
  take_degrees((nf_made *)net, degree);
  for (size_t k = 0; k < width; k++) {
    const size_t m = nf_made_degree_of(net, k), from = nf_made_seen_by(net, k);
    for (size_t j = 0; j < d; j++)
      if (degree[j] > m) w0[k * d + j] = 0;
    memset(w2 + k * width + from, 0, (width - from) * sizeof *w2);
  }
  for (size_t k = 0; k < out; k++) {
    const size_t from = nf_made_seen_by_output(net, k);
    memset(w4 + k * width + from, 0, (width - from) * sizeof *w4);
  }
}
