/* A file that is complete or as it was: it is written beside its path under a temporary name, and
 * renamed when all was written, so that neither a full disk nor an interrupted run leaves half a
 * file, or loses the old one. */
#ifndef NF_IO_FILE_H
#define NF_IO_FILE_H

#include <stdio.h>

#include "nf/core.h"

typedef struct {
  FILE *file;       /* write here */
  const char *path; /* the caller's string */
  char *temporary;
} nf_new_file;

/* errors  NF_EIO, NF_ENOMEM */
int nf_new_file_open(nf_new_file *f, const char *path, nf_error *e);

/* status NF_OK: the file takes its place. Otherwise it is removed, and status is returned. f is
 * closed in any case.   errors  NF_EIO */
int nf_new_file_close(nf_new_file *f, int status, nf_error *e);

#endif
