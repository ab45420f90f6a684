/* Any arguments, each ended by a 0 byte, after `nf train`. They are understood, or there is one
 * line that says why not. */
#include <getopt.h>
#include <stdarg.h>

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
  char *argv[FUZZ_ARGUMENTS + 1] = {(char[]){"train"}};
  const int argc = fuzz_arguments(bytes, size, argv);
  optind = 0; /* getopt may be in the middle of the arguments before */
  getopt_long(1, argv, ":", NULL, NULL);

  cli_settings s;
  errors = 0;
  const int out = fuzz_begin_silence(); /* for --help */
  const int status = cli_settings_read(&s, argc, argv);
  fuzz_end_silence(out);
  fuzz_require(errors == (status == CLI_BAD_INPUT) && (errors == 0 || fuzz_is_line(last.message)));
  if (status != CLI_GO) return 0;

  fuzz_require(in(s.alpha, 0, 0.49) && in(s.ema, 0, 0.999999) && in((double)s.threads, 0, 1024));
  const cli_data image = {.shape = {8, 8, 1}, .bins = 17}, point = {.shape = {1, 1, 2}};
  nf_model m = {.family = NF_GLOW};
  for (int i = 0; i < 2; i++) {
    errors = 0;
    fuzz_require(cli_settings_model(&s, i == 0 ? &image : &point, &m) == (errors == 0));
  }
  const nf_train_settings t = cli_settings_training(&s, m.family, 1000);
  fuzz_require(t.schedule.rate > 0 && t.clip >= 0);
  return 0;
}
