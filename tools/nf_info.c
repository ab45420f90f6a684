/* nf info: what a flow is made of, layer by layer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nf_layers.h"
#include "nf_tool.h"

static const nf_command command = {
    "info", "MODEL",
    "Prints the model, and its layers in the order in which data pass: path (as in the names of\n"
    "the tensors), kind, shape in and out, parameters. With --data there is also the mean log-det\n"
    "of each layer, in nats; a chain's or split's is that of what it contains, and the whole\n"
    "flow's is the sum.",
    "  nf info digits.safetensors --data digits"};

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

int nf_info(int argc, char **argv) {
  const char *path = NULL, *spec = NULL, *range = NULL;
  const nf_option option[] = {NF_OPTION_DATA(&spec), NF_OPTION_RANGE(&range)};
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
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
  if (status == NF_OK && spec != NULL) status = measure(&data, c.flow, n, list);
  if (status == NF_OK) {
    print_model(&c, path);
    print_layers(n, list, spec != NULL);
  }
  free(list);
  nf_data_free(&data);
  nf_checkpoint_free(&c);
  return status == NF_OK ? NF_FINE : nf_complain("%s: %s", path, nf_status_text(status));
}
