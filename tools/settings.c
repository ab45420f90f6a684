/* The options of nf train, and what follows from them: a model, and how it is trained. */
#include "flow/models.h"
#include "train.h"

static const char *const couplings[] = {"additive", "affine", NULL};
static const char *const conditions[] = {"label", NULL};
static const char *const dequantisations[] = {"uniform", "variational", NULL};
static const char *const permutations[] = {"full", "plu", NULL};
static const char *const priors[] = {"standard", "learned", NULL};
const char *const cli_optimisers[] = {"adam", "adamax", NULL};
const char *const cli_decays[] = {"constant", "cosine", "plateau", NULL};

static const cli_command command = {
    "train", NULL,
    "Learns a flow by maximum likelihood: steps on mini-batches that make the data more probable.\n"
    "Some samples are held out; every so often the flow is evaluated on them, in bits per\n"
    "dimension (points: in nats), and the best so far goes to the file of --out. A toy density\n"
    "gives new points at every step, unless --range cuts its set. In the end the error of the\n"
    "solver of cnf and fm is shown as nf eval does it.\n"
    "\n"
    "Beside X.safetensors, the file of --out, are X.last.safetensors, from which the same command\n"
    "with --resume goes on exactly, and the log X.log.csv. A run replaces no files of another.\n"
    "Ctrl-C, SIGTERM and SIGHUP finish the step, save, and exit with 130, 143 and 129.",
    "  nf train --data digits --minutes 1 --out digits.safetensors\n"
    "  nf train --data toy:moons --model realnvp --steps 2000 --out moons.safetensors\n"
    "  nf train --data csv:points.csv --columns x,y --minutes 1 --out flow.safetensors\n"
    "  nf train --data cifar10:DIR --model glow --levels 3 --depth 8 --width 128 --minutes 60 \\\n"
    "    --out cifar.safetensors"};

static const cli_settings defaults = {.family = -1,
                                      .net = -1,
                                      .condition = -1,
                                      .coupling = -1,
                                      .scale = -1,
                                      .permutation = -1,
                                      .prior = -1,
                                      .optimiser = NF_ADAM,
                                      .decay = NF_COSINE,
                                      .width = 64,
                                      .alpha = 0.05,
                                      .warmup = 100,
                                      .rate = 1e-3,
                                      .ema = 0.999,
                                      .seed = 1};

