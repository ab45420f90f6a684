/* The peak of one core: a file of its own because make ARCH= compiles it for each processor and
 * chooses when the program is loaded, as for the hot loops (src/core/dispatch.c). */
#ifndef BENCH_PEAK_RUN_H
#define BENCH_PEAK_RUN_H

/* Independent multiply-adds in registers, of vectors as wide as this build uses, for some
 * milliseconds; returns how many floating-point operations these are. */
double nf_peak_run(void);

#endif
