/* A few threads that wait for work. Between two calls they sleep: nobody spins while another
 * program wants the core. They begin when they are first needed; starting and joining them anew for
 * every call would cost some 100 µs each time, a twentieth of a small training step. */
#ifndef NF_CORE_THREADS_H
#define NF_CORE_THREADS_H

typedef struct nf_threads nf_threads;

/* For up to `most` at once, the caller's included. NULL without memory. */
nf_threads *nf_threads_new(int most);
void nf_threads_free(nf_threads *t); /* NULL is fine */

/* job(user, i) for i = 0 … count-1, count ≤ most: 0 on the caller's thread, each other on its own
 * or, when the system gives no thread, on the caller's afterwards. Returns when all have. One call
 * at a time, and none from within a job. */
void nf_threads_run(nf_threads *t, int count, void (*job)(void *user, int i), void *user);

#endif