int cli_settings_read(cli_settings *s, int argc, char **argv) {
  *s = defaults;
  const cli_option option[] = {
      CLI_OPTIONS_DATA(&s->data),
      {"out", "FILE", CLI_TEXT, &s->out, "where the best weights go", 0, 0, NULL},
      {"resume", NULL, CLI_FLAG, &s->resume,
       "go on from the last checkpoint; length, every, rate, warmup, decay, clip and ema may "
       "differ",
       0, 0, NULL},
      {"log", "FILE", CLI_TEXT, &s->log, "CSV of every step [X.log.csv]", 0, 0, NULL},
      {"steps", "N", CLI_WHOLE, &s->steps, "length of the run; or", 1, 1e12, NULL},
      {"epochs", "N", CLI_WHOLE, &s->epochs, "passes through the data; or", 1, 1e9, NULL},
      {"minutes", "M", CLI_REAL, &s->minutes, "time [1, when no length is given]", 1e-3, 1e6, NULL},
      {"model", "NAME", CLI_WORD, &s->family, "%s [images: glow, points: realnvp]", 0, 0,
       nf_family_names},
      {"levels", "L", CLI_WHOLE, &s->levels, "scales of an image model [by its size]", 1, 16, NULL},
      {"depth", "K", CLI_WHOLE, &s->depth,
       "steps of flow a level (glow, nsf), layers (maf), couplings (nice, single-scale, points), "
       "steps of the ODE (cnf, fm) [4; points: 8, cnf and fm: 16]",
       1, 4096, NULL},
      {"width", "N", CLI_WHOLE, &s->width, "hidden units or channels of the networks", 1, 65536,
       NULL},
      {"net", "FORM", CLI_WORD, &s->net, "networks of an image model: %s [usual]", 0, 0,
       nf_net_names},
      {"blocks", "N", CLI_WHOLE, &s->blocks, "of a gated network [3]", 1, 256, NULL},
      {"condition", "WHAT", CLI_WORD, &s->condition, "learn p(x | y), with y the %s of an image", 0,
       0, conditions},
      {"dequantise", "NOISE", CLI_WORD, &s->dequantise,
       "noise of pixels: %s, a flow that is learned, too", 0, 0, dequantisations},
      {"coupling", "KIND", CLI_WORD, &s->coupling, "%s [nice: additive]", 0, 0, couplings},
      {"scale", "FORM", CLI_WORD, &s->scale,
       "of affine couplings: %s [glow: sigmoid, realnvp: tanh, single-scale: clamp]", 0, 0,
       nf_scale_names},
      {"permutation", "KIND", CLI_WORD, &s->permutation,
       "1×1 convolution of glow and nsf: %s [plu]", 0, 0, permutations},
      {"prior", "KIND", CLI_WORD, &s->prior, "of what a split factors out: %s [learned]", 0, 0,
       priors},
      {"alpha", "A", CLI_REAL, &s->alpha, "of the logit of pixels", 0, 0.49, NULL},
      {"batch", "N", CLI_WHOLE, &s->batch,
       "samples a step [64, or all that train, when they are fewer]", 1, 1e6, NULL},
      {"optimiser", "NAME", CLI_WORD, &s->optimiser, "%s", 0, 0, cli_optimisers},
      {"rate", "R", CLI_REAL, &s->rate, "learning rate", 1e-12, 1e3, NULL},
      {"warmup", "N", CLI_WHOLE, &s->warmup,
       "steps in which the rate grows to that, at most a tenth of the run", 0, 1e12, NULL},
      {"decay", "KIND", CLI_WORD, &s->decay, "of the rate: %s", 0, 0, cli_decays},
      {"clip", "G", CLI_REAL, &s->clip, "largest norm of the gradient; 0: any", 0, 1e30, NULL},
      {"ema", "D", CLI_REAL, &s->ema, "decay of the averaged weights that are evaluated", 0,
       0.999999, NULL},
      {"every", "N", CLI_WHOLE, &s->every, "steps between validations [an epoch, at most 500]", 1,
       1e12, NULL},
      {"holdout", "N", CLI_WHOLE, &s->holdout, "samples held out [a tenth, at most 1000]", 1, 1e9,
       NULL},
      {"flip", NULL, CLI_FLAG, &s->flip,
       "mirror training images left to right, half of them at every step, chosen at random", 0, 0,
       NULL},
      {"fused", NULL, CLI_FLAG, &s->fused,
       "the same run, slower, in less memory when its networks are large", 0, 0, NULL},
      {"quiet", NULL, CLI_FLAG, &s->quiet,
       "prints errors and warnings alone: no progress, no report at the end, no changes of a "
       "resumed run",
       0, 0, NULL},
      CLI_OPTION_SEED(&s->seed),
      CLI_OPTION_THREADS(&s->threads),
  };
  return cli_read_options(&command, sizeof option / sizeof *option, option, argc, argv, NULL);
}

