#ifndef CHAPTER_LATENT_H
#define CHAPTER_LATENT_H

/* Prints chapter 6's section on the bounds of a latent variable (chapter_latent.c). */
void latent_section(void);

#endif
