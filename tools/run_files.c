/* The files of a run: OUT, and beside it X.last.safetensors, X.log.csv and, while the run lives,
 * X.lock and X.log.csv.lock. A new run never replaces the files of another, and two runs never
 * write the same file at a time, not even the log alone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"
#include "train.h"

/* OUT without .safetensors, with another ending. */
static char *beside(const char *out, const char *ending) {
  static const char usual[] = ".safetensors";
  size_t length = strlen(out);
  if (length > sizeof usual - 1 && strcmp(out + length - (sizeof usual - 1), usual) == 0)
    length -= sizeof usual - 1;
  const size_t size = length + strlen(ending) + 1;
  char *path = malloc(size);
  if (path != NULL) snprintf(path, size, "%.*s%s", (int)length, out, ending);
  return path;
}

/* FILE.lock */
static char *lock_of(const char *path) {
  const size_t size = strlen(path) + sizeof ".lock";
  char *lock = malloc(size);
  if (lock != NULL) snprintf(lock, size, "%s.lock", path);
  return lock;
}

bool cli_run_files_name(cli_run_files *f, const cli_settings *s) {
  *f = (cli_run_files){.best = s->out,
                       .log = s->log,
                       .last = beside(s->out, ".last.safetensors"),
                       .usual_log = beside(s->out, ".log.csv"),
                       .lock = {beside(s->out, ".lock")},
                       .locked = {-1, -1}};
  if (f->log == NULL) f->log = f->usual_log;
  if (f->log != NULL) f->lock[1] = lock_of(f->log);
  if (f->last != NULL && f->usual_log != NULL && f->lock[0] != NULL && f->lock[1] != NULL)
    return true;
  cli_error("out of memory");
  return false;
}

static bool is_there(const char *path, bool *regular) {
  struct stat s;
  const bool there = stat(path, &s) == 0;
  *regular = there && S_ISREG(s.st_mode);
  return there;
}

/* False after an error: one file for two purposes, or a name that cannot be a file of a run. */
static bool are_distinct(const cli_run_files *f, const cli_settings *s) {
  const char *const path[] = {f->best, f->last, f->log};
  bool regular;
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < i; k++)
      if (nf_is_same_file(path[i], path[k])) {
        cli_error("%s and %s are one file; each needs its own", path[k], path[i]);
        return false;
      }
  if (strcmp(s->out, "-") == 0 || (is_there(s->out, &regular) && !regular)) {
    cli_error("--out %s: a run writes several files; this must be the name of one", s->out);
    return false;
  }
  return cli_output_is_free("--out", f->best, NULL, s->data.spec) &&
         cli_output_is_free(f->log == s->log ? "--log" : "the usual --log", f->log, NULL,
                            s->data.spec);
}

static const char header[] = "step,epoch,seconds,train,gradient_norm,rate,validation\n";

/* A new run needs free names, a run that goes on its last checkpoint. A run that was killed before
 * its first checkpoint has left no more than the header of its log. False after an error. */
static bool are_ours(const cli_run_files *f, const cli_settings *s) {
  const char *const path[] = {f->best, f->last, f->log};
  struct stat info;
  if (s->resume && access(f->last, F_OK) == 0) return true;
  for (int i = 0; i < 3; i++) {
    const bool is_log = i == 2;
    if (stat(path[i], &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (is_log && s->resume && info.st_size < (off_t)sizeof header) continue;
    const char *or_log = is_log && f->log == s->log ? " or --log" : "";
    if (s->resume)
      cli_error("%s is there, but not %s, from which its run would go on; give another --out%s",
                path[i], f->last, or_log);
    else
      cli_error("%s is there already: --resume goes on with its run, another --out%s begins one",
                path[i], or_log);
    return false;
  }
  return true;
}

static bool claim(cli_run_files *f, int k, const char *path) {
  nf_error e = {0};
  if (nf_lock_file(f->lock[k], &f->locked[k], &e) == NF_EBUSY)
    cli_error("%s: another run is writing it: %s", path, e.message);
  else if (e.status != NF_OK)
    cli_error("%s", e.message);
  return e.status == NF_OK;
}

bool cli_run_files_claim(cli_run_files *f, const cli_settings *s) {
  bool regular;
  if (!are_distinct(f, s) || !claim(f, 0, s->out)) return false;
  const bool is_file = strcmp(f->log, "-") != 0 && (!is_there(f->log, &regular) || regular);
  if ((is_file && !claim(f, 1, f->log)) || !are_ours(f, s)) return false;
  nf_new_file_clean(f->best);
  nf_new_file_clean(f->last);
  nf_new_file_clean(f->log);
  return true;
}

void cli_run_files_release(cli_run_files *f) {
  for (int k = 0; k < 2; k++) {
    if (f->locked[k] >= 0) nf_unlock_file(f->lock[k], f->locked[k]);
    free(f->lock[k]);
  }
  free(f->last);
  free(f->usual_log);
}

/* --- the log: a run that resumes writes the lines after its checkpoint again ---------------- */

static int copy_until(FILE *old, const char *path, uint64_t step, nf_error *e) {
  nf_new_file f;
  char line[512];
  if (fgets(line, sizeof line, old) != NULL && strcmp(line, header) != 0)
    return nf_fail(e, NF_EINVAL, "%s: not the log of a run; name another with --log", path);
  int status = nf_new_file_open(&f, path, e);
  if (status != NF_OK) return status;
  fputs(header, f.file);
  while (fgets(line, sizeof line, old) != NULL)
    if (line[0] >= '0' && line[0] <= '9' && strchr(line, '\n') != NULL &&
        strtoull(line, NULL, 10) <= step)
      fputs(line, f.file);
  if (ferror(f.file) || ferror(old))
    status = nf_fail(e, NF_EIO, "%s: cannot copy it: %s", path, strerror(errno));
  return nf_new_file_close(&f, status, e);
}

int cli_run_log_open(cli_run *r, nf_error *e) {
  const char *path = r->log_path;
  bool regular; /* not /dev/null */
  is_there(path, &regular);
  FILE *old = regular ? fopen(path, "r") : NULL;
  if (old != NULL) {
    const int status = copy_until(old, path, r->trainer->step, e);
    fclose(old);
    if (status != NF_OK) return status;
  }
  r->log = strcmp(path, "-") != 0 ? fopen(path, old != NULL ? "a" : "w")
                                  : fdopen(dup(STDOUT_FILENO), "w");
  if (r->log == NULL) return nf_fail(e, NF_EIO, "%s: cannot write: %s", path, strerror(errno));
  if (old == NULL) fputs(header, r->log);
  return NF_OK;
}

int cli_run_log_close(cli_run *r, int result) {
  bool regular;
  if (r->log == NULL) return result; /* not this rank's */
  if (fclose(r->log) != 0 && result == CLI_OK)
    result = cli_error("%s: cannot write: %s", r->log_path, strerror(errno));
  is_there(r->log_path, &regular);
  if (result != CLI_OK && regular && access(r->last, F_OK) != 0) nf_remove_file(r->log_path);
  return result;
}
