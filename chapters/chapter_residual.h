#ifndef CHAPTER_RESIDUAL_H
#define CHAPTER_RESIDUAL_H

/* Prints chapter 12's section on a residual block at x (chapter_residual.c). */
void residual_section(const double x[2]);

#endif
