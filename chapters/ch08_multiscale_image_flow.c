/* Chapter 8 (NOTES (8.1)-(8.4)). A whole multi-scale flow on one real image, d = 32·32·3 = 3072:
 *
 *   pixels → dequantise → logit → 3 × [squeeze → 2 × (actnorm, 1×1 convolution, coupling)]
 *            and between two scales a learned prior (a coupling, too) and the split
 *   log p_X(x) = log N(z; 0, I) + Σ log-det of the stages        bits/dim = -log p_X/(d log 2)
 *
 * A trace lists every stage, and checks its log-det by differences. The flow is trained on icons
 * 0 … 189 of the embedded set (data/flows/README.md has the command); the image is one of the
 * others. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chapter.h"
#include "io/checkpoint.h"
#include "io/png.h"
#include "verify/trace.h"

enum { D = 3072, LEVELS = 3, HELD_OUT = 190 /* icons from here on */, SEED = 8, SAMPLES = 16 };

static chapter_option option[] = {
    {"cifar", "DIR", "an image of CIFAR-10's binary version instead of the embedded icons", NULL},
    {"index", "N", "which image, from 0 [207]", "207"},
    {"png", "FILE", "write the 16 samples as a picture", NULL},
    {0}};
enum { CIFAR, INDEX, PNG };

/* --- the flow and the image ------------------------------------------------------------------ */

extern const unsigned char icons_flow[]; /* data/flows/icons.safetensors */
extern const size_t icons_flow_size;

static nf_flow *flow;
static nf_error e;
static nf_images icons;
static size_t image; /* its number, which the noise belongs to */
static double pixel[D], z[D], log_det, log_p;

static void load_flow(void) {
  static nf_checkpoint c;
  static nf_safetensors file;
  nf_safetensors_parse("icons", icons_flow, icons_flow_size, &file, &e);
  nf_checkpoint_build("icons", &file, &c, &e);
  chapter_need(&e);
  flow = c.flow;
}

static void set_up(void) {
  nf_images cifar = {0};
  load_flow();
  nf_images_icons(&icons, &e);
  if (option[CIFAR].value) nf_images_cifar10(option[CIFAR].value, false, &cifar, &e);
  chapter_need(&e);
  const nf_images *set = option[CIFAR].value ? &cifar : &icons;
  image = (size_t)chapter_integer(&option[INDEX], 0, (long)set->n - 1);
  nf_images_values(set, image, 1, pixel, &e);
  nf_images_free(&cifar);
}

static nf_trace stages;

static void run(void) {
  set_up();
  nf_batch x = nf_flow_batch(flow, 1, pixel);
  x.first = image;
  chapter_need_ok(nf_verify_trace(flow->bijector, &x, &stages), "nf_verify_trace");
  nf_flow_forward_batch(flow, &x, z, &log_det, &e);
  nf_flow_log_prob_batch(flow, &x, &log_p, &e);
  chapter_need(&e);
}

/* "prior": the coupling before a split, x_b given x_a. */
static const char *stage_name(const nf_bijector *layer) {
  const bool prior = layer->net != NULL && layer->net->width == 0; /* one convolution */
  return prior ? "prior" : layer->type->name;
}

/* --- the sections ---------------------------------------------------------------------------- */

static double bits(double nats) { return -nats / (D * log(2)); }

/* Stage, its kind, its bits/dim; the last line is the latent's. */
static void plot_bits(void) {
  const char *const kind[] = {"dequantise", "logit",    "squeeze", "actnorm",
                              "conv1x1",    "coupling", "prior",   "split"};
  run();
  for (size_t i = 0; i < stages.n; i++) {
    const nf_trace_row *r = &stages.row[i];
    for (int k = 0; k < 8; k++)
      if (strcmp(stage_name(r->layer), kind[k]) == 0)
        printf("%zu %d %.10g\n", i + 1, k, r->parts ? 0 : bits(r->log_det));
  }
  printf("%zu 8 %.10g\n", stages.n + 1, bits(log_p - log_det));
}

static void trace(void) {
  set_up();
  chapter_trace("The image through all 27 stages", flow, image, pixel);
}

static double show_stages(void) {
  double sum = 0;
  size_t done = 0;
  chapter_section("Stage by stage: the shape after it, and what it adds to log|det J|");
  chapter_text(
      "  Each log-det beside that by differences; values that a split factors out leave the flow.");
  chapter_table(
      "stage", 5,
      (const char *[]){"log-det", "differences", "running sum", "factored out", "still in"});
  for (size_t i = 0; i < stages.n; i++) {
    const nf_trace_row *r = &stages.row[i];
    const nf_shape s = r->parts ? r->layer->child[0]->in : r->layer->out;
    const double own = r->parts ? 0 : r->log_det; /* a split moves no number */
    if (r->parts) done += nf_shape_size(r->layer->in) - nf_shape_size(s);
    chapter_row("%-10s %zu×%zu×%zu", stage_name(r->layer), s.h, s.w, s.c);
    chapter_cell(chapter_name("stage_%02zu_%s", i + 1, stage_name(r->layer)), own);
    if (!r->parts) chapter_claim("differences", r->check, 1e-6);
    chapter_cell_unrecorded(r->parts ? 0 : r->check);
    chapter_cell_unrecorded(sum += own);
    chapter_cell_unrecorded((double)done);
    chapter_cell_unrecorded((double)(D - done));
  }
  return sum;
}

