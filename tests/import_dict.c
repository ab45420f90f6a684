/* Names and axes are those that PyTorch gives to the modules of the tutorial. */
#include "import_dict.h"

nf_saved_tensor dict[TENSORS];
double value[TENSORS][VALUES];
static char name[TENSORS][64];

static void add(size_t at, const char *of, size_t rank, size_t d0, size_t d1, size_t d2, size_t d3,
                double scale) {
  const size_t dim[] = {d0, d1, d2, d3}, k = at / WHOLE;
  size_t size = 1;
  snprintf(name[at], sizeof name[at], "flows.%zu.%s", k + 1, of);
  dict[at] = (nf_saved_tensor){.name = name[at], .rank = rank, .data = value[at]};
  for (size_t i = 0; i < rank; i++) size *= dict[at].dim[i] = dim[i];
  assert_true(size <= VALUES);
  for (size_t i = 0; i < size; i++) value[at][i] = scale * nf_random_normal(11, at, i);
}

int make_dict(void **state) {
  char text[48];
  for (size_t k = 0; k < COUPLINGS; k++) {
    const size_t at = k * WHOLE;
    add(at, "scaling_factor", 1, C, 0, 0, 0, 0.5);
    add(at + IN, "nn.0.weight", 4, WIDTH, C, 3, 3, 0.4);
    add(at + IN + 1, "nn.0.bias", 1, WIDTH, 0, 0, 0, 0.4);
    for (size_t l = 0; l < BLOCKS; l++) {
      const size_t b = at + BLOCK + 6 * l;
      static const char *const of[] = {"1.weight", "1.bias", "3.weight", "3.bias"};
      for (size_t i = 0; i < 4; i++) {
        snprintf(text, sizeof text, "nn.%zu.net.%s", 2 * l + 1, of[i]);
        if (i == 0) add(b, text, 4, WIDTH, 2 * WIDTH, 3, 3, 0.4);
        if (i == 2) add(b + 2, text, 4, 2 * WIDTH, 2 * WIDTH, 1, 1, 0.6);
        if (i % 2 == 1) add(b + i, text, 1, i == 1 ? WIDTH : 2 * WIDTH, 0, 0, 0, 0.5);
      }
      snprintf(text, sizeof text, "nn.%zu.gamma", 2 * l + 2);
      add(b + 4, text, 4, 1, WIDTH, 1, 1, 1.5);
      snprintf(text, sizeof text, "nn.%zu.beta", 2 * l + 2);
      add(b + 5, text, 4, 1, WIDTH, 1, 1, 0.5);
    }
    add(at + OUT, "nn.6.weight", 4, 2 * C, 2 * WIDTH, 3, 3, 0.2);
    add(at + OUT + 1, "nn.6.bias", 1, 2 * C, 0, 0, 0, 0.2);
  }
  return folder_make(state);
}

const char table_settings[] =
    "# any text\n\nfamily = single-scale\nshape = 3,5,2\nlevels = 1\nsteps = 3\nwidth = 3\n"
    "scale = clamp\nprior = standard\npermutation = full\nalpha = 0.015\npixel_levels = 17\n"
    "seed = 0\nnet = gated\nblocks = 2\n";
const char table_lines[] =
    "*.log_f           <- flows.{*-1}.scaling_factor\n"
    "*.net.in.weight   <- flows.{*-1}.nn.0.weight 0,2,3,1\n"
    "*.net.in.bias     <- flows.{*-1}.nn.0.bias\n"
    "*.net.conv.weight <- flows.{*-1}.nn.{1,3}.net.1.weight 0,2,3,1\n"
    "*.net.conv.bias   <- flows.{*-1}.nn.{1,3}.net.1.bias\n"
    "*.net.gate.weight <- flows.{*-1}.nn.{1,3}.net.3.weight\n"
    "*.net.gate.bias   <- flows.{*-1}.nn.{1,3}.net.3.bias\n"
    "*.net.norm.gamma  <- flows.{*-1}.nn.{2,4}.gamma\n"
    "*.net.norm.beta   <- flows.{*-1}.nn.{2,4}.beta\n"
    "*.net.out.weight  <- flows.{*-1}.nn.6.weight 2,3,0,1\n"
    "*.net.out.bias    <- flows.{*-1}.nn.6.bias\n";

void write_table(const char *first, const char *then) {
  char text[4096];
  const int n = snprintf(text, sizeof text, "%s%s", first, then);
  folder_write("table", text, (size_t)n);
}

void write_dict(size_t n, const nf_saved_tensor tensor[]) {
  nf_error e = {0};
  check_ok(nf_safetensors_write(folder_path("dict"), n, tensor, 0, NULL, &e));
}

nf_flow *import(nf_error *e) { return nf_import(folder_path("table"), folder_path("dict"), e); }

const char *with_line(size_t line, const char *other) {
  static char text[4096];
  size_t k = 0, length = 0;
  for (const char *at = table_lines; *at != 0; k++) {
    const size_t n = strcspn(at, "\n") + 1;
    length += (size_t)snprintf(text + length, sizeof text - length, "%.*s",
                               k == line ? (int)strlen(other) : (int)n, k == line ? other : at);
    at += n;
  }
  return text;
}
