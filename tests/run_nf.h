/* nf, as a person runs it, on files in the folder of the test (folder.h). */
#ifndef NF_TESTS_RUN_NF_H
#define NF_TESTS_RUN_NF_H

/* What nf prints on both channels, good until the next run; @ in the words stands for the folder.
 * The test fails when it ends with another status. */
const char *nf(int status, const char *words);

/* Trains d.safetensors, a small flow of digits, of which 50 are held out. */
void train_digits(void);

/* A text file of the folder, good until the next call. */
char *slurp(const char *name);

/* The number after a name in what it printed. */
double number(const char *text, const char *name);

#endif
