/* The options of nf train, and what they come to: a model, and how it is trained. */
#include "nf_settings.h"

static const char *const couplings[] = {"additive", "affine", NULL};
static const char *const permutations[] = {"full", "plu", NULL};
static const char *const priors[] = {"standard", "learned", NULL};
const char *const nf_optimisers[] = {"adam", "adamax", NULL};
const char *const nf_decays[] = {"constant", "cosine", "plateau", NULL};

static const nf_command command = {
    "train", NULL,
    "Learns a flow by maximum likelihood: steps on mini-batches that make the data more probable.\n"
    "Some samples are held out; every so often the flow is judged on them, in bits per dimension\n"
    "(points: in nats), and the best so far goes to OUT. Beside OUT, with X for its name without\n"
    ".safetensors, stand X.last.safetensors, from which the same command with --resume goes on\n"
    "exactly, and the log X.csv. Ctrl-C finishes the step, saves, and exits with 130.",
    "  nf train --data digits --minutes 1 --out digits.safetensors\n"
    "  nf train --data toy:moons --model realnvp --steps 2000 --out moons.safetensors\n"
    "  nf train --data cifar10:DIR --model glow --levels 3 --depth 8 --width 128 --minutes 60 \\\n"
    "    --out cifar.safetensors"};

nf_parsed nf_settings_read(nf_settings *s, int argc, char **argv) {
  *s = (nf_settings){.family = -1,
                     .coupling = -1,
                     .scale = -1,
                     .permutation = -1,
                     .prior = -1,
                     .optimiser = NF_ADAM,
                     .decay = NF_COSINE,
                     .width = 64,
                     .alpha = 0.05,
                     .batch = 64,
                     .warmup = 100,
                     .rate = 1e-3,
                     .ema = 0.999,
                     .seed = 1,
                     .threads = (uint64_t)nf_threads_default()};
  const nf_option option[] = {
      NF_OPTION_DATA(&s->data),
      NF_OPTION_RANGE(&s->range),
      {"out", "FILE", NF_TEXT, &s->out, "where the best weights go", 0, 0, NULL},
      {"resume", NULL, NF_FLAG, &s->resume, "go on from the last checkpoint", 0, 0, NULL},
      {"log", "FILE", NF_TEXT, &s->log, "CSV of every step [X.csv]", 0, 0, NULL},
      {"steps", "N", NF_WHOLE, &s->steps, "length of the run; or", 1, 1e12, NULL},
      {"epochs", "N", NF_WHOLE, &s->epochs, "passes through the data; or", 1, 1e9, NULL},
      {"minutes", "M", NF_REAL, &s->minutes, "time [1, when no length is given]", 1e-3, 1e6, NULL},
      {"model", "NAME", NF_WORD, &s->family, "nice, realnvp or glow [images: glow]", 0, 0,
       nf_family_names},
      {"levels", "L", NF_WHOLE, &s->levels, "scales of an image model [by its size]", 1, 16, NULL},
      {"depth", "K", NF_WHOLE, &s->depth,
       "steps of flow a level (glow), couplings (nice, points) [4; points: 8]", 1, 4096, NULL},
      {"width", "N", NF_WHOLE, &s->width, "hidden units or channels of the networks", 1, 65536,
       NULL},
      {"coupling", "KIND", NF_WORD, &s->coupling, "additive or affine [nice: additive]", 0, 0,
       couplings},
      {"scale", "FORM", NF_WORD, &s->scale,
       "of affine couplings: exp, tanh, sigmoid [glow: sigmoid, realnvp: tanh]", 0, 0,
       nf_scale_names},
      {"permutation", "KIND", NF_WORD, &s->permutation, "glow's 1×1 convolution: full or plu [plu]",
       0, 0, permutations},
      {"prior", "KIND", NF_WORD, &s->prior,
       "of what a split factors out: standard, learned [learned]", 0, 0, priors},
      {"alpha", "A", NF_REAL, &s->alpha, "of the logit of pixels", 0, 0.49, NULL},
      {"batch", "N", NF_WHOLE, &s->batch, "samples a step", 1, 1e6, NULL},
      {"optimiser", "NAME", NF_WORD, &s->optimiser, "adam or adamax", 0, 0, nf_optimisers},
      {"rate", "R", NF_REAL, &s->rate, "learning rate", 1e-12, 1e3, NULL},
      {"warmup", "N", NF_WHOLE, &s->warmup,
       "steps in which the rate grows to that, at most a tenth of the run", 0, 1e12, NULL},
      {"decay", "KIND", NF_WORD, &s->decay, "of the rate: constant, cosine, plateau", 0, 0,
       nf_decays},
      {"clip", "G", NF_REAL, &s->clip, "largest norm of the gradient; 0: any", 0, 1e30, NULL},
      {"ema", "D", NF_REAL, &s->ema, "decay of the averaged weights that are judged", 0, 0.999999,
       NULL},
      {"every", "N", NF_WHOLE, &s->every, "steps between validations [an epoch, at most 500]", 1,
       1e12, NULL},
      {"holdout", "N", NF_WHOLE, &s->holdout, "samples held out [a tenth, at most 1000]", 1, 1e9,
       NULL},
      {"lean", NULL, NF_FLAG, &s->lean, "the same run in less memory, and slower", 0, 0, NULL},
      NF_OPTION_SEED(&s->seed),
      NF_OPTION_THREADS(&s->threads),
  };
  return nf_options_read(&command, sizeof option / sizeof *option, option, argc, argv, NULL);
}