/* The variables that left the flow at each scale; the last scale's stand first in z. */
static double show_scales(void) {
  double norm_sq = 0;
  size_t begin = D;
  chapter_section("The latent image: what was factored out at each scale");
  chapter_table("scale", 3, (const char *[]){"variables", "mean z²", "log N(z; 0, I)"});
  for (size_t l = 1; l <= LEVELS; l++) {
    const size_t end = begin;
    double part = 0;
    begin = l < LEVELS ? begin / 2 : 0;
    for (size_t i = begin; i < end; i++) part += z[i] * z[i];
    chapter_row("%zu", l);
    chapter_cell_unrecorded((double)(end - begin));
    chapter_cell(chapter_name("mean_z_sq_%zu", l), part / (double)(end - begin));
    chapter_cell_unrecorded(-0.5 * (part + (double)(end - begin) * LN_2PI));
    norm_sq += part;
  }
  return -0.5 * (norm_sq + D * LN_2PI);
}

static void show_way_back(void) {
  double back[D], log_det_back;
  int wrong = 0;
  nf_flow_inverse(flow, 1, z, back, &log_det_back, &e);
  chapter_need(&e);
  for (size_t i = 0; i < D; i++) wrong += back[i] != pixel[i];
  chapter_section("The inverse");
  chapter_value("pixels_wrong", wrong, "of 3072, after z → x");
  chapter_claim("an exact inverse", 0, 0);
  chapter_unrecorded("log_det_back", log_det_back, "log|det ∂f⁻¹/∂z|");
  chapter_claim("-log|det ∂f/∂x|", -log_det, 1e-7);
}

/* Mean bits/dim of icons begin … end-1, each with noise of its own. */
static double mean_bits(size_t begin, size_t end) {
  const size_t n = end - begin;
  double *x = chapter_alloc(n * D), *each = chapter_alloc(n), sum = 0;
  nf_images_values(&icons, begin, n, x, &e);
  nf_batch batch = nf_flow_batch(flow, n, x);
  batch.first = begin;
  nf_flow_log_prob_batch(flow, &batch, each, &e);
  chapter_need(&e);
  for (size_t i = 0; i < n; i++) sum += bits(each[i]);
  free(x);
  free(each);
  return sum / (double)n;
}

static void show_all_icons(void) {
  chapter_section("All icons: those of the training, and 24 others");
  chapter_value("training_bits_per_dim", mean_bits(0, HELD_OUT), "mean of icons 0 to 189");
  chapter_value("held_out_bits_per_dim", mean_bits(HELD_OUT, icons.n), "mean of icons 190 to 213");
}

static void show_samples(void) {
  static double x[SAMPLES * D];
  chapter_moments all = {0};
  double min = 255, max = 0;
  nf_flow_sample(flow, SAMPLES, SEED, 1, x, &e);
  chapter_need(&e);
  for (size_t i = 0; i < SAMPLES * D; i++) {
    chapter_moments_add(&all, x[i]);
    min = fmin(min, x[i]);
    max = fmax(max, x[i]);
  }
  chapter_section("16 samples f⁻¹(z), z ~ N(0, I)");
  chapter_value("sample_mean", all.mean, "of all pixels");
  chapter_value("sample_deviation", sqrt(all.squares / all.n), NULL);
  chapter_value("sample_min", min, NULL);
  chapter_value("sample_max", max, NULL);
  if (!option[PNG].value) return;
  nf_images set;
  nf_images_from_values(SAMPLES, nf_flow_shape(flow), x, 256, &set, &e);
  nf_png_write_grid(option[PNG].value, &set, 4, 4, &e);
  chapter_need(&e);
  nf_images_free(&set);
}

int main(int argc, char **argv) {
  const chapter_plot plots[] = {{"bits", "stage, kind, bits/dim", plot_bits}, {0}};
  chapter_begin(
      argc, argv,
      &(chapter){.number = 8,
                 .title = "A multi-scale flow on a real image",
                 .notes = "(8.1)-(8.4)",
                 .about = "Every stage of a trained Glow of 3 scales on one image of 3072 "
                          "values, and back again.",
                 .plots = plots,
                 .options = option,
                 .trace = trace});
  run();
  chapter_text("  Image %s of %s, %zu×%zu×%zu; 3 scales of 2 steps, %zu parameters,",
               option[INDEX].value, option[CIFAR].value ? "CIFAR-10" : "the embedded icons",
               nf_flow_shape(flow).h, nf_flow_shape(flow).w, nf_flow_shape(flow).c,
               nf_flow_n_param(flow));
  chapter_text("  trained on icons 0 to 189 as data/flows/README.md says.");
  const double sum = show_stages(), log_p_z = show_scales();

  chapter_section("The density");
  chapter_value("log_det", sum, "Σ of the stages");
  chapter_claim("library: nf_flow_forward", log_det, 1e-8);
  chapter_value("log_p_z", log_p_z, "-(‖z‖² + d log 2π)/2");
  chapter_value("log_p_x", log_p_z + sum, "log p_Z(z) + log|det J|");
  chapter_claim("library: nf_flow_log_prob", log_p, 1e-8);
  chapter_value("bits_per_dim", bits(log_p_z + sum), "-log p_X/(d log 2)");
  chapter_claim("library: nf_bits_per_dim", nf_bits_per_dim(log_p, D), 1e-11);
  show_way_back();
  show_all_icons();
  show_samples();
  nf_verify_trace_free(&stages);
  nf_flow_free(flow);
  nf_images_free(&icons);
  return chapter_end();
}
