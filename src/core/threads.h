/* A few threads for the length of one call. Starting one costs some 20 µs, a training step
 * thousands; so there is no pool to keep, and nobody spins while another program wants the
 * core. */
#ifndef NF_CORE_THREADS_H
#define NF_CORE_THREADS_H

/* job(user, t) for t = 0 … threads-1: t = 0 on the caller's thread, each other on its own, or on
 * the caller's too, afterwards, when the system gives no thread. Returns when all have. */
void nf_threads_run(int threads, void (*job)(void *user, int t), void *user);

#endif
