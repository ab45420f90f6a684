/* The command line: train a flow on images or points, and use it. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "io/file.h"
#include "ranks.h"

const char cli_help[] =
    "nf COMMAND [arguments]      normalizing flows on images and points\n"
    "\n"
    "A flow is an invertible map between data and Gaussian noise: it gives every sample its exact\n"
    "log-density, and it draws new ones.\n"
    "\n"
    "commands        (nf help COMMAND tells more)\n"
    "  train         learn a flow from data by maximum likelihood; stop and resume at will\n"
    "  eval          bits per dimension of images, nats of points, with their standard error\n"
    "  sample        draw new images into a PNG grid, or points\n"
    "  interpolate   from one sample to another through the latent space\n"
    "  reconstruct   data to latent and back: what comes back is the same\n"
    "  levels        what each level of a flow's latent carries, in pictures\n"
    "  info          the layers of a flow, their parameters, their mean log-det\n"
    "  import        the weights of another program as a flow\n"
    "  man           this manual, as a page for man\n"
    "  completion    the words that bash completes after nf\n"
    "                (nf --version prints the version and the precision)\n"
    "\n"
    "data\n"
    "  digits, icons                     embedded: 1797 of 8×8×1, 214 of 32×32×3\n"
    "  cifar10:DIR, cifar10-test:DIR     CIFAR-10, binary version\n"
    "  idx:IMAGES[,LABELS]               MNIST's format, plain or gzipped\n"
    "  cifar100:DIR, cifar100-test:DIR   CIFAR-100, binary version\n"
    "  png:DIR                           all PNG images of a folder, of one size\n"
    "  csv:FILE, npy:FILE                points of your own, one a row; csv:- is standard input\n"
    "  images:DIR                        all PNG and JPEG images of a folder, of one size or "
    "--size "
    "HxW,\n"
    "                                    those in its folders with --recursive; others are "
    "skipped\n"
    "  toy:NAME                          points: moons, gaussians, banana, rings, checkerboard\n"
    "\n"
    "examples\n"
    "  nf train --data digits --minutes 1 --out digits.safetensors\n"
    "  nf eval digits.safetensors --data digits\n"
    "  nf sample digits.safetensors --n 64 --out digits.png\n"
    "\n"
    "nf calculates in single precision: values of points are rounded to 24 bits, about 7 digits, "
    "and\n"
    "from 3.4e38 refused. A difference that small beside the values, as of times in seconds since\n"
    "1970, is lost: subtract what they have in common.\n"
    "A file - is standard input, or output; links are followed.\n"
    "Exit status: 0 fine, 1 a check failed or what is printed was cut short, 2 usage, input, or a\n"
    "file that cannot be written, 129, 130, 143 stopped by SIGHUP, Ctrl-C, SIGTERM.";

static const char *command_name = NULL;
static char last_error[NF_MESSAGE + 64];

/* One line; control characters in a name become '?'. */
static void print_line(char *to, size_t size, const char *format, va_list arguments) {
  char message[12 * NF_MESSAGE];
  nf_error line = {0};
  vsnprintf(message, sizeof message, format, arguments);
  nf_fail(&line, NF_EINVAL, "%s", message);
  snprintf(to, size, "nf%s%s: %s\n", command_name != NULL ? " " : "",
           command_name != NULL ? command_name : "", line.message);
  if (ranks_is_first()) fputs(to, stderr);
}

int cli_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_line(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return CLI_BAD_INPUT;
}

void cli_note(const char *format, ...) {
  char line[sizeof last_error];
  va_list arguments;
  va_start(arguments, format);
  print_line(line, sizeof line, format, arguments);
  va_end(arguments);
}

int cli_threads(uint64_t given) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return given > 0 ? (int)given : cores > 0 ? (int)cores : 1;
}

/* Whether the path is one of the files in "kind:FILE[,FILE]", or in the folder of "kind:FOLDER". */
static bool is_of_data(const char *path, const char *spec) {
  const char *slash = strrchr(path, '/'), *from = spec != NULL ? strchr(spec, ':') : NULL;
  for (int n; from != NULL && *from != 0; from += 1 + n) {
    char file[4096], inside[4400];
    n = (int)strcspn(from + 1, ",");
    snprintf(file, sizeof file, "%.*s", n, from + 1);
    snprintf(inside, sizeof inside, "%s/%s", file, slash != NULL ? slash + 1 : path);
    if (nf_is_same_file(path, file)) return true;
    if (access(path, F_OK) == 0 && nf_is_same_file(path, inside)) return true;
  }
  return false;
}