/* What was asked for and does not go together. */
static bool is_sensible(const nf_settings *s, nf_family family) {
  const int lengths = (s->steps > 0) + (s->epochs > 0) + (s->minutes > 0);
  if (lengths > 1)
    nf_complain("--steps, --epochs and --minutes: give one of them");
  else if (s->coupling == 1 && family == NF_NICE)
    nf_complain("--coupling affine: nice couples additively; realnvp is its affine sister");
  else if (s->scale > 0 && (s->coupling == 0 || family == NF_NICE))
    nf_complain("--scale %s: an additive coupling has no scale", nf_scale_names[s->scale]);
  else if (s->scale == 0 && s->coupling == 1)
    nf_complain("--scale none: that is an additive coupling");
  else if (s->lean && s->clip > 0)
    nf_complain("--lean: --clip needs the norm of a whole gradient, which is never held");
  else if (s->permutation >= 0 && family != NF_GLOW)
    nf_complain("--permutation: only glow has a 1×1 convolution");
  else if (s->prior >= 0 && family != NF_GLOW)
    nf_complain("--prior: only glow can learn it");
  else
    return true;
  return false;
}

bool nf_settings_model(const nf_settings *s, const nf_data *data, nf_model *out) {
  const nf_family family = s->family >= 0     ? (nf_family)s->family
                           : data->levels > 0 ? NF_GLOW
                                              : NF_REALNVP;
  if (!is_sensible(s, family)) return false;
  nf_model m = nf_model_default(family, data->shape);
  m.pixel_levels = data->levels;
  m.alpha = s->alpha;
  m.seed = s->seed;
  m.width = (size_t)s->width;
  if (s->levels > 0) m.levels = (size_t)s->levels;
  if (s->depth > 0) m.steps = (size_t)s->depth;
  if (s->scale >= 0) m.scale = (nf_scale)s->scale;
  if (s->coupling == 0) m.scale = NF_SCALE_NONE;
  if (s->permutation >= 0) m.plu = s->permutation == 1;
  if (s->prior >= 0) m.learned_prior = s->prior == 1;
  *out = m;
  return true;
}

nf_train_settings nf_settings_training(const nf_settings *s, uint64_t steps) {
  nf_train_settings t = nf_train_default();
  t.adam = nf_adam_default(s->optimiser == 1 ? NF_ADAMAX : NF_ADAM);
  t.schedule = (nf_schedule){.decay = (nf_decay)s->decay,
                             .rate = s->rate,
                             .warmup = s->warmup < steps / 10 ? s->warmup : steps / 10,
                             .steps = steps,
                             .least = 0.01,
                             .factor = 0.5,
                             .patience = 5};
  t.clip = s->clip;
  t.fused = s->lean;
  t.ema = s->ema;
  return t;
}
