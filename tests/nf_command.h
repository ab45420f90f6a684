/* build/nf as a child process, run in the test's folder, with what it says in memory. */
#ifndef NF_TESTS_NF_COMMAND_H
#define NF_TESTS_NF_COMMAND_H

#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "folder.h"

static char nf_path[1024];

/* The tests lie in B/tests, the program is B/nf. Call first in main. */
static inline void nf_find(const char *argv0) {
  char self[1000];
  snprintf(self, sizeof self, "%s", argv0);
  snprintf(nf_path, sizeof nf_path, "%s/nf", dirname(dirname(self)));
}

typedef struct {
  int status;                   /* of exit, or 1000 + the signal that ended it */
  char out[1 << 16], err[4096]; /* what it said */
} nf_result;

static inline void nf_slurp(const char *name, char *to, size_t size) {
  FILE *f = fopen(folder_path(name), "r");
  assert_non_null(f);
  to[fread(to, 1, size - 1, f)] = 0;
  fclose(f);
}

/* Words separated by spaces; @ stands for the folder. largest: of a file it writes, 0: any. */
static inline pid_t nf_start(const char *words, size_t largest) {
  char text[4096], *argument[64] = {nf_path};
  size_t n = 1, length = 0;
  for (const char *p = words; *p != 0; p++) {
    assert_true(length + sizeof folder < sizeof text);
    if (*p == '@')
      length += (size_t)sprintf(text + length, "%s", folder);
    else
      text[length++] = *p;
  }
  text[length] = 0;
  for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest)) != NULL;) argument[n++] = word;
  fflush(NULL);
  const pid_t child = fork();
  if (child == 0) {
    const struct rlimit limit = {largest, largest};
    if (largest > 0) setrlimit(RLIMIT_FSIZE, &limit);
    if (freopen(folder_path("stdout"), "w", stdout) == NULL) _exit(99);
    if (freopen(folder_path("stderr"), "w", stderr) == NULL) _exit(99);
    execv(nf_path, argument);
    _exit(98);
  }
  assert_true(child > 0);
  return child;
}

static inline int nf_wait(pid_t child) {
  int status = 0;
  assert_true(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static inline nf_result *nf_run_limited(const char *words, size_t largest) {
  static nf_result r;
  r.status = nf_wait(nf_start(words, largest));
  nf_slurp("stdout", r.out, sizeof r.out);
  nf_slurp("stderr", r.err, sizeof r.err);
  return &r;
}

/* Ends well and says nothing on stderr; the result is good until the next run. */
static inline const nf_result *nf_fine(const char *words) {
  const nf_result *r = nf_run_limited(words, 0);
  if (r->status != 0 || r->err[0] != 0) fail_msg("nf %s: status %d: %s", words, r->status, r->err);
  return r;
}

/* Ends with that status, one line on stderr that holds `part`, and nothing on stdout. */
static inline void nf_refuses(const char *words, size_t largest, int status, const char *part) {
  const nf_result *r = nf_run_limited(words, largest);
  const size_t length = strlen(r->err);
  if (r->status != status || strstr(r->err, part) == NULL || strncmp(r->err, "nf", 2) != 0 ||
      length == 0 || strchr(r->err, '\n') != r->err + length - 1 || r->out[0] != 0)
    fail_msg("nf %s: status %d, not %d with '%s': %s%s", words, r->status, status, part, r->err,
             r->out);
}

/* The number after a name in what it printed. */
static inline double nf_number(const char *text, const char *name) {
  const char *at = strstr(text, name);
  if (at == NULL) fail_msg("no %s in: %s", name, text);
  return strtod(at + strlen(name), NULL);
}

static inline void nf_pause(int milliseconds) {
  nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
}

#endif
