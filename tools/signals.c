/* A signal that ends a run is noted, for the loop to see after its step, and save. */
#include <signal.h>

#include "train.h"

volatile sig_atomic_t cli_stopped_by = 0;
static void on_signal(int number) { cli_stopped_by = number; }

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
enum { ENDING = sizeof ending / sizeof *ending };
static struct sigaction before[ENDING];

void cli_signals_handle(void) {
  struct sigaction action = {.sa_flags = (int)SA_RESETHAND}; /* a second Ctrl-C ends it at once */
  action.sa_handler = on_signal;
  for (int i = 0; i < ENDING; i++) {
    sigaction(ending[i], &action, &before[i]);
    if (ending[i] == SIGHUP && before[i].sa_handler == SIG_IGN) /* by nohup */
      sigaction(ending[i], &before[i], NULL);
  }
}

void cli_signals_restore(void) {
  for (int i = 0; i < ENDING; i++) sigaction(ending[i], &before[i], NULL);
}
