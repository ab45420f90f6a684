/* The log of a run: what was written after the checkpoint that a run resumes from will happen
 * again, so those lines go, and the log reads as if nothing had happened. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/new_file.h"
#include "nf_run.h"

static const char header[] = "step,epoch,seconds,train,gradient_norm,rate,validation\n";

static int keep_until(FILE *old, const char *path, uint64_t step, char message[NF_MESSAGE]) {
  nf_new_file f;
  int status = nf_new_file_open(&f, path, message);
  if (status != NF_OK) return status;
  fputs(header, f.file);
  char line[512];
  while (fgets(line, sizeof line, old) != NULL)
    if (line[0] >= '0' && line[0] <= '9' && strchr(line, '\n') != NULL &&
        strtoull(line, NULL, 10) <= step)
      fputs(line, f.file);
  if (ferror(f.file) || ferror(old))
    status = nf_fail(NF_EIO, message, "%s: cannot copy it: %s", path, strerror(errno));
  return nf_new_file_close(&f, status, message);
}

int nf_log_open(const char *path, uint64_t resume_at, FILE **out, char message[NF_MESSAGE]) {
  struct stat s;
  const bool there = stat(path, &s) == 0 && S_ISREG(s.st_mode); /* /dev/null is kept in its place */
  FILE *old = resume_at > 0 && there ? fopen(path, "r") : NULL;
  const bool resumes = old != NULL;
  if (resumes) {
    const int status = keep_until(old, path, resume_at, message);
    fclose(old);
    if (status != NF_OK) return status;
  }
  FILE *log = fopen(path, resumes ? "a" : "w");
  if (log == NULL) return nf_fail(NF_EIO, message, "%s: cannot write: %s", path, strerror(errno));
  if (!resumes) fputs(header, log);
  *out = log;
  return NF_OK;
}
