/* The table of --trace. One sample goes through a flow; of each layer the table has the shape and
 * the first values after it, its log|det J|, the running sum, log|det J| of the layer's Jacobian at
 * its own input by differences, and how far the two are apart. Layers inside a chain or a split are
 * indented below it. */
#include <math.h>
#include <stdio.h>

#include "chapter.h"
#include "flow/flow.h"
#include "verify/trace.h"

enum { LAYER = 18, SHAPE = 9, VALUE = 8, NATS = 13, OFF = 6 }; /* columns */

static void print_place(size_t depth, const char *name, nf_shape s) {
  const int indent = 2 + 2 * (int)depth;
  char shape[64];
  if (s.h * s.w == 1)
    snprintf(shape, sizeof shape, "%zu", s.c);
  else
    snprintf(shape, sizeof shape, "%zu×%zu×%zu", s.h, s.w, s.c);
  printf("%*s%-*s%-*s", indent, "", 2 + LAYER - indent, name, SHAPE + (s.h * s.w == 1 ? 0 : 2),
         shape);
}

/* Returns the columns that are left of the place for values. */
static int print_values(size_t n, const nf_real *value) {
  int left = NF_TRACE_VALUES * VALUE;
  for (size_t i = 0; i < NF_TRACE_VALUES && i < n && !isnan(value[i]); i++)
    left -= printf("%*.3f", VALUE, (double)value[i]);
  return left;
}

static void print_nats(double v) { printf("%*.5f", NATS, fabs(v) < 5e-6 ? 0 : v); }

static void print_row(const nf_trace_row *r) {
  const char *name = r->layer->type->name;
  print_place(r->depth, name, r->parts ? r->layer->in : r->layer->out);
  if (r->parts) {
    puts(r->layer->type == &nf_split_type ? "  half of the channels pass, the others go on:"
                                          : "  these in turn:");
    return;
  }
  const bool holds = nf_verify_trace_holds(r);
  printf("%*s", print_values(NF_TRACE_VALUES, r->value), "");
  print_nats(r->log_det);
  print_nats(r->sum);
  if (isnan(r->check)) {
    printf("%*s\n", NATS, "-");
    return;
  }
  const double off = fabs(r->log_det - r->check);
  print_nats(r->check);
  printf(off == 0 ? "%*.0f%s\n" : "%*.0e%s\n", OFF, off, holds ? "" : " ✗");
  if (!holds)
    chapter_fail_check("the log-det of %s is %.17g, but by differences %.17g", name, r->log_det,
                       r->check);
}

void chapter_trace(const char *heading, nf_flow *flow, uint64_t number, const double *x) {
  const nf_shape shape = nf_flow_shape(flow);
  nf_error e = {0};
  nf_trace t;
  nf_flow_prepare(flow, &e);
  chapter_need(&e);
  nf_batch sample = nf_flow_batch(flow, 1, x);
  sample.first = number;
  chapter_need_ok(nf_verify_trace(flow->bijector, &sample, &t), "nf_verify_trace");
  chapter_section(heading);
  printf("  %-*s%-*s%-*s%*s%*s%*s%*s\n", LAYER, "layer", SHAPE, "shape", NF_TRACE_VALUES * VALUE,
         "  values after it", NATS, "log|det J|", NATS, "running sum", NATS, "differences", OFF,
         "off");
  print_place(0, "x", shape);
  print_values(nf_shape_size(shape), x);
  putchar('\n');
  for (size_t i = 0; i < t.n; i++) print_row(&t.row[i]);
  printf("  %-*s%*.5f\n", LAYER + SHAPE + NF_TRACE_VALUES * VALUE + NATS, "log|det ∂f/∂x|", NATS,
         t.log_det);
  nf_verify_trace_free(&t);
}
