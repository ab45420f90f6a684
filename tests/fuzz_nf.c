/* Any arguments, each ended by a 0 byte, after `nf train`. They are understood, or there is one
 * line that says why not. */
#include <getopt.h>
#include <stdarg.h>
#include <unistd.h>

#include "../tools/nf_settings.h"
#include "fuzz.h"

/* In the place of tools/nf.c: what is complained about is kept, not printed. */
static char said[NF_MESSAGE];
static int complaints;
const char *nf_command_name = "train";
int nf_complain(const char *format, ...) {
  char text[NF_MESSAGE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  complaints++;
  nf_fail(0, said, "%s", text);
  return NF_BAD_INPUT;
}
int nf_threads_default(void) { return 2; }

static bool in(double value, double least, double most) { return value >= least && value <= most; }

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  enum { MOST = 64 };
  static char text[1 << 12];
  char *argv[MOST + 1] = {(char[]){"train"}};
  int argc = 1;
  if (size >= sizeof text) return 0;
  memcpy(text, bytes, size);
  text[size] = 0;
  for (size_t at = 0; at < size && argc < MOST; at += strlen(text + at) + 1)
    argv[argc++] = text + at;
  argv[argc] = NULL;
  optind = 0; /* getopt may stand in the middle of the arguments before */
  getopt_long(1, argv, ":", NULL, NULL);

  nf_settings s;
  complaints = 0;
  const int out = dup(1), nowhere = open("/dev/null", O_WRONLY); /* for --help */
  fuzz_require(out >= 0 && nowhere >= 0);
  fflush(stdout), dup2(nowhere, 1);
  const nf_parsed parsed = nf_settings_read(&s, argc, argv);
  fflush(stdout), dup2(out, 1);
  close(out), close(nowhere);
  fuzz_require(complaints == (parsed == NF_REFUSED) && (complaints == 0 || fuzz_is_line(said)));
  if (parsed != NF_GO) return 0;

  fuzz_require(in(s.alpha, 0, 0.49) && in(s.ema, 0, 0.999999) && in((double)s.threads, 1, 1024));
  const nf_data image = {.shape = {8, 8, 1}, .levels = 17}, point = {.shape = {1, 1, 2}};
  nf_model m;
  for (int i = 0; i < 2; i++) {
    complaints = 0;
    fuzz_require(nf_settings_model(&s, i == 0 ? &image : &point, &m) == (complaints == 0));
  }
  const nf_train_settings t = nf_settings_training(&s, 1000);
  fuzz_require(t.schedule.rate > 0 && t.clip >= 0);
  return 0;
}
