/* The field of least loss of flow matching, E‖v(x_t, t) - (z - x)‖², for data of which it is known
 * (verify/mixture.h, NOTES 12.5): N(1, ¼) and ½N(-1, ¼) + ½N(1, ¼) on the line, and the toy density
 * `gaussians` in the plane. Its flow, what N steps of it make of log p, and the loss itself. */
#ifndef CHAPTER_MATCHING_H
#define CHAPTER_MATCHING_H

#include "verify/mixture.h"

extern const nf_mixture matching_one, matching_two;

/* On the line, x at the time `to` from that at `from`: by ode_adaptive, with ∫ tr ∂v/∂x dt unless
 * it is NULL; and by N steps of (12.7) */
double matching_adaptive(const nf_mixture *m, double from, double to, double x, double *log_det);
double matching_by_steps(const nf_mixture *m, double from, double to, size_t steps, double x);

/* x of matching_two with F(x) = Φ(z), F its distribution function; by bisection */
double matching_quantile(double z);

/* ∫ Var(z - x | x_t) dt = ∫ s²/((1-t)² s² + t²) dt of matching_one (12.12), by GSL */
double matching_least_loss_one(void);
/* E‖z - x‖² - E‖v(x_t, t)‖² of `gaussians` by (12.10), over 100,000 draws */
double matching_least_loss_eight(void);

/* The mean of log p - log p_N over n points of `gaussians`, at most MATCHING_POINTS, by N steps on
 * the exact field, and its standard error, unless that is NULL */
enum { MATCHING_POINTS = 10000 };
double matching_gap(size_t steps, size_t n, double *error);

/* For --plot, columns as the chapter's --help has them */
void matching_plot_trajectories(void);
void matching_plot_density(void);
void matching_plot_line(void);
void matching_plot_line_density(void);

#endif
