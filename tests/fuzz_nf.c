/* Any arguments, each ended by a 0 byte, after `nf train`. They are understood, or there is one
 * line that says why not. */
#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

#include "../tools/train.h"
#include "fuzz.h"

/* Instead of that of tools/nf.c: an error is stored, not printed. */
static nf_error last;
static int errors;
int cli_error(const char *format, ...) {
  char text[NF_MESSAGE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  errors++;
  last = (nf_error){0};
  nf_fail(&last, NF_EINVAL, "%s", text);
  return CLI_BAD_INPUT;
}

static bool in(double value, double min, double max) { return value >= min && value <= max; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  enum { MAX_ARGUMENTS = 64 };
  static char text[1 << 12];
  char *argv[MAX_ARGUMENTS + 1] = {(char[]){"train"}};
  int argc = 1;
  if (size >= sizeof text) return 0;
  memcpy(text, bytes, size);
  text[size] = 0;
  for (size_t at = 0; at < size && argc < MAX_ARGUMENTS; at += strlen(text + at) + 1)
    argv[argc++] = text + at;
  argv[argc] = NULL;
  optind = 0; /* getopt may be in the middle of the arguments before */
  getopt_long(1, argv, ":", NULL, NULL);

  cli_settings s;
  errors = 0;
  const int out = dup(1), nowhere = open("/dev/null", O_WRONLY); /* for --help */
  fuzz_require(out >= 0 && nowhere >= 0);
  fflush(stdout), dup2(nowhere, 1);
  const int status = cli_settings_read(&s, argc, argv);
  fflush(stdout), dup2(out, 1);
  close(out), close(nowhere);
  fuzz_require(errors == (status == CLI_BAD_INPUT) && (errors == 0 || fuzz_is_line(last.message)));
  if (status != CLI_GO) return 0;

  fuzz_require(in(s.alpha, 0, 0.49) && in(s.ema, 0, 0.999999) && in((double)s.threads, 0, 1024));
  const cli_data image = {.shape = {8, 8, 1}, .bins = 17}, point = {.shape = {1, 1, 2}};
  nf_model m = {0};
  for (int i = 0; i < 2; i++) {
    errors = 0;
    fuzz_require(cli_settings_model(&s, i == 0 ? &image : &point, &m) == (errors == 0));
  }
  const nf_train_settings t = cli_settings_training(&s, m.family, 1000);
  fuzz_require(t.schedule.rate > 0 && t.clip >= 0);
  return 0;
}
