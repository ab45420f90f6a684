/* POSIX threads. A call is a generation: a thread that sees a new one does its job, if it has one,
 * and the last to finish wakes the caller. NF_NO_THREADS (WebAssembly) runs the jobs in order. */
#include "core/threads.h"

#include <stdlib.h>

#ifdef NF_NO_THREADS

struct nf_threads {
  int most;
};

nf_threads *nf_threads_new(int most) {
  nf_threads *t = calloc(1, sizeof *t);
  if (t != NULL) t->most = most;
  return t;
}

void nf_threads_free(nf_threads *t) { free(t); }

void nf_threads_run(nf_threads *t, int count, void (*job)(void *user, int i), void *user) {
  (void)t;
  for (int i = 0; i < count; i++) job(user, i);
}

#else
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  nf_threads *all;
  int i;
  pthread_t id;
} worker;

struct nf_threads {
  pthread_mutex_t lock;
  pthread_cond_t begin, finished;
  unsigned generation; /* of calls */
  bool over;           /* no more of them */
  int count, left;     /* jobs of this call, those of workers not yet done */
  void (*job)(void *user, int i);
  void *user;
  int started; /* worker[1 … started] run */
  worker worker[];
};

static void *serve(void *user) {
  const worker *w = user;
  nf_threads *t = w->all;
  unsigned seen = 0;
  pthread_mutex_lock(&t->lock);
  for (;;) {
    while (t->generation == seen && !t->over) pthread_cond_wait(&t->begin, &t->lock);
    if (t->over) break;
    seen = t->generation;
    if (w->i >= t->count) continue;
    pthread_mutex_unlock(&t->lock);
    t->job(t->user, w->i);
    pthread_mutex_lock(&t->lock);
    if (--t->left == 0) pthread_cond_signal(&t->finished);
  }
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

nf_threads *nf_threads_new(int most) {
  nf_threads *t = calloc(1, sizeof *t + (size_t)most * sizeof *t->worker);
  if (t == NULL) return NULL;
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->begin, NULL);
  pthread_cond_init(&t->finished, NULL);
  return t;
}

void nf_threads_free(nf_threads *t) {
  if (t == NULL) return;
  pthread_mutex_lock(&t->lock);
  t->over = true;
  pthread_cond_broadcast(&t->begin);
  pthread_mutex_unlock(&t->lock);
  for (int i = 1; i <= t->started; i++) pthread_join(t->worker[i].id, NULL);
  pthread_cond_destroy(&t->finished);
  pthread_cond_destroy(&t->begin);
  pthread_mutex_destroy(&t->lock);
  free(t);
}

/* As many as the system gives */
static void start(nf_threads *t, int count) {
  while (t->started + 1 < count) {
    worker *w = &t->worker[t->started + 1];
    *w = (worker){.all = t, .i = t->started + 1};
    if (pthread_create(&w->id, NULL, serve, w) != 0) return;
    t->started++;
  }
}

void nf_threads_run(nf_threads *t, int count, void (*job)(void *user, int i), void *user) {
  start(t, count);
  const int helpers = count - 1 < t->started ? count - 1 : t->started;
  if (helpers > 0) {
    pthread_mutex_lock(&t->lock);
    t->job = job;
    t->user = user;
    t->count = helpers + 1;
    t->left = helpers;
    t->generation++;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
  }
  job(user, 0);
  if (helpers > 0) {
    pthread_mutex_lock(&t->lock);
    while (t->left > 0) pthread_cond_wait(&t->finished, &t->lock);
    pthread_mutex_unlock(&t->lock);
  }
  for (int i = helpers + 1; i < count; i++) job(user, i);
}

#endif
