/* POSIX threads where there is one thread: WebAssembly without shared memory. pthread_create gives
 * no thread (EAGAIN), and then src/core/threads.c runs every job on the caller's, with the same
 * bits; a mutex excludes no other. */
#ifndef NF_WEB_PTHREAD_H
#define NF_WEB_PTHREAD_H

#include <errno.h>

typedef int pthread_t, pthread_mutex_t, pthread_cond_t;

#define pthread_create(thread, attributes, start, argument) \
  ((void)(thread), (void)(start), (void)(argument), EAGAIN)
#define pthread_join(thread, value)    ((void)(thread))
#define pthread_mutex_init(mutex, how) ((void)(mutex))
#define pthread_mutex_destroy(mutex)   ((void)(mutex))
#define pthread_mutex_lock(mutex)      ((void)(mutex))
#define pthread_mutex_unlock(mutex)    ((void)(mutex))
#define pthread_cond_init(cond, how)   ((void)(cond))
#define pthread_cond_destroy(cond)     ((void)(cond))
#define pthread_cond_wait(cond, mutex) ((void)(cond))
#define pthread_cond_signal(cond)      ((void)(cond))
#define pthread_cond_broadcast(cond)   ((void)(cond))

#endif
