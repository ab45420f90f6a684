/* What a run shows: a line of the log a step, its progress on a terminal, a report in the end. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "flow/models.h"
#include "ranks.h"
#include "train.h"

double cli_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* "1h02m" or "2m05s" */
static void write_duration(double seconds, char text[32]) {
  const int s = seconds > 0 && seconds < 1e8 ? (int)seconds : 0;
  if (s >= 3600)
    snprintf(text, 32, "%dh%02dm", s / 3600, s / 60 % 60);
  else
    snprintf(text, 32, "%dm%02ds", s / 60, s % 60);
}

cli_run_state cli_run_begin(const cli_run *r) {
  return (cli_run_state){.start = cli_seconds(),
                         .smooth = NAN,
                         .validation = NAN,
                         .first = r->trainer->step,
                         .progress = !r->quiet && ranks_is_first() && isatty(STDERR_FILENO) != 0};
}

static double shown(const cli_run *r, double nats) {
  return cli_in_unit(nats, r->data->shape, r->data->bins);
}

/* The unit of the loss of a step */
static const char *loss_unit(const cli_run *r) {
  return r->trainer->settings.matching ? "squared error" : cli_unit(r->data->bins);
}

void cli_run_log_step(const cli_run *r, const cli_run_state *l, const nf_train_stats *s,
                      uint64_t epoch, bool validated) {
  if (!ranks_is_first()) return;
  fprintf(r->log, "%" PRIu64 ",%" PRIu64 ",%.3f,%.6f,%.6g,%.6g,", r->trainer->step, epoch, l->spent,
          shown(r, s->loss), s->norm, s->rate);
  if (validated && isfinite(l->validation)) fprintf(r->log, "%.6f", shown(r, l->validation));
  fputc('\n', r->log);
}

void cli_run_show_progress(const cli_run *r, cli_run_state *l, const nf_train_stats *s) {
  const double now = cli_seconds();
  if (!l->progress || now - l->shown < 0.25) return;
  l->shown = now;
  const double done = (double)(r->trainer->step - l->first), rate = done / (now - l->start);
  char left[32], validation[48] = "";
  write_duration(
      r->seconds > 0 ? r->seconds - l->spent : (double)(r->steps - r->trainer->step) / rate, left);
  if (isfinite(l->validation))
    snprintf(validation, sizeof validation, ", validation %.4f %s", shown(r, l->validation),
             cli_unit(r->data->bins));
  fprintf(stderr, "\r\033[Kstep %" PRIu64, r->trainer->step);
  if (r->seconds <= 0) fprintf(stderr, " of %" PRIu64, r->steps);
  fprintf(stderr, ": %.4f %s, smoothed %.4f%s; %.0f %s/s, %s left", shown(r, s->loss), loss_unit(r),
          shown(r, l->smooth), validation, rate * (double)r->batch,
          r->data->bins > 0 ? "images" : "points", left);
}

/* The solver's error with the best weights. A quiet run shows only the warning about it. */
static void report_solver(const cli_run *r) {
  nf_checkpoint c = {0};
  nf_error e = {0};
  double difference = NAN;
  if (!ranks_is_first() || !nf_architecture_of(r->model.family)->continuous) return;
  if (nf_checkpoint_load(r->best, &c, &e) == NF_OK &&
      nf_flow_set_threads(c.flow, r->trainer->flow->threads, &e) == NF_OK)
    cli_solver_error(c.flow, r->best, r->data, r->held, r->order, &difference, &e);
  nf_checkpoint_free(&c);
  if (e.status != NF_OK)
    cli_note("%s: the error of its solver: %s", r->best, e.message);
  else if (!r->quiet && !isnan(difference))
    printf("solver      %.2g nats between %zu and %zu steps\n", difference, r->model.steps,
           2 * r->model.steps);
}

bool cli_run_has_best(const cli_run *r) { return r->trainer->plateau.best < NF_NO_LOSS_YET; }

void cli_run_report(const cli_run *r, const cli_run_state *l) {
  if (r->quiet) {
    report_solver(r);
    return;
  }
  const double seconds = cli_seconds() - l->start, done = (double)(r->trainer->step - l->first);
  printf("step        %" PRIu64 "\n", r->trainer->step);
  printf("speed       %.1f samples/s\n", seconds > 0 ? done * (double)r->batch / seconds : 0);
  if (isfinite(l->validation))
    printf("validation  %.4f %s, %zu sample%s held out\n", shown(r, l->validation),
           cli_unit(r->data->bins), r->held, r->held == 1 ? "" : "s");
  if (cli_run_has_best(r))
    printf("best        %.4f %s\n", shown(r, r->trainer->plateau.best), cli_unit(r->data->bins));
  report_solver(r);
  printf("files       %s (best), %s (last), %s (log)\n", r->best, r->last, r->log_path);
}

int cli_run_fail_without_best(const cli_run *r, const cli_run_state *l) {
  if (r->trainer->step == l->first)
    cli_error("there is no %s, and no step is left to validate and write it", r->best);
  else
    cli_error(
        "no validation was finite, so there is no %s; --resume goes on from %s, say with a "
        "smaller --rate",
        r->best, r->last);
  return CLI_FAILED;
}
