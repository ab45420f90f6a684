/* POSIX threads, started and joined; NF_NO_THREADS (WebAssembly) runs the jobs in order. */
#include "core/threads.h"

#ifdef NF_NO_THREADS

void nf_threads_run(int threads, void (*job)(void *user, int t), void *user) {
  for (int t = 0; t < threads; t++) job(user, t);
}

#else
#include <pthread.h>
#include <stdbool.h>

enum { MOST = 64 }; /* beyond it the caller's thread takes the rest */

typedef struct {
  void (*job)(void *user, int t);
  void *user;
  int t;
  bool started;
  pthread_t id;
} worker;

static void *start(void *user) {
  worker *w = user;
  w->job(w->user, w->t);
  return NULL;
}

void nf_threads_run(int threads, void (*job)(void *user, int t), void *user) {
  worker w[MOST];
  for (int t = 1; t < threads && t < MOST; t++) {
    w[t] = (worker){.job = job, .user = user, .t = t};
    w[t].started = pthread_create(&w[t].id, NULL, start, &w[t]) == 0;
  }
  job(user, 0);
  for (int t = 1; t < threads; t++) {
    if (t < MOST && w[t].started)
      pthread_join(w[t].id, NULL);
    else
      job(user, t);
  }
}

#endif
