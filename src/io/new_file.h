/* A file that appears whole or not at all: it is written beside its place under a temporary
 * name and renamed when everything went well, so that neither a full disk nor an interrupted
 * run ever leaves half a file, or loses the old one. */
#ifndef NF_IO_NEW_FILE_H
#define NF_IO_NEW_FILE_H

#include <stdio.h>

#include "core/message.h"

typedef struct {
  FILE *file;       /* write here */
  const char *path; /* the caller's string */
  char *temporary;
} nf_new_file;

/* errors  NF_EIO, NF_ENOMEM */
int nf_new_file_open(nf_new_file *f, const char *path, char message[NF_MESSAGE]);

/* status NF_OK: the file takes its place. Otherwise it goes, and status is returned with the
 * message as it was. Either way f is done with.   errors  NF_EIO */
int nf_new_file_close(nf_new_file *f, int status, char message[NF_MESSAGE]);

#endif
