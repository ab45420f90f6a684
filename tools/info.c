/* nf info: the layers of a flow, their shapes, parameters and log-dets. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "verify/trace.h"

static const cli_command command = {
    "info", "MODEL",
    "Prints the model, and its layers in the order in which data pass: path (as in the names of\n"
    "the tensors), kind, shape in and out, parameters. With --data there is also the mean log-det\n"
    "of each layer, in nats; a chain's or split's is that of what it contains, and that of all is\n"
    "the sum. With --trace the first sample alone passes: values after each layer, its log-det,\n"
    "the running sum, and log|det J| of the layer by differences. These are of numbers in single\n"
    "precision: they may be off by 0.001, or by 0.001 of the log-det; '!' marks what is further\n"
    "off, and the exit status is then 1.",
    "  nf info digits.safetensors --data digits\n"
    "  nf info digits.safetensors --data digits --trace"};

static void print_model(const nf_checkpoint *c, const char *path) {
  nf_model_metadata model;
  nf_model_to_metadata(nf_flow_model(c->flow), &model);
  const char *step = nf_safetensors_metadata(&c->file, "step");
  printf("%s: %s, %zu parameters", path, nf_dtype_name(c->file.tensor[0].dtype), c->flow->n_param);
  if (step != NULL) printf(", training at step %s", step);
  putchar('\n');
  for (size_t i = 0; i < model.n; i++)
    printf("%s%s %s", i > 0 ? ", " : "", model.entry[i].key, model.entry[i].text);
  const char *columns = cli_column_names(c);
  if (columns != NULL) printf(", columns %s", columns);
  printf("\n\n");
}

static void shape_text(nf_shape s, char text[24]) {
  snprintf(text, 24, "%zux%zux%zu", s.h, s.w, s.c);
}

/* The parameters of the layer and its net, without those of the layers in it. */
static size_t own_parameters(const nf_bijector *b) {
  size_t n = b->n_param;
  for (size_t i = 0; i < b->n_child; i++) n -= b->child[i]->n_param;
  return n;
}

/* log_det: the mean of each layer, or NULL. */
static void print_layers(const nf_flow *flow, const double *log_det) {
  printf("%-22s %-14s %-12s %-12s %10s%s\n", "path", "layer", "in", "out", "parameters",
         log_det != NULL ? "  mean log-det" : "");
  for (size_t i = 0; i < flow->n_layer; i++) {
    const nf_layer_entry *l = &flow->layer[i];
    char in[24], out[24];
    shape_text(l->layer->in, in);
    shape_text(l->layer->out, out);
    printf("%-22s %-14s %-12s %-12s %10zu", *l->path != 0 ? l->path : "(all)", l->layer->type->name,
           in, out, own_parameters(l->layer));
    if (log_det != NULL) printf(" %13.4f", log_det[i]);
    putchar('\n');
  }
  printf("%-63s %10zu\n", "sum", flow->n_param);
}

/* --- the same as JSON: settings and metadata are texts, as in the file ---------------------- */

static json_t *shape_json(nf_shape s) {
  return json_pack("[I, I, I]", (json_int_t)s.h, (json_int_t)s.w, (json_int_t)s.c);
}

static void add_layers(json_t *to, const nf_flow *flow, const double *log_det) {
  json_t *layers = json_array();
  for (size_t i = 0; i < flow->n_layer; i++) {
    const nf_layer_entry *l = &flow->layer[i];
    json_t *row = json_object();
    cli_json_text(row, "path", l->path);
    cli_json_text(row, "layer", l->layer->type->name);
    cli_json_set(row, "in", shape_json(l->layer->in));
    cli_json_set(row, "out", shape_json(l->layer->out));
    cli_json_whole(row, "parameters", own_parameters(l->layer));
    if (log_det != NULL) cli_json_real(row, "mean_log_det", log_det[i]);
    json_array_append_new(layers, row);
  }
  const bool all = json_array_size(layers) == flow->n_layer; /* else there is no memory */
  cli_json_set(to, "layers", all ? layers : NULL);
}

static int print_json(const nf_checkpoint *c, const char *path, const double *log_det) {
  nf_model_metadata model;
  nf_model_to_metadata(nf_flow_model(c->flow), &model);
  json_t *to = json_object(), *metadata = json_object_get(c->file.header, "__metadata__");
  cli_json_text(to, "model", path);
  cli_json_text(to, "type", nf_dtype_name(c->file.tensor[0].dtype));
  cli_json_whole(to, "parameters", c->flow->n_param);
  cli_json_text(to, "data", nf_safetensors_metadata(&c->file, "data"));
  json_t *settings = cli_json_object(to, "settings");
  for (size_t i = 0; i < model.n; i++)
    cli_json_text(settings, model.entry[i].key, model.entry[i].text);
  cli_json_set(to, "metadata", metadata != NULL ? json_incref(metadata) : json_object());
  add_layers(to, c->flow, log_det);
  return cli_json_print(to);
}

