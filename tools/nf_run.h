/* A training run: from one step to the last, with its validations, its checkpoints, its log. */
#ifndef NF_TOOLS_RUN_H
#define NF_TOOLS_RUN_H

#include <stdio.h>

#include "nf_tool.h"

enum { NF_RUN_NOTES = 18 }; /* settings, kept in the checkpoints */
typedef struct {
  const nf_data *data;
  const size_t *order; /* nf_data_order: the first `held` samples are held out */
  size_t held, batch;
  uint64_t every;          /* steps between validations */
  uint64_t steps;          /* the run's length; a guess when */
  double seconds;          /* its time is given, which otherwise is 0 */
  uint64_t warmup;         /* steps, asked for */
  double spent;            /* before this process resumed it */
  const char *best, *last; /* paths: the weights alone, and everything */
  nf_model model;
  nf_trainer *trainer;
  nf_metadata note[NF_RUN_NOTES]; /* the first is the time spent */
  char text[NF_RUN_NOTES][NF_NOTE];
  size_t n_note;
  const char *log_path;
  FILE *log;
} nf_run;

/* Trains to the end, or until Ctrl-C. Returns an exit status. */
int nf_run_go(nf_run *r);

/* The log, one CSV line a step. With resume_at > 0 an existing log is kept up to that step.
 * errors  NF_EIO, NF_ENOMEM */
int nf_log_open(const char *path, uint64_t resume_at, FILE **out, char message[NF_MESSAGE]);

#endif
