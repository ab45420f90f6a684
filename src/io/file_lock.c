/* The lock is that of fcntl, which the system drops when the process ends in any way. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

/* Whether the locked file still has this name: the process that held the lock before may have
 * removed it between open and lock. */
static bool is_current(const char *path, int lock) {
  struct stat a, b;
  return stat(path, &a) == 0 && fstat(lock, &b) == 0 && a.st_ino == b.st_ino;
}

int nf_lock_file(const char *path, int *lock, nf_error *e) {
  for (;;) {
    struct flock f = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return nf_fail(e, NF_EIO, "%s: cannot write: %s", path, strerror(errno));
    int status = NF_OK;
    if (fcntl(file, F_SETLK, &f) == 0) {
      *lock = file;
      if (is_current(path, file)) return NF_OK;
    } else if (errno != EACCES && errno != EAGAIN) {
      status = nf_fail(e, NF_EIO, "%s: cannot lock: %s", path, strerror(errno));
    } else if (fcntl(file, F_GETLK, &f) == 0 && f.l_type != F_UNLCK) {
      status = nf_fail(e, NF_EBUSY, "%s: locked by process %ld", path, (long)f.l_pid);
    }
    close(file);
    if (status != NF_OK) return status;
  }
}

void nf_unlock_file(const char *path, int lock) {
  remove(path);
  close(lock);
}
