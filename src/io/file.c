/* The temporary name is the place and the process's number: same folder, so that rename is atomic,
 * and another name for every process. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first `length` bytes of a, then b. */
static char *joined(const char *a, size_t length, const char *b) {
  char *text = malloc(length + strlen(b) + 1);
  if (text == NULL) return NULL;
  memcpy(text, a, length);
  strcpy(text + length, b);
  return text;
}

/* "folder/" of a path, its length; 0 without a folder. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* Where the links of path lead, also to a file that is not there yet, or to a link of /proc, which
 * stands for an open file. To be freed; NULL: no memory. */
static char *follow(const char *path) {
  char *at = joined(path, strlen(path), ""), target[PATH_MAX];
  for (int links = 0; at != NULL && links < 40 && strncmp(at, "/proc/", 6) != 0; links++) {
    const ssize_t n = readlink(at, target, sizeof target - 1);
    if (n < 0) break;
    target[n] = 0;
    char *next = joined(at, target[0] == '/' ? 0 : folder_length(at), target);
    free(at);
    at = next;
  }
  return at;
}

static bool is_one(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Standard output is duplicated: it must stay open when the file is closed. */
static FILE *open_through(const char *path, bool standard) {
  if (!standard) return fopen(path, "wb");
  fflush(stdout);
  const int copy = dup(STDOUT_FILENO);
  return copy >= 0 ? fdopen(copy, "wb") : NULL;
}

/* The temporary file that was opened last and is not closed; NULL: none */
static char *_Atomic unfinished;

int nf_new_file_open(nf_new_file *f, const char *path, nf_error *e) {
  struct stat there = {0}, out;
  char *place = follow(path), *temporary = NULL, ending[32];
  if (place == NULL) return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
  const bool old = stat(path, &there) == 0;
  const bool standard =
      strcmp(path, "-") == 0 || (old && fstat(STDOUT_FILENO, &out) == 0 && is_one(&there, &out));
  FILE *file = NULL;
  if (standard || strncmp(place, "/proc/", 6) == 0 || (old && !S_ISREG(there.st_mode))) {
    free(place);
    place = NULL;
    file = open_through(path, standard);
  } else {
    snprintf(ending, sizeof ending, ".%ld.tmp", (long)getpid());
    temporary = joined(place, strlen(place), ending);
    if (temporary == NULL) {
      free(place);
      return nf_fail(e, NF_ENOMEM, "%s: out of memory", path);
    }
    unfinished = temporary;
    file = fopen(temporary, "wb");
    if (file != NULL && old) fchmod(fileno(file), there.st_mode & 0777);
  }
  if (file != NULL) {
    *f = (nf_new_file){file, path, place, temporary};
    return NF_OK;
  }
  unfinished = NULL;
  free(place);
  free(temporary);
  return nf_fail(e, NF_EIO, "%s: cannot write: %s", path, strerror(errno));
}

void nf_new_file_abandon(void) {
  const char *file = unfinished;
  if (file != NULL) unlink(file);
}

static void put(uint64_t bits, size_t bytes, unsigned char *to) {
  for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(bits >> (8 * i));
}

void nf_write_length(FILE *file, uint64_t length) {
  unsigned char byte[8];
  put(length, sizeof byte, byte);
  fwrite(byte, 1, sizeof byte, file);
}

void nf_write_values(FILE *file, size_t n, const nf_real *value) {
  enum { VALUES = 1024 };
  unsigned char buffer[VALUES * sizeof *value];
#ifdef NF_FLOAT
  uint32_t bits;
#else
  uint64_t bits;
#endif
  for (size_t i = 0, count; i < n; i += count) {
    count = n - i < VALUES ? n - i : VALUES;
    for (size_t k = 0; k < count; k++) {
      memcpy(&bits, &value[i + k], sizeof bits);
      put(bits, sizeof bits, buffer + k * sizeof bits);
    }
    fwrite(buffer, sizeof bits, count, file);
  }
}

int nf_new_file_close(nf_new_file *f, int status, nf_error *e) {
  const bool written =
      !ferror(f->file) && fflush(f->file) == 0 && (f->place == NULL || fsync(fileno(f->file)) == 0);
  const bool closed = fclose(f->file) == 0;
  if (status == NF_OK &&
      (!written || !closed || (f->place != NULL && rename(f->temporary, f->place) != 0)))
    status = nf_fail(e, NF_EIO, "%s: cannot write: %s", f->path, strerror(errno));
  if (status != NF_OK && f->place != NULL) remove(f->temporary);
  unfinished = NULL;
  free(f->temporary);
  free(f->place);
  *f = (nf_new_file){0};
  return status;
}

void nf_remove_file(const char *path) {
  char *place = follow(path);
  if (place != NULL) remove(place);
  free(place);
}

/* --- by whatever name ----------------------------------------------------------------------- */

/* The folder of a path, with its slash. To be freed. */
static char *folder_of(const char *path) {
  const size_t n = folder_length(path);
  return n > 0 ? joined(path, n, "") : joined("./", 2, "");
}

/* The status of what is at place, or of its folder when nothing is. False when it is no regular
 * file, or the folder is not there. */
static bool look_at(const char *place, bool *there, struct stat *s) {
  *there = stat(place, s) == 0;
  if (*there) return S_ISREG(s->st_mode);
  char *folder = folder_of(place);
  const bool ok = folder != NULL && stat(folder, s) == 0;
  free(folder);
  return ok;
}

bool nf_is_same_file(const char *a, const char *b) {
  char *p = follow(a), *q = follow(b);
  struct stat s, t;
  bool s_there, t_there;
  const bool same = p != NULL && q != NULL && look_at(p, &s_there, &s) &&
                    look_at(q, &t_there, &t) && s_there == t_there && is_one(&s, &t) &&
                    (s_there || strcmp(p + folder_length(p), q + folder_length(q)) == 0);
  free(p);
  free(q);
  return same;
}

/* --- what killed processes left ------------------------------------------------------------- */

/* PROCESS of a file NAME.PROCESS.tmp, else 0 */
static long process_of(const char *file, const char *name) {
  const size_t n = strlen(name);
  char *end;
  if (strncmp(file, name, n) != 0 || file[n] != '.') return 0;
  const long process = strtol(file + n + 1, &end, 10);
  return strcmp(end, ".tmp") == 0 && process > 0 ? process : 0;
}

void nf_new_file_clean(const char *path) {
  char *place = follow(path), *folder = place != NULL ? folder_of(place) : NULL;
  DIR *d = folder != NULL ? opendir(folder) : NULL;
  for (const struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
    const long process = process_of(f->d_name, place + folder_length(place));
    if (process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH)
      unlinkat(dirfd(d), f->d_name, 0);
  }
  if (d != NULL) closedir(d);
  free(folder);
  free(place);
}