/* --- mean log-dets: what a layer adds to the running mean ----------------------------------- */

static int before(void *user, const nf_bijector *b, int depth, const nf_batch *x) {
  (void)depth, (void)x;
  double *log_det = user; /* after the last, the running mean */
  log_det[1 + b->number] = log_det[0];
  return NF_OK;
}

static int after(void *user, const nf_bijector *b, int depth, const nf_batch *z,
                 const double *sample) {
  (void)depth;
  double *log_det = user;
  log_det[0] = 0;
  for (size_t i = 0; i < z->n; i++) log_det[0] += sample[i] / (double)z->n;
  log_det[1 + b->number] = log_det[0] - log_det[1 + b->number];
  return NF_OK;
}

/* log_det[0]: the running mean; log_det[1 + k]: the mean of layer k. x is changed. */
static int measure(nf_batch *x, nf_flow *flow, double *log_det) {
  const nf_hooks hooks = {.before = before, .after = after, .user = log_det};
  nf_work work = {.hooks = &hooks};
  double *sample = nf_arena_alloc_double(&work.arena, x->n);
  int status = sample == NULL ? NF_ENOMEM : NF_OK;
  if (status == NF_OK) {
    memset(sample, 0, x->n * sizeof *sample);
    log_det[0] = 0;
    status = nf_bijector_forward(flow->bijector, x, sample, &work);
  }
  nf_work_free(&work);
  return status;
}

/* --- one sample, layer by layer ------------------------------------------------------------- */

/* Returns whether differences confirm every log-det. */
static bool print_trace(const nf_trace *t, const nf_flow *flow) {
  bool ok = true;
  printf("%-21s %-14s %-9s %23s %12s %12s %12s %7s\n", "path", "layer", "out", "first values",
         "log-det", "running sum", "differences", "off");
  for (size_t i = 0; i < t->n; i++) {
    const nf_trace_row *r = &t->row[i];
    char out[24];
    if (r->parts) continue; /* its layers have rows of their own */
    shape_text(r->layer->out, out);
    printf("%-21s %-14s %-9s", flow->layer[r->layer->number].path, r->layer->type->name, out);
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
    ok = ok && nf_verify_trace_holds(r);
  }
  printf("%-83s %12.4f\n", "sum", t->log_det);
  return ok;
}

/* Either the trace of the first sample, or log_det as measure has it, of the first 64. */
static int look_at(const cli_data *data, nf_flow *flow, bool traced, nf_trace *t, double *log_det) {
  nf_batch x;
  const size_t n = traced ? 1 : data->n < 64 ? data->n : 64;
  int status = cli_batch_new(flow, n, &x, NULL);
  if (status != NF_OK) return status;
  cli_batch_gather(data, n, NULL, &x);
  status = traced ? nf_verify_trace(flow->bijector, &x, t) : measure(&x, flow, log_det);
  cli_batch_free(&x);
  return status;
}

int cli_info(int argc, char **argv) {
  const char *path = NULL;
  cli_data_choice choice = {0};
  bool traced = false, json = false;
  int result = CLI_OK;
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&choice),
      CLI_OPTION_LABEL(&choice),
      {"trace", NULL, CLI_FLAG, &traced, "the first sample, layer by layer", 0, 0, NULL},
      CLI_OPTION_JSON(&json)};
  int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (status != CLI_GO) return status;
  const bool has_data = choice.spec != NULL;
  if (traced && !has_data) return cli_error("--trace needs a sample: name --data, too");
  if (traced && json) return cli_error("--json, --trace: give one of them");
  nf_checkpoint c = {0};
  cli_data data = {0};
  if (!cli_load_model(path, 1, &c)) return CLI_BAD_INPUT;
  if (has_data && !cli_load_data(&c, path, &choice, &data)) {
    nf_checkpoint_free(&c);
    return CLI_BAD_INPUT;
  }
  double *log_det = malloc((c.flow->n_layer + 1) * sizeof *log_det);
  status = log_det == NULL ? NF_ENOMEM : NF_OK;
  nf_trace t = {0};
  if (status == NF_OK && has_data) status = look_at(&data, c.flow, traced, &t, log_det);
  const double *mean = has_data ? log_det + 1 : NULL;
  if (status == NF_OK && json) {
    result = print_json(&c, path, mean);
  } else if (status == NF_OK) {
    print_model(&c, path);
    if (!traced)
      print_layers(c.flow, mean);
    else if (!print_trace(&t, c.flow))
      result = CLI_FAILED;
  }
  nf_verify_trace_free(&t);
  free(log_det);
  cli_data_free(&data);
  nf_checkpoint_free(&c);
  if (status != NF_OK) return cli_error("%s: %s", path, nf_status_text(status));
  return result;
}
