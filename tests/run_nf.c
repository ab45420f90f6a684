/* The program is that of the build folder B. */
#include "run_nf.h"

#include <sys/wait.h>

#include "folder.h"

const char *nf(int status, const char *words) {
  static char out[1 << 14];
  char command[2000];
  const char *b = getenv("B");
  size_t length = (size_t)snprintf(command, sizeof command, "'%s/nf' ", b != NULL ? b : "build");
  for (const char *p = words; *p != 0; p++) {
    assert_true(length + sizeof folder < sizeof command);
    length += (size_t)sprintf(command + length, *p == '@' ? "%s" : "%.1s", *p == '@' ? folder : p);
  }
  strcat(command, " 2>&1");
  FILE *f = popen(command, "r");
  assert_non_null(f);
  out[fread(out, 1, sizeof out - 1, f)] = 0;
  const int ended = pclose(f);
  if (!WIFEXITED(ended) || WEXITSTATUS(ended) != status)
    fail_msg("nf %s: status %d, not %d: %s", words, WEXITSTATUS(ended), status, out);
  return out;
}

void train_digits(void) {
  nf(0,
     "train --data digits --levels 2 --depth 1 --width 6 --holdout 50 --every 10 --steps 30 "
     "--out @/d.safetensors");
}

char *slurp(const char *name) {
  static char text[1 << 14];
  FILE *f = fopen(folder_path(name), "r");
  assert_non_null(f);
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  return text;
}

double number(const char *text, const char *name) {
  const char *at = strstr(text, name);
  if (at == NULL) print_error("no %s in what was printed\n", name);
  assert_non_null(at);
  return strtod(at + strlen(name), NULL);
}
