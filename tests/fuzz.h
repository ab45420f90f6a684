/* What the fuzz targets share. A target tests/fuzz_NAME.c defines libFuzzer's entry point: it takes
 * any bytes, and ends the program when what was promised about them does not hold. `make fuzz` lets
 * libFuzzer look for such bytes; `make check` replays those in tests/fuzz/NAME (test_corpus.c). */
#ifndef NF_TESTS_FUZZ_H
#define NF_TESTS_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define fuzz_require(what)                                                      \
  do {                                                                          \
    if (what) break;                                                            \
    fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what), abort(); \
  } while (0)

/* A folder of this process's own, under $TMPDIR or /tmp; it goes when the program ends. */
static char fuzz_folder[256];
static inline void fuzz_folder_remove(void) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", fuzz_folder);
  if (system(command) != 0) perror(fuzz_folder);
}

/* The bytes as a file of that name in the folder; returns its path. */
static inline void fuzz_write(const char *name, const uint8_t *bytes, size_t size, char path[300]) {
  if (fuzz_folder[0] == 0) {
    const char *top = getenv("TMPDIR");
    snprintf(fuzz_folder, sizeof fuzz_folder, "%s/nf_fuzz_XXXXXX", top && *top ? top : "/tmp");
    fuzz_require(mkdtemp(fuzz_folder) != NULL && atexit(fuzz_folder_remove) == 0);
  }
  snprintf(path, 300, "%s/%s", fuzz_folder, name);
  FILE *f = fopen(path, "wb");
  fuzz_require(f != NULL && fwrite(bytes, 1, size, f) == size && fclose(f) == 0);
}

/* The bytes, the first of them if there are too many, as the words of a command line behind
 * argv[0], each up to a 0. Returns their number with it. Good until the next call. */
enum { FUZZ_ARGUMENTS = 64 };
static inline int fuzz_arguments(const uint8_t *bytes, size_t size,
                                 char *argv[FUZZ_ARGUMENTS + 1]) {
  static char text[1 << 12];
  int argc = 1;
  if (size >= sizeof text) size = sizeof text - 1;
  memcpy(text, bytes, size);
  text[size] = 0;
  for (size_t at = 0; at < size && argc < FUZZ_ARGUMENTS; at += strlen(text + at) + 1)
    argv[argc++] = text + at;
  argv[argc] = NULL;
  return argc;
}

/* Standard output goes nowhere until fuzz_end_silence, which takes what this returns. */
static inline int fuzz_begin_silence(void) {
  const int out = dup(1), nowhere = open("/dev/null", O_WRONLY);
  fuzz_require(out >= 0 && nowhere >= 0);
  fflush(stdout), dup2(nowhere, 1), close(nowhere);
  return out;
}
static inline void fuzz_end_silence(int out) { fflush(stdout), dup2(out, 1), close(out); }

/* A refusal is one line of text. */
static inline bool fuzz_is_line(const char *message) {
  for (const char *c = message; *c != 0; c++)
    if ((unsigned char)*c < ' ') return false;
  return *message != 0;
}

#endif
