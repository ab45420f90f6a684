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
  static char printed[1 << 14];
  char *argv[FUZZ_ARGUMENTS + 1] = {(char[]){"chapter"}};
  memset(printed, 0, sizeof printed);
  memset(&out, 0, sizeof out);
  errors = fmemopen(printed, sizeof printed, "w");
  fuzz_require(errors != NULL);
  const int old = fuzz_begin_silence();
  if (setjmp(ended) == 0) run(fuzz_arguments(bytes, size, argv), argv);
  fuzz_end_silence(old);
  fclose(errors);
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
