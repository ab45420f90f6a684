/* Any arguments, each ended by a 0 byte, on the command line of a chapter program with one plot
 * and two options. Whatever they are, it ends with 0, or with 2 after one line on stderr. */
#include <setjmp.h>

#include "fuzz.h"

static jmp_buf ended;
static int exit_status;
static _Noreturn void end(int s) {
  exit_status = s;
  longjmp(ended, 1);
}
static FILE *errors;
#undef stderr
#define stderr errors
#define exit   end
#include "../chapters/chapter.c"
#include "../chapters/chapter_options.c"
#undef exit
#undef stderr
#define stderr stderr

enum { MAX_ARGUMENTS = 64 };

static void print_plot(void) { puts("0 0"); }

static void run(int argc, char **argv) {
  const chapter_plot plots[] = {{"density", "p(x)", print_plot}, {0}};
  chapter_option options[] = {
      {"cifar", "DIR", "a folder", NULL}, {"index", "N", "which", "7"}, {0}};
  chapter_begin(argc, argv,
                &(chapter){.number = 8,
                           .title = "Title",
                           .notes = "5",
                           .about = "About.",
                           .plots = plots,
                           .options = options});
  chapter_section("Section");
  chapter_text("%s", options[0].value ? options[0].value : "none");
  chapter_value("index", (double)chapter_integer(&options[1], 0, 9999), "N");
  chapter_claim("itself", (double)chapter_integer(&options[1], 0, 9999), 0);
  exit_status = chapter_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static char text[1 << 12], printed[1 << 14];
  char *argv[MAX_ARGUMENTS + 1] = {(char[]){"chapter"}};
  int argc = 1;
  if (size >= sizeof text) return 0;
  memcpy(text, bytes, size);
  text[size] = 0;
  for (size_t at = 0; at < size && argc < MAX_ARGUMENTS; at += strlen(text + at) + 1)
    argv[argc++] = text + at;

  memset(printed, 0, sizeof printed);
  memset(&out, 0, sizeof out);
  errors = fmemopen(printed, sizeof printed, "w");
  const int old = dup(1), nowhere = open("/dev/null", O_WRONLY);
  fuzz_require(errors != NULL && old >= 0 && nowhere >= 0);
  fflush(stdout), dup2(nowhere, 1);
  if (setjmp(ended) == 0) run(argc, argv);
  fflush(stdout), dup2(old, 1);
  close(old), close(nowhere), fclose(errors);
  const size_t length = strlen(printed);
  if (exit_status == 0) {
    fuzz_require(length == 0);
  } else {
    fuzz_require(exit_status == 2 && length > 0 && printed[length - 1] == '\n');
    printed[length - 1] = 0;
    fuzz_require(fuzz_is_line(printed));
  }
  return 0;
}
