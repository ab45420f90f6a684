/* nf info: what a flow is made of, layer by layer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nf_layers.h"
#include "nf_tool.h"
#include "verify/trace.h"

static const nf_command command = {
    "info", "MODEL",
    "Prints the model, and its layers in the order in which data pass: path (as in the names of\n"
    "the tensors), kind, shape in and out, parameters. With --data there is also the mean log-det\n"
    "of each layer, in nats; a chain's or split's is that of what it contains, and the whole\n"
    "flow's is the sum. With --trace the first sample alone passes: values after each layer, its\n"
    "log-det, the running sum, and log|det J| of the layer by differences. These are of numbers "
    "in\n"
    "single precision: they may be off by 0.001, or by 0.001 of the log-det; '!' marks what is\n"
    "further off, and the exit status is then 1.",
    "  nf info digits.safetensors --data digits\n"
    "  nf info digits.safetensors --data digits --trace"};

static void print_model(const nf_checkpoint *c, const char *path) {
  nf_model_notes notes;
  nf_model_to_notes(&c->model, &notes);
  const char *step = nf_safetensors_metadata(&c->file, "step");
  printf("%s: %s, %zu parameters", path, nf_dtype_name(c->file.tensor[0].dtype), c->flow->n_param);
  if (step != NULL) printf(", training at step %s", step);
  putchar('\n');
  for (size_t i = 0; i < NF_MODEL_NOTES; i++)
    printf("%s%s %s", i > 0 ? ", " : "", notes.note[i].key, notes.note[i].text);
  printf("\n\n");
}

static void shape_text(nf_shape s, char text[24]) {
  snprintf(text, 24, "%zux%zux%zu", s.h, s.w, s.c);
}

static void print_layers(size_t n, const nf_layer *list, bool measured) {
  printf("%-22s %-12s %-12s %-12s %10s%s\n", "path", "layer", "in", "out", "parameters",
         measured ? "  mean log-det" : "");
  size_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    const nf_layer *l = &list[i];
    char in[24], out[24];
    shape_text(l->layer->in, in);
    shape_text(l->layer->out, out);
    printf("%-22s %-12s %-12s %-12s %10zu", *l->path != 0 ? l->path : "(all)", l->layer->type->name,
           in, out, l->parameter);
    if (measured) printf(" %13.4f", l->log_det);
    putchar('\n');
    sum += l->parameter;
  }
  printf("%-61s %10zu\n", "sum", sum);
}

/* The first 64 samples are enough for a mean. */
static int measure(const nf_data *data, nf_flow *flow, size_t n, nf_layer *list) {
  nf_batch x = {.n = data->n < 64 ? data->n : 64, .shape = data->shape};
  x.data = malloc(x.n * flow->d * sizeof *x.data);
  if (x.data == NULL) return NF_ENOMEM;
  for (size_t i = 0; i < x.n; i++) nf_data_gather(data, 1, &i, nf_batch_sample(&x, i));
  const int status = nf_layers_measure(flow, &x, n, list);
  free(x.data);
  return status;
}

static const char *path_of(const nf_bijector *layer, size_t n, const nf_layer *list) {
  for (size_t i = 0; i < n; i++)
    if (list[i].layer == layer) return list[i].path;
  return "";
}

/* Returns whether differences confirm every log-det. */
static bool print_trace(const nf_trace *t, size_t n, const nf_layer *list) {
  bool fine = true;
  printf("%-21s %-10s %-9s %23s %12s %12s %12s %7s\n", "path", "layer", "out", "first values",
         "log-det", "running sum", "differences", "off");
  for (size_t i = 0; i < t->n; i++) {
    const nf_trace_row *r = &t->row[i];
    char out[24];
    if (r->parts) continue; /* its layers have rows of their own */
    shape_text(r->layer->out, out);
    printf("%-21s %-10s %-9s", path_of(r->layer, n, list), r->layer->type->name, out);
    for (size_t k = 0; k < NF_TRACE_VALUES; k++)
      if (isnan(r->value[k]))
        printf(" %7s", "");
      else
        printf(" %7.3g", (double)r->value[k]);
    printf(" %12.4f %12.4f", r->log_det, r->sum);
    if (isnan(r->check))
      printf(" %12s\n", "-");
    else
      printf(" %12.4f %7.1g%s\n", r->check, fabs(r->log_det - r->check),
             nf_verify_trace_holds(r) ? "" : " !");
    fine = fine && nf_verify_trace_holds(r);
  }
  printf("%-79s %12.4f\n", "sum", t->log_det);
  return fine;
}

static int trace(const nf_data *data, nf_flow *flow, nf_trace *t) {
  nf_batch x = {.n = 1, .shape = data->shape, .data = malloc(flow->d * sizeof *x.data)};
  const size_t first = 0;
  int status = x.data == NULL ? NF_ENOMEM : nf_bijector_prepare(flow->bijector);
  if (status == NF_OK) {
    nf_data_gather(data, 1, &first, x.data);
    status = nf_verify_trace(flow->bijector, &x, t);
  }
  free(x.data);
  return status;
}

int nf_info(int argc, char **argv) {
  const char *path = NULL, *spec = NULL, *range = NULL;
  bool traced = false, fine = true;
  const nf_option option[] = {
      NF_OPTION_DATA(&spec),
      NF_OPTION_RANGE(&range),
      {"trace", NULL, NF_FLAG, &traced, "the first sample, layer by layer", 0, 0, NULL}};
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  if (traced && spec == NULL) return nf_complain("--trace needs a sample: name --data, too");
  nf_checkpoint c = {0};
  nf_data data = {0};
  if (!nf_load_model(path, 1, &c)) return NF_BAD_INPUT;
  if (spec != NULL && !nf_load_data(&c, path, spec, range, &data)) {
    nf_checkpoint_free(&c);
    return NF_BAD_INPUT;
  }
  size_t n;
  nf_layer *list = nf_layers_list(c.flow->bijector, &n);
  int status = list == NULL ? NF_ENOMEM : NF_OK;
  nf_trace t = {0};
  if (status == NF_OK && spec != NULL)
    status = traced ? trace(&data, c.flow, &t) : measure(&data, c.flow, n, list);
  if (status == NF_OK) {
    print_model(&c, path);
    if (traced)
      fine = print_trace(&t, n, list);
    else
      print_layers(n, list, spec != NULL);
  }
  nf_verify_trace_free(&t);
  free(list);
  nf_data_free(&data);
  nf_checkpoint_free(&c);
  if (status != NF_OK) return nf_complain("%s: %s", path, nf_status_text(status));
  return fine ? NF_FINE : NF_FAILED;
}
