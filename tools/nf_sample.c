/* nf sample: x = f⁻¹(T·z), z ~ N(0, I). */
#include <stdio.h>
#include <stdlib.h>

#include "nf_picture.h"

static const nf_command command = {
    "sample", "MODEL",
    "Draws samples: Gaussian noise through the flow, backwards. Images become one PNG grid, "
    "points\n"
    "a CSV. A temperature below 1 keeps closer to what is typical. Sample i of a seed is the same\n"
    "however many are drawn.",
    "  nf sample digits.safetensors --n 64 --out digits.png\n"
    "  nf sample moons.safetensors --n 1000 --seed 7 --out moons.csv"};

int nf_sample(int argc, char **argv) {
  const char *path = NULL, *out = NULL;
  uint64_t n = 64, columns = 0, seed = 1, threads = (uint64_t)nf_threads_default();
  double temperature = 1;
  const nf_option option[] = {
      {"out", "FILE", NF_TEXT, &out, "the PNG, or for points the CSV", 0, 0, NULL},
      {"n", "N", NF_WHOLE, &n, "how many", 1, 1e6, NULL},
      {"columns", "N", NF_WHOLE, &columns, "of the grid [as square as can be]", 1, 1e6, NULL},
      {"temperature", "T", NF_REAL, &temperature, "scale of the noise", 0, 100, NULL},
      NF_OPTION_SEED(&seed),
      NF_OPTION_THREADS(&threads),
  };
  const nf_parsed parsed =
      nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, &path);
  if (parsed != NF_GO) return parsed == NF_HELPED ? NF_FINE : NF_BAD_INPUT;
  if (out == NULL) return nf_complain("--out is missing, as in --out samples.png");
  nf_checkpoint c = {0};
  if (!nf_load_model(path, threads, &c)) return NF_BAD_INPUT;
  char message[NF_MESSAGE];
  nf_real *x = malloc(n * c.flow->d * sizeof *x);
  int status = x == NULL ? NF_ENOMEM : nf_flow_sample(c.flow, seed, 0, n, temperature, x);
  if (status != NF_OK)
    nf_fail(status, message, "%s: %s", path, nf_status_text(status));
  else
    status = nf_write_samples(out, &c.model, n, x, columns, message);
  free(x);
  nf_checkpoint_free(&c);
  return status == NF_OK ? NF_FINE : nf_complain("%s", message);
}