bool cli_output_is_free(const char *option, const char *path, const char *model, const char *spec) {
  const char *what = NULL;
  if (path == NULL || strcmp(path, "-") == 0) return true;
  if (model != NULL && nf_is_same_file(path, model)) what = "the model";
  if (is_of_data(path, spec)) what = "the data";
  if (what != NULL) cli_error("%s %s: it would replace %s; name another file", option, path, what);
  if (what == NULL && model != NULL) nf_new_file_clean(path); /* a run cleans under its lock */
  return what == NULL;
}

bool cli_load_model(const char *path, uint64_t threads, nf_checkpoint *out) {
  nf_error e = {0};
  nf_checkpoint_load(path, out, &e);
  const int n = cli_threads(threads);
  if (e.status == NF_OK && nf_flow_set_threads(out->flow, n, NULL) == NF_OK) return true;
  nf_fail(&e, NF_ENOMEM, "%s: no memory for %d threads", path, n);
  nf_checkpoint_free(out);
  cli_error("%s", e.message);
  return false;
}

double cli_in_unit(double nats, nf_shape shape, unsigned bins) {
  return bins > 0 ? nf_bits_per_dim(-nats, nf_shape_size(shape)) : nats;
}

const char *cli_unit(unsigned bins) { return bins > 0 ? "bits/dim" : "nats"; }

/* --- the commands --------------------------------------------------------------------------- */

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {{"train", cli_train},
                {"eval", cli_eval},
                {"sample", cli_sample},
                {"interpolate", cli_interpolate},
                {"reconstruct", cli_reconstruct},
                {"levels", cli_levels},
                {"info", cli_info},
                {"import", cli_import},
                {"man", cli_man},
                {"completion", cli_completion}};
enum { COMMANDS = sizeof commands / sizeof *commands };

void cli_print_tables(cli_table_printer *of_one) {
  cli_print_table = of_one;
  for (int i = 0; i < COMMANDS; i++)
    commands[i].run(2, (char *[]){(char[]){"nf"}, (char[]){"--help"}, NULL});
}

static int run_command(int argc, char **argv) {
  if (argv[1][0] == '-')
    return cli_error("'%s': the command comes before its options, as in nf train; see nf --help",
                     argv[1]);
  const char *name[COMMANDS + 1] = {NULL};
  for (int i = 0; i < COMMANDS; i++) name[i] = commands[i].name;
  const int command = cli_find_word("command", argv[1], name);
  if (command < 0) return CLI_BAD_INPUT;
  command_name = name[command];
  if (commands[command].run != cli_train && ranks_all.count > 1)
    return cli_error("only nf train shares its work among ranks; start this without mpirun");
  return commands[command].run(argc - 1, argv + 1);
}

static bool asks_for_help(const char *word) {
  return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* nf help COMMAND is nf COMMAND --help. */
static int help_on_command(int argc, char **argv) {
  if (argc > 3) return cli_error("'%s': unexpected argument; see nf --help", argv[3]);
  return run_command(3, (char *[]){argv[0], argv[2], (char[]){"--help"}, NULL});
}

static int run(int argc, char **argv) {
#ifdef SIGXFSZ
  signal(SIGXFSZ, SIG_IGN); /* a file too large is an error to report, as a full disk is */
#endif
  int status = CLI_OK;
  if (argc < 2)
    return cli_error("the command is missing; see nf --help");
  else if (asks_for_help(argv[1]) && argc > 2 && !asks_for_help(argv[2]))
    status = help_on_command(argc, argv);
  else if (asks_for_help(argv[1]))
    puts(cli_help);
  else if (strcmp(argv[1], "--version") == 0)
    printf("nf %s, in %s precision\n", nf_version(), sizeof(nf_real) == 4 ? "single" : "double");
  else
    status = run_command(argc, argv);
  return status;
}

/* Whether all that was printed was also written. When an earlier write failed but not the last, the
 * reason is not known any more. */
static bool is_printed(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return true;
  command_name = NULL;
  if (errno != 0)
    cli_error("standard output: cannot write: %s", strerror(errno));
  else
    cli_error("standard output: cannot write");
  return false;
}

int main(int argc, char **argv) {
  ranks_begin(&argc, &argv);
  cli_signals_begin();
  int status = run(argc, argv);
  if (!is_printed()) status = CLI_FAILED;
  /* An error on all ranks is printed once; one on another than rank 0, by that rank. */
  if (ranks_first_where(last_error[0] != 0) && !ranks_is_first()) fputs(last_error, stderr);
  ranks_end();
  return status;
}
