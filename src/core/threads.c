/* POSIX threads. A call is a generation: a thread that sees a new one does its job, if it has one,
 * and the last to finish wakes the caller. To sleep and be woken takes some 50 µs, as long as a
 * short job; so before it sleeps a thread looks some hundred times for what it waits for. */
#include "core/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOKS = 300 };

typedef struct {
  nf_threads *threads;
  int i;
  pthread_t id;
} worker;

struct nf_threads {
  pthread_mutex_t lock;
  pthread_cond_t begin, finished;
  atomic_uint generation; /* of calls */
  bool stop;              /* the last one: the threads end */
  int count;              /* jobs of this call */
  atomic_int left;        /* those of workers not yet done */
  void (*job)(void *user, int i);
  void *user;
  pid_t process; /* in which the workers run */
  int started;   /* worker[1 … started] run */
  worker worker[];
};

static void *serve(void *user) {
  const worker *w = user;
  nf_threads *t = w->threads;
  unsigned seen = 0;
  for (;;) {
    for (int i = 0; i < LOOKS && t->generation == seen; i++) sched_yield();
    pthread_mutex_lock(&t->lock);
    while (t->generation == seen) pthread_cond_wait(&t->begin, &t->lock);
    if (t->stop) break;
    seen = t->generation;
    const bool busy = w->i < t->count;
    pthread_mutex_unlock(&t->lock);
    if (!busy) continue;
    t->job(t->user, w->i);
    pthread_mutex_lock(&t->lock);
    if (--t->left == 0) pthread_cond_signal(&t->finished);
    pthread_mutex_unlock(&t->lock);
  }
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

nf_threads *nf_threads_new(int max) {
  nf_threads *t = calloc(1, sizeof *t + (size_t)max * sizeof *t->worker);
  if (t == NULL) return NULL;
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->begin, NULL);
  pthread_cond_init(&t->finished, NULL);
  return t;
}

/* In a child of fork() the lock may be held, for ever, by a worker that is not there. */
static bool forked(const nf_threads *t) { return t->started > 0 && t->process != getpid(); }

static void join(nf_threads *t) {
  pthread_mutex_lock(&t->lock);
  t->stop = true;
  t->generation++;
  pthread_cond_broadcast(&t->begin);
  pthread_mutex_unlock(&t->lock);
  for (int i = 1; i <= t->started; i++) pthread_join(t->worker[i].id, NULL);
  pthread_cond_destroy(&t->finished);
  pthread_cond_destroy(&t->begin);
  pthread_mutex_destroy(&t->lock);
}

void nf_threads_free(nf_threads *t) {
  if (t == NULL) return;
  if (!forked(t)) join(t);
  free(t);
}

/* As many as the system gives */
static void start(nf_threads *t, int count) {
  t->process = getpid();
  while (t->started + 1 < count) {
    worker *w = &t->worker[t->started + 1];
    *w = (worker){.threads = t, .i = t->started + 1};
    if (pthread_create(&w->id, NULL, serve, w) != 0) return;
    t->started++;
  }
}

void nf_threads_run(nf_threads *t, int count, void (*job)(void *user, int i), void *user) {
  int helpers = 0;
  if (!forked(t)) {
    start(t, count);
    helpers = count - 1 < t->started ? count - 1 : t->started;
  }
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
    for (int k = 0; k < LOOKS && t->left > 0; k++) sched_yield();
    pthread_mutex_lock(&t->lock);
    while (t->left > 0) pthread_cond_wait(&t->finished, &t->lock);
    pthread_mutex_unlock(&t->lock);
  }
  for (int i = helpers + 1; i < count; i++) job(user, i);
}
