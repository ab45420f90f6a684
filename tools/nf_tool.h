/* What the commands of nf share: how they complain, what they load, and how numbers are shown. */
#ifndef NF_TOOLS_TOOL_H
#define NF_TOOLS_TOOL_H

#include "io/checkpoint.h"
#include "nf_data.h"
#include "nf_options.h"

/* Exit statuses. */
enum { NF_FINE = 0, NF_FAILED = 1, NF_BAD_INPUT = 2, NF_BY_SIGNAL = 128 };

/* The commands: main() calls one with its name as argv[0]. They return an exit status. */
int nf_train(int argc, char **argv);
int nf_eval(int argc, char **argv);
int nf_sample(int argc, char **argv);
int nf_interpolate(int argc, char **argv);
int nf_reconstruct(int argc, char **argv);
int nf_info(int argc, char **argv);

/* "nf COMMAND: …" on stderr, one line; returns NF_BAD_INPUT. */
extern const char *nf_command_name;
int nf_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Options that several commands have. */
#define NF_OPTION_DATA(to)                                                                      \
  {                                                                                             \
    "data", "SPEC", NF_TEXT, to,                                                                \
        "digits, icons, cifar10:DIR, cifar10-test:DIR, idx:FILE, png:DIR, toy:NAME", 0, 0, NULL \
  }
#define NF_OPTION_RANGE(to) \
  { "range", "A:B", NF_TEXT, to, "use only samples A … B-1 of the set", 0, 0, NULL }
#define NF_OPTION_THREADS(to) \
  { "threads", "N", NF_WHOLE, to, "threads; the result does not depend on them", 1, 1024, NULL }
#define NF_OPTION_SEED(to)                                                                         \
  {                                                                                                \
    "seed", "S", NF_WHOLE, to, "of all that is random; the same seed, the same result", 0, 1.8e19, \
        NULL                                                                                       \
  }

int nf_threads_default(void); /* the number of cores */

/* A checkpoint ready to run on that many threads. False after a complaint. */
bool nf_load_model(const char *path, uint64_t threads, nf_checkpoint *out);
/* Data that fit the model. False after a complaint. */
bool nf_load_data(const nf_checkpoint *c, const char *path, const char *spec, const char *range,
                  nf_data *out);

/* Images: bits per dimension of the discrete pixels. Points: nats. */
double nf_shown(double nats, nf_shape shape, unsigned levels); /* from -log p */
const char *nf_unit(unsigned levels);

double nf_seconds(void);                          /* of a clock that only runs forwards */
void nf_remaining(double seconds, char text[32]); /* "1h02m" or "2m05s" */

#endif
