/* A signal that ends nf removes the file that is half written. While a run trains it is noted, for
 * the loop to see after its step, and save. */
#include <signal.h>

#include "cli.h"
#include "io/file.h"
#include "train.h"

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof ending / sizeof *ending };
static struct sigaction before[ENDING];

static void end(int number) {
  nf_new_file_abandon();
  raise(number); /* which the system does after this function, by SA_RESETHAND */
}

static void set(int number, void (*handler)(int), struct sigaction *old) {
  struct sigaction action = {.sa_flags = handler == end ? (int)SA_RESETHAND : 0};
  action.sa_handler = handler;
  sigaction(number, &action, old);
}

void cli_signals_begin(void) {
  for (int i = 0; i < ENDING; i++) {
    sigaction(ending[i], NULL, &before[i]);
    if (before[i].sa_handler == SIG_DFL) set(ending[i], end, NULL);
  }
}

volatile sig_atomic_t cli_stopped_by = 0;
static void note(int number) {
  cli_stopped_by = number;
  set(number, end, NULL); /* a second Ctrl-C ends it at once */
}

void cli_signals_handle(void) {
  for (int i = 0; i < ENDING; i++) {
    set(ending[i], note, &before[i]);
    if (ending[i] == SIGHUP && before[i].sa_handler == SIG_IGN) /* by nohup */
      sigaction(ending[i], &before[i], NULL);
  }
}

void cli_signals_restore(void) {
  for (int i = 0; i < ENDING; i++) sigaction(ending[i], &before[i], NULL);
}
