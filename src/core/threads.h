/* A few threads that sleep between two calls. They start when they are first needed: to start and
 * join them in every call would cost some 100 µs each time, a twentieth of a small training step.
 *
 * A child of fork() has none of its parent's threads. Once they have started in the parent, the
 * child runs all jobs on the calling thread. */
#ifndef NF_CORE_THREADS_H
#define NF_CORE_THREADS_H

typedef struct nf_threads nf_threads;

/* For up to `max` at once, the calling one included. NULL without memory. */
nf_threads *nf_threads_new(int max);
void nf_threads_free(nf_threads *t); /* NULL is fine */

/* job(user, i) for i = 0 … count-1, count ≤ max: 0 on the caller's thread, each other on its own
 * or, when the system gives no thread, on the caller's afterwards. Returns when all have. One call
 * at a time, and none from within a job. */
void nf_threads_run(nf_threads *t, int count, void (*job)(void *user, int i), void *user);

#endif