/* Whether the options go together, and with points. False after an error. */
static bool is_consistent(const cli_settings *s, const nf_architecture *a, bool points) {
  const int lengths = (s->steps > 0) + (s->epochs > 0) + (s->minutes > 0);
  if (lengths > 1)
    cli_error("--steps, --epochs and --minutes: give one of them");
  else if ((s->coupling >= 0 || s->scale >= 0) && a->scale == NF_SCALE_NONE)
    cli_error("--%s: %s has no affine couplings", s->coupling >= 0 ? "coupling" : "scale", a->name);
  else if (a->matching && s->fused)
    cli_error("--fused: a fused step is one of maximum likelihood; %s is trained by flow matching",
              a->name);
  else if (s->coupling == 1 && !a->affine)
    cli_error("--coupling affine: the couplings of %s are additive", a->name);
  else if (s->scale > 0 && (s->coupling == 0 || !a->affine))
    cli_error("--scale %s: an additive coupling has no scale", nf_scale_names[s->scale]);
  else if (s->scale == 0 && s->coupling == 1)
    cli_error("--scale none: that is an additive coupling");
  else if (s->fused && s->clip > 0)
    cli_error("--fused: --clip needs the norm of the complete gradient, which is never stored");
  else if (s->net == NF_NET_GATED && (points || !a->net))
    cli_error("--net gated: gated networks are for images; %s has MLPs",
              points ? "a flow on points" : a->name);
  else if (s->blocks > 0 && s->net != NF_NET_GATED)
    cli_error("--blocks: only gated networks have blocks; add --net gated");
  else if (s->dequantise > 0 && points)
    cli_error("--dequantise variational: it is for pixels; %s has points", s->data.spec);
  else if (s->flip && points)
    cli_error("--flip: it is for images; %s has points", s->data.spec);
  else if (s->permutation >= 0 && !a->plu)
    cli_error("--permutation: %s has no 1×1 convolution", a->name);
  else if (s->prior >= 0 && !a->prior)
    cli_error("--prior: %s has no learned prior", a->name);
  else
    return true;
  return false;
}

bool cli_settings_model(const cli_settings *s, const cli_data *data, nf_model *out) {
  const nf_family family = s->family >= 0   ? (nf_family)s->family
                           : data->bins > 0 ? NF_GLOW
                                            : NF_REALNVP;
  const bool points = nf_shape_pixels(data->shape) == 1;
  if (!is_consistent(s, nf_architecture_of(family), points)) return false;
  if (s->condition >= 0 && !nf_architecture_of(family)->given) {
    cli_error("--condition: %s cannot be given a label; models with couplings can",
              nf_family_names[family]);
    return false;
  }
  if (s->condition >= 0 && data->classes < 2) {
    const bool one = data->classes == 1;
    cli_error(
        "--condition label: %s has %s; digits, cifar10:DIR, cifar100:DIR and idx:IMAGES,LABELS "
        "have%s",
        s->data.spec, one ? "one class" : "no labels", one ? " more" : "");
    return false;
  }
  nf_model m = nf_model_default(family, data->shape);
  m.bins = data->bins;
  m.variational = s->dequantise == 1;
  m.standardise = data->columns != NULL;
  m.alpha = s->alpha;
  m.seed = s->seed;
  m.width = (size_t)s->width;
  if (s->levels > 0) m.levels = (size_t)s->levels;
  if (s->depth > 0) m.steps = (size_t)s->depth;
  if (s->condition >= 0) m.condition = data->classes;
  if (s->net >= 0) m.net = (nf_net_form)s->net;
  if (s->blocks > 0) m.blocks = (size_t)s->blocks;
  if (s->scale >= 0) m.scale = (nf_scale)s->scale;
  if (s->coupling == 0) m.scale = NF_SCALE_NONE;
  if (s->permutation >= 0) m.plu = s->permutation == 1;
  if (s->prior >= 0) m.learned_prior = s->prior == 1;
  *out = m;
  return true;
}

nf_train_settings cli_settings_training(const cli_settings *s, nf_family family, uint64_t steps) {
  nf_train_settings t = nf_train_default();
  t.adam = nf_adam_default(s->optimiser == 1 ? NF_ADAMAX : NF_ADAM);
  t.schedule = (nf_schedule){.decay = (nf_decay)s->decay,
                             .rate = s->rate,
                             .warmup = s->warmup < steps / 10 ? s->warmup : steps / 10,
                             .steps = steps,
                             .floor = 0.01,
                             .factor = 0.5,
                             .patience = 5};
  t.clip = s->clip;
  t.fused = s->fused;
  t.matching = nf_architecture_of(family)->matching;
  t.seed = s->seed;
  t.ema = s->ema;
  return t;
}
