/* A file that is complete or as it was: it is written beside its place under a temporary name, and
 * renamed when all was written, so that neither a full disk nor an interrupted run leaves half a
 * file, or loses the old one.
 *
 * Links are followed: what they lead to is replaced, not the link. "-" is standard output, and what
 * is no regular file (a pipe, a terminal, /dev/null) is written through. */
#ifndef NF_IO_FILE_H
#define NF_IO_FILE_H

#include <stdio.h>

#include "nf/core.h"

typedef struct {
  FILE *file;       /* write here */
  const char *path; /* as given to nf_new_file_open, which does not copy it */
  char *place;      /* where the links of path lead; NULL: written through */
  char *temporary;
} nf_new_file;

/* errors  NF_EIO, NF_ENOMEM */
int nf_new_file_open(nf_new_file *f, const char *path, nf_error *e);

/* Little-endian, whatever the machine: a length in 8 bytes, and n values in the build's precision.
 * What cannot be written is the error of nf_new_file_close. */
void nf_write_length(FILE *file, uint64_t length);
void nf_write_values(FILE *file, size_t n, const nf_real *value);

/* status NF_OK: the file takes its place. Otherwise it is removed, and status is returned. f is
 * closed in any case.   errors  NF_EIO */
int nf_new_file_close(nf_new_file *f, int status, nf_error *e);

/* For the handler of a signal that ends the process: removes what is written under a temporary
 * name. Async-signal-safe. */
void nf_new_file_abandon(void);

/* Removes the file to which the links of path lead; the links stay. */
void nf_remove_file(const char *path);

/* Removes temporary files of path whose processes are no longer running. */
void nf_new_file_clean(const char *path);

/* Whether a and b are one regular file, there or still to be made, by whatever names and links. */
bool nf_is_same_file(const char *a, const char *b);

/* A lock that one process at a time can hold: a file, which nf_unlock_file removes. The system
 * drops the lock with the process. *lock is to be given to nf_unlock_file. errors  NF_EBUSY (the
 * message names the process), NF_EIO */
int nf_lock_file(const char *path, int *lock, nf_error *e);
void nf_unlock_file(const char *path, int lock);

#endif
