/* Everything that nf train can be told. */
#ifndef NF_TOOLS_SETTINGS_H
#define NF_TOOLS_SETTINGS_H

#include "nf_tool.h"

typedef struct {
  const char *data, *range, *out, *log;
  bool resume, lean;
  int family, coupling, scale, permutation, prior, optimiser, decay;
  uint64_t levels, depth, width, steps, epochs, batch, warmup, every, holdout, seed, threads;
  double minutes, alpha, rate, clip, ema;
} nf_settings; /* -1 and 0: not given */

nf_parsed nf_settings_read(nf_settings *s, int argc, char **argv);

/* The model for these data. False after a complaint about what does not go together. */
bool nf_settings_model(const nf_settings *s, const nf_data *data, nf_model *out);

/* steps: the length of the run, at least 1; a guess when it is measured in minutes. */
nf_train_settings nf_settings_training(const nf_settings *s, uint64_t steps);

/* The words of --optimiser and --decay. */
extern const char *const nf_optimisers[], *const nf_decays[];

#endif
