/* nf import: a flow of another program as a checkpoint. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "io/file.h"
#include "nf/checkpoint.h"

static const cli_command command = {
    "import", "WEIGHTS",
    "Makes a checkpoint from the weights of another program: WEIGHTS is a PyTorch state_dict, "
    "saved\n"
    "as safetensors, and the table tells in plain text the model and which of its tensors are "
    "those\n"
    "of the flow. data/uva/mnist_flow.table is an example, docs/parameters.md tells how one is\n"
    "written.",
    "  nf import data/uva/mnist_flow.safetensors --table data/uva/mnist_flow.table \\\n"
    "    --out mnist.safetensors\n"
    "  nf sample mnist.safetensors --n 64 --out mnist.png"};

int cli_import(int argc, char **argv) {
  const char *weights = NULL, *table = NULL, *out = NULL;
  const cli_option option[] = {
      {"table", "FILE", CLI_TEXT, &table, "the model, and which tensor is which", 0, 0, NULL},
      {"out", "FILE", CLI_TEXT, &out, "where the checkpoint goes", 0, 0, NULL},
  };
  const int status =
      cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, &weights);
  if (status != CLI_GO) return status;
  if (table == NULL)
    return cli_error("--table is missing, as in --table data/uva/mnist_flow.table");
  if (out == NULL) return cli_error("--out is missing, as in --out mnist.safetensors");
  if (strcmp(weights, "-") == 0 && strcmp(table, "-") == 0)
    return cli_error("--table -: only one of WEIGHTS and the table can be the standard input");
  if (!cli_output_is_free("--out", out, weights, NULL)) return CLI_BAD_INPUT;
  if (nf_is_same_file(out, table))
    return cli_error("--out %s: it would replace the table; name another file", out);
  nf_error e = {0};
  nf_flow *flow = nf_import(table, weights, &e);
  if (flow != NULL) nf_save(out, flow, NULL, &e);
  nf_flow_free(flow);
  return e.status == NF_OK ? CLI_OK : cli_error("%s", e.message);
}
