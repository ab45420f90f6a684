/* A training run: its options (settings.c), how it begins (train.c) or goes on (resume.c), its
 * files and its log (run_files.c), its loop (run.c), and what it shows (run_output.c). */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

#include <signal.h>
#include <stdio.h>

#include "cli.h"

/* --- settings: the options of nf train; -1 and 0: not given --------------------------------- */

typedef struct {
  cli_data_choice data;
  const char *out, *log;
  bool resume, fused, flip, quiet;
  int family, net, condition, dequantise, coupling, scale, permutation, prior, optimiser, decay;
  uint64_t levels, depth, width, blocks, steps, epochs, batch, warmup, every, holdout, seed,
      threads;
  double minutes, alpha, rate, clip, ema;
} cli_settings;

/* Returns CLI_GO or the exit status to end with. */
int cli_settings_read(cli_settings *s, int argc, char **argv);

/* The model for these data. False after an error about what does not go together. */
bool cli_settings_model(const cli_settings *s, const cli_data *data, nf_model *out);

/* steps: the length of the run, at least 1; an estimate when it is measured in minutes. */
nf_train_settings cli_settings_training(const cli_settings *s, nf_family family, uint64_t steps);

/* The words of --optimiser and --decay. */
extern const char *const cli_optimisers[], *const cli_decays[];

/* --- its files ----------------------------------------------------------------------------- */

typedef struct {
  const char *best, *log;           /* as given, or usual_log */
  char *last, *usual_log, *lock[2]; /* lock: of --out, of the log */
  int locked[2];
} cli_run_files;

/* False after an error. */
bool cli_run_files_name(cli_run_files *f, const cli_settings *s);
/* Locks them, when they are free for a new run or hold the one to resume. False after an error. */
bool cli_run_files_claim(cli_run_files *f, const cli_settings *s);
void cli_run_files_release(cli_run_files *f);

/* --- the run: from one step to the last, with its validations, its checkpoints, its log ----- */

/* Settings, written into the checkpoints; the first, time and length, into the last one alone, so
 * that the best one is the same whenever it was made. */
enum { CLI_RUN_METADATA = 19, CLI_RUN_LAST_ONLY = 2 };
typedef struct {
  const cli_data *data;
  const size_t *order; /* cli_data_order: the first `held` samples are held out */
  size_t held, batch;
  uint64_t every;          /* steps between validations */
  double seconds;          /* length of the run as time; 0: as steps */
  uint64_t steps;          /* length of the run; an estimate when seconds > 0 */
  uint64_t warmup;         /* steps, as given */
  double spent;            /* seconds that the run took before it was resumed */
  const char *best, *last; /* paths: the weights alone, and everything */
  nf_model model;
  nf_trainer *trainer;
  nf_metadata metadata[CLI_RUN_METADATA];
  char text[CLI_RUN_METADATA][NF_METADATA_TEXT];
  size_t n_metadata;
  const char *log_path;
  bool flip; /* half of the training images left to right */
  bool quiet;
  FILE *log;
} cli_run;

/* --- run_files.c: its log ------------------------------------------------------------------- */

/* r->log, to append after the line of the trainer's step, which is the last to be kept.
 * errors  NF_EIO, NF_EINVAL */
int cli_run_log_open(cli_run *r, nf_error *e);
/* Returns the exit status of the run, which until now was `result`. A run that failed before its
 * first checkpoint leaves no log. */
int cli_run_log_close(cli_run *r, int result);

/* --- resume.c: from the last checkpoint in c into r->trainer --------------------------------- */

/* errors  NF_EINVAL (settings that differ, a shorter run), those of nf_checkpoint_resume */
void cli_run_resume(cli_run *r, const cli_settings *s, nf_checkpoint *c, nf_error *e);

/* --- run_output.c: what is shown of it -------------------------------------------------------- */

typedef struct {
  double start, shown; /* seconds: when the loop began, when progress was last shown */
  double smooth;       /* running mean of the loss */
  double spent;        /* seconds of the run, as last agreed on */
  uint64_t first;      /* step at the start */
  double validation;   /* nats, NAN before the first */
  bool progress;
} cli_run_state;

double cli_seconds(void); /* of a monotonic clock */
cli_run_state cli_run_begin(const cli_run *r);
void cli_run_log_step(const cli_run *r, const cli_run_state *l, const nf_train_stats *s,
                      uint64_t epoch, bool validated);
void cli_run_show_progress(const cli_run *r, cli_run_state *l, const nf_train_stats *s);
void cli_run_report(const cli_run *r, const cli_run_state *l);
/* A run that is over has a best file; without one, its exit status after an error. */
bool cli_run_has_best(const cli_run *r);
int cli_run_fail_without_best(const cli_run *r, const cli_run_state *l);

/* --- run.c ------------------------------------------------------------------------------------ */

/* Trains to the end, or until Ctrl-C. Returns an exit status. */
int cli_run_train(cli_run *r);

/* --- signals.c: SIGINT, SIGTERM and SIGHUP while the loop runs ------------------------------- */

extern volatile sig_atomic_t cli_stopped_by; /* 0: none */
void cli_signals_handle(void);
void cli_signals_restore(void); /* what they did before */

#endif
