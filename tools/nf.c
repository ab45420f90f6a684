/* The command line for real work: train a flow on images or points, and use it. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nf_ranks.h"
#include "nf_tool.h"

static const char help[] =
    "nf COMMAND [arguments]      normalizing flows on images and points\n"
    "\n"
    "A flow is an invertible map between data and Gaussian noise: it gives every image its exact\n"
    "log-probability, and it draws new ones. Train one, then ask it.\n"
    "\n"
    "commands        (nf COMMAND --help tells more)\n"
    "  train         learn a flow from data by maximum likelihood; stop and resume at will\n"
    "  eval          bits per dimension of data, with their standard error\n"
    "  sample        draw new images into a PNG grid, or points\n"
    "  interpolate   from one image to another through the latent space\n"
    "  reconstruct   data to latent and back: what comes back is the same\n"
    "  info          the layers of a flow, their parameters, their mean log-det\n"
    "\n"
    "data\n"
    "  digits, icons                embedded: 1797 of 8×8×1, 214 of 32×32×3\n"
    "  cifar10:DIR, cifar10-test:DIR   CIFAR-10, binary version\n"
    "  idx:IMAGES[,LABELS]          MNIST's format, plain or gzipped\n"
    "  png:DIR                      all PNG images of a folder, of one size\n"
    "  toy:NAME                     points: moons, gaussians, banana, rings, checkerboard\n"
    "\n"
    "examples\n"
    "  nf train --data digits --minutes 1 --out digits.safetensors\n"
    "  nf eval digits.safetensors --data digits\n"
    "  nf sample digits.safetensors --n 64 --out digits.png\n"
    "\n"
    "Exit status: 0 fine, 1 a check failed, 2 usage or input, 130 stopped by Ctrl-C.";

const char *nf_command_name = NULL;
static char complaint[NF_MESSAGE + 64]; /* the last one */

int nf_complain(const char *format, ...) {
  char message[NF_MESSAGE], line[NF_MESSAGE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  nf_fail(0, line, "%s", message); /* one line, whatever a name holds */
  snprintf(complaint, sizeof complaint, "nf%s%s: %s\n", nf_command_name != NULL ? " " : "",
           nf_command_name != NULL ? nf_command_name : "", line);
  if (nf_ranks_leads()) fputs(complaint, stderr);
  return NF_BAD_INPUT;
}

int nf_threads_default(void) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? (int)cores : 1;
}

bool nf_load_model(const char *path, uint64_t threads, nf_checkpoint *out) {
  char message[NF_MESSAGE];
  if (nf_checkpoint_load(path, out, message) != NF_OK) return nf_complain("%s", message) == NF_FINE;
  if (nf_flow_set_threads(out->flow, (int)threads) == NF_OK) return true;
  nf_checkpoint_free(out);
  return nf_complain("%s: no memory for %d threads", path, (int)threads) == NF_FINE;
}

bool nf_load_data(const nf_checkpoint *c, const char *path, const char *spec, const char *range,
                  nf_data *out) {
  char message[NF_MESSAGE];
  if (spec == NULL) return nf_complain("--data is missing, as in --data digits") == NF_FINE;
  if (nf_data_load(spec, range, out, message) != NF_OK)
    return nf_complain("%s", message) == NF_FINE;
  const nf_shape s = out->shape, m = c->model.shape;
  if (nf_shape_equal(s, m) && out->levels == c->model.pixel_levels) return true;
  nf_complain("%s: samples of %zu×%zu×%zu with %u levels; %s takes %zu×%zu×%zu with %u", spec, s.h,
              s.w, s.c, out->levels, path, m.h, m.w, m.c, c->model.pixel_levels);
  nf_data_free(out);
  return false;
}

double nf_shown(double nats, nf_shape shape, unsigned levels) {
  return levels > 0 ? nf_bits_per_dim(-nats, nf_shape_size(shape)) : nats;
}

const char *nf_unit(unsigned levels) { return levels > 0 ? "bits/dim" : "nats"; }

double nf_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void nf_remaining(double seconds, char text[32]) {
  const int s = seconds > 0 && seconds < 1e8 ? (int)seconds : 0;
  if (s >= 3600)
    snprintf(text, 32, "%dh%02dm", s / 3600, s / 60 % 60);
  else
    snprintf(text, 32, "%dm%02ds", s / 60, s % 60);
}

static int obey(int argc, char **argv) {
  static const char *const name[] = {"train",       "eval", "sample", "interpolate",
                                     "reconstruct", "info", NULL};
  static int (*const run[])(int, char **) = {nf_train,       nf_eval,        nf_sample,
                                             nf_interpolate, nf_reconstruct, nf_info};
#ifdef SIGXFSZ
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error to report, as a full disk is */
#endif
  if (argc < 2) return nf_complain("the command is missing; see nf --help");
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    puts(help);
    return NF_FINE;
  }
  const int command = nf_word_find("command", argv[1], name);
  if (command < 0) return NF_BAD_INPUT;
  nf_command_name = name[command];
  if (run[command] != nf_train && nf_all_ranks.count > 1)
    return nf_complain("only nf train shares its work among ranks; start this without mpirun");
  const int status = run[command](argc - 1, argv + 1);
  if (fflush(stdout) != 0 || ferror(stdout)) return nf_complain("cannot write to standard output");
  return status;
}

int main(int argc, char **argv) {
  nf_ranks_begin(&argc, &argv);
  const int status = obey(argc, argv);
  /* What went wrong on all ranks is said once; what went wrong on another than 0, by that one. */
  if (nf_ranks_first(complaint[0] != 0) && !nf_ranks_leads()) fputs(complaint, stderr);
  nf_ranks_end();
  return status;
}
