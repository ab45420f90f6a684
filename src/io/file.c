/* The temporary name is the path and the process's number: same folder, so that rename is atomic,
 * and another name for every process. */
#include "io/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int nf_new_file_open(nf_new_file *f, const char *path, nf_error *e) {
  struct stat there;
  if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) /* a device, say: it must stay one */
    return nf_fail(e, NF_EIO, "%s: cannot write: it is not a regular file", path);
  const size_t size = strlen(path) + 32;
  char *temporary = malloc(size);
  if (temporary == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  snprintf(temporary, size, "%s.%ld.tmp", path, (long)getpid());
  FILE *file = fopen(temporary, "wb");
  if (file == NULL) {
    free(temporary);
    return nf_fail(e, NF_EIO, "%s: cannot write: %s", path, strerror(errno));
  }
  *f = (nf_new_file){file, path, temporary};
  return NF_OK;
}

int nf_new_file_close(nf_new_file *f, int status, nf_error *e) {
  const bool written = fflush(f->file) == 0 && fsync(fileno(f->file)) == 0;
  const bool closed = fclose(f->file) == 0;
  if (status == NF_OK && (!written || !closed || rename(f->temporary, f->path) != 0))
    status = nf_fail(e, NF_EIO, "%s: cannot write: %s", f->path, strerror(errno));
  if (status != NF_OK) remove(f->temporary);
  free(f->temporary);
  *f = (nf_new_file){0};
  return status;
}
