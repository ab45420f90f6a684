/* What nf eval has found out (eval.c), and how it is shown (eval_output.c). */
#ifndef CLI_EVAL_H
#define CLI_EVAL_H

#include "cli.h"

typedef struct {
  size_t n;
  bool others;                /* named like those of training, with other values */
  size_t *index;              /* of the samples evaluated */
  double *log_p, *first_draw; /* nats: with all draws, and with the first alone */
  double *unlabelled;  /* nats, without the label: log (1/C) Σ_y p(x | y); NULL: not wanted */
  size_t correct;      /* samples whose label is the most probable */
  double solver;       /* nats (cli_solver_error); NAN: there is none */
  struct json_t *json; /* where they are shown; NULL: as lines */
} cli_results;

/* A new object in the results, under a key; NULL when they are shown as lines. */
struct json_t *cli_eval_inner(const cli_results *r, const char *key);

/* `held` of them were held out; `draws` of the noise each. Changes the units of what is in r. */
void cli_eval_print(const cli_data *data, const char *path, const nf_model *m, uint64_t draws,
                    size_t held, cli_results *r);

/* log_p[i] of sample index[i] of the range, n of them, by their numbers in the whole set.
 * errors  NF_EIO, NF_ENOMEM */
int cli_write_log_p(const char *path, const cli_data *data, size_t n, const size_t *index,
                    const double *log_p, nf_error *e);

#endif
