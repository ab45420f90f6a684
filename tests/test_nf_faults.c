/* Bad input and faults: each is one line that says what, where and what would be right, the exit
 * status is 2, and files that were there stay as they were. */
#include "data/images.h"
#include "io/checkpoint.h"
#include "io/png.h"
#include "nf_command.h"

#define RUN "train --data digits --levels 1 --depth 1 --width 16 --holdout 30 --every 5 "

static void write_image(const char *name, size_t h, size_t w, size_t c) {
  char message[NF_MESSAGE] = "";
  nf_images one;
  check_ok(nf_images_new(1, (nf_shape){h, w, c}, 256, false, &one));
  memset(one.pixel, 100, h * w * c);
  check_ok(nf_png_write_grid(folder_path(name), &one, 1, message));
  nf_images_free(&one);
}

static void copy(const char *from, const char *to, size_t most) {
  static char byte[1 << 20];
  FILE *f = fopen(folder_path(from), "rb");
  const size_t n = fread(byte, 1, sizeof byte, f);
  fclose(f);
  folder_write(to, byte, n < most ? n : most);
}

static int prepare(void **state) {
  if (folder_make(state) != 0) return -1;
  nf_fine(RUN "--steps 30 --out @/d.safetensors");
  nf_fine("train --data toy:moons --depth 1 --width 4 --steps 1 --out @/t.safetensors");
  copy("d.safetensors", "cut", 1000);
  folder_write("junk", "this is no flow", 15);
  folder_mkdir("empty");
  folder_mkdir("mixed");
  write_image("mixed/a.png", 4, 4, 1);
  write_image("mixed/b.png", 4, 6, 1);
  folder_mkdir("odd");
  write_image("odd/a.png", 6, 5, 3);
  write_image("odd/b.png", 6, 5, 1);
  folder_mkdir("cifar");
  folder_write("cifar/data_batch_1.bin", "123", 3);

  char message[NF_MESSAGE] = ""; /* a double checkpoint, from this double program */
  const nf_model m = {.family = NF_NICE,
                      .shape = {8, 8, 1},
                      .levels = 1,
                      .steps = 1,
                      .width = 2,
                      .pixel_levels = 17,
                      .alpha = 0.05};
  int status = NF_OK;
  nf_flow *flow = NULL;
  check_ok(nf_flow_new(&flow, nf_model_new(&m, &status), 1));
  check_ok(nf_checkpoint_save(folder_path("double"), &m, flow, NULL, 0, NULL, message));
  nf_flow_free(flow);
  return 0;
}

static void bad_words_are_one_line(void **state) {
  (void)state;
  static const struct {
    const char *words, *part;
  } bad[] = {
      {"", "the command is missing; see nf --help"},
      {"trian", "command 'trian': there is no such; the nearest is 'train'"},
      {"train --wdith 3", "option '--wdith': there is no such; the nearest is '--width'"},
      {"train -q", "option '-q'"},
      {"train --width", "--width: its value is missing"},
      {"train --width 0", "--width 0: it must be a whole number from 1 to 65536"},
      {"train --width 3x", "--width 3x: it must be a whole number"},
      {"train --width -3", "--width -3: it must be a whole number"},
      {"train --seed 18446744073709551616", "--seed 18446744073709551616"},
      {"train --rate nan", "--rate nan: it must be a number"},
      {"train --rate 0", "--rate 0: it must be a number"},
      {"train --threads 0", "--threads 0"},
      {"train --out @/x", "--data is missing, as in --data digits"},
      {"train --data digits", "--out is missing"},
      {"train --data digits --out @/x now", "'now': there is nothing for it to say"},
      {"train --data digit --out @/x", "nearest is 'digits'"},
      {"train --data toy:moonz --out @/x", "toy:moonz: no such density, nearest is 'moons'"},
      {"train --data toy --out @/x", "toy: the name is missing, as in toy:moons"},
      {"train --data toi:moons --out @/x", "toi:moons: no such data, nearest is 'toy'; there are"},
      {"train --data moonz --out @/x", "nearest is 'toy:moons'; there are"},
      {"train --data digits --model glou --out @/x",
       "--model 'glou': there is no such; the nearest is 'glow'"},
      {"train --data digits --decay cosinus --out @/x", "nearest is 'cosine'"},
      {"train --data digits --steps 1 --minutes 1 --out @/x", "give one of them"},
      {"train --data digits --model nice --coupling affine --out @/x", "nice couples additively"},
      {"train --data digits --coupling additive --scale exp --out @/x", "has no scale"},
      {"train --data digits --model realnvp --prior learned --out @/x", "only glow"},
      {"train --data digits --model realnvp --permutation plu --out @/x", "only glow"},
      {"train --data digits --lean --clip 2 --out @/x", "--clip needs the norm"},
      {"train --data digits --levels 4 --out @/x", "--levels 4: glow halves the sides"},
      {"train --data digits --model nice --levels 2 --out @/x", "--levels 2"},
      {"train --data toy:moons --levels 2 --out @/x", "--levels 2"},
      {"train --data digits --batch 1700 --out @/x", "--batch 1700: of 1797 samples 179"},
      {"train --data digits --holdout 1797 --out @/x", "less than a batch"},
      {"train --data digits --range 5:5 --out @/x", "range '5:5': it must be A:B"},
      {"train --data digits --range 0:1798 --out @/x", "B ≤ 1797"},
      {"train --data digits --range 3 --out @/x", "range '3'"},
      {"train --data png:@/empty --out @/x", "no *.png in this folder"},
      {"train --data png:@/none --out @/x", "none: cannot read the folder"},
      {"train --data png:@/mixed --out @/x", "b.png: 6×4 pixels, but a.png has 4×4"},
      {"train --data png:@/odd --batch 1 --levels 1 --out @/x", "6×5×3 does not divide"},
      {"train --data cifar10:@/cifar --out @/x", "3 bytes"},
      {"train --data idx:@/junk --out @/x", "junk"},
      {"eval", "MODEL is missing; see nf eval --help"},
      {"eval @/none --data digits", "No such file"},
      {"eval @/empty --data digits", "not a regular file"},
      {"eval @/junk --data digits", "this is no safetensors file, or it is cut short"},
      {"eval @/cut --data digits", "cut"},
      {"eval @/double --data digits", "is F64; this build calculates in F32"},
      {"eval @/d.safetensors", "--data is missing"},
      {"eval @/d.safetensors --data icons", "32×32×3 with 256 levels"},
      {"eval @/d.safetensors --data toy:moons", "takes 8×8×1 with 17"},
      {"eval @/t.safetensors --data toy:moons --importance 2",
       "points have no dequantisation noise"},
      {"eval @/d.safetensors --data digits --baselines digit", "nearest is 'digits'"},
      {"eval @/d.safetensors --data digits --baselines icons", "range '0:1797'"},
      {"eval @/t.safetensors --data toy:moons --baselines toy:rings", "was trained on toy:moons"},
      {"eval @/d.safetensors --data digits --csv @/none/e.csv", "cannot write"},
      {"eval @/d.safetensors --data digits @/t.safetensors", "there is nothing for it to say"},
      {"sample @/d.safetensors", "--out is missing"},
      {"sample @/d.safetensors --out @/none/s.png", "cannot write"},
      {"sample @/d.safetensors --out @/x --temperature -1", "--temperature -1"},
      {"interpolate @/d.safetensors --data digits --to 1797 --out @/x", "samples 0 to 1796"},
      {"interpolate @/d.safetensors --data digits --n 1 --out @/x", "--n 1: it must be"},
      {"reconstruct @/d.safetensors --data digits --n 0", "--n 0"},
      {"info @/d.safetensors --data icons", "32×32×3"},
      {"info @/d.safetensors --trace", "--data"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) nf_refuses(bad[i].words, 0, 2, bad[i].part);
  assert_int_not_equal(access(folder_path("x"), F_OK), 0);
}

/* --- old files ---------------------------------------------------------------------------- */

enum { KEPT = 4 };
static const char *const kept[KEPT] = {"d.safetensors", "d.last.safetensors", "d.csv",
                                       "t.safetensors"};
typedef struct {
  char *byte[KEPT];
  size_t size[KEPT];
  int files;
} snapshot;

static int count_files(void) {
  int n = 0;
  DIR *d = opendir(folder);
  while (readdir(d) != NULL) n++;
  closedir(d);
  return n;
}

static snapshot look(void) {
  snapshot s = {.files = count_files()};
  for (int i = 0; i < KEPT; i++) {
    FILE *f = fopen(folder_path(kept[i]), "rb");
    s.byte[i] = malloc(1 << 20);
    s.size[i] = fread(s.byte[i], 1, 1 << 20, f);
    fclose(f);
    assert_true(s.size[i] > 0);
  }
  return s;
}

/* As they were, and nothing left lying about; also forgets the snapshot. */
static void unchanged(snapshot *s) {
  snapshot now = look();
  assert_int_equal(now.files, s->files);
  for (int i = 0; i < KEPT; i++) {
    assert_int_equal(now.size[i], s->size[i]);
    assert_memory_equal(now.byte[i], s->byte[i], s->size[i]);
    free(now.byte[i]);
    free(s->byte[i]);
  }
}

static void a_full_disk_leaves_old_files(void **state) {
  (void)state;
  nf_fine("sample @/d.safetensors --out @/s.png");
  nf_fine("eval @/d.safetensors --data digits --csv @/e.csv");
  snapshot s = look();
  assert_true(s.size[1] > 8192 && s.size[2] > 1100 && s.size[2] < 4096);
  nf_refuses(RUN "--steps 40 --resume --out @/d.safetensors", 8192, 2,
             "d.last.safetensors: cannot write");
  nf_refuses(RUN "--steps 40 --resume --out @/d.safetensors", 1100, 2, "d.csv: cannot");
  nf_refuses("sample @/d.safetensors --n 400 --out @/s.png", 1100, 2, "s.png: cannot write");
  nf_refuses("eval @/d.safetensors --data digits --all --csv @/e.csv", 1100, 2,
             "e.csv: cannot write");
  unchanged(&s);
}

static void a_place_to_write_is_known_at_once(void **state) {
  (void)state;
  snapshot s = look();
  nf_refuses(RUN "--steps 1000000 --out @/none/d.safetensors", 0, 2, "cannot write");
  nf_refuses(RUN "--steps 1000000 --log @/t2.csv --out /proc/d.safetensors", 0, 2, "cannot write");
  nf_refuses(RUN "--steps 1000000 --log @/empty --out @/d.safetensors", 0, 2, "cannot write");
  assert_int_equal(remove(folder_path("t2.csv")), 0);
  unchanged(&s);
}

static void resume_takes_only_the_same_run(void **state) {
  (void)state;
  snapshot s = look();
  static const struct {
    const char *words, *part;
  } bad[] = {
      {"--width 4", "its run has width 16, this one 4; resume with the same settings"},
      {"--model realnvp", "its run has family glow, this one realnvp"},
      {"--batch 32", "its run has batch 64, this one 32"},
      {"--seed 2", "its run has seed 1, this one 2"},
      {"--rate 0.002", "its run has rate 0.001, this one 0.002"},
      {"--range 0:1700", "its run has range 0:1797, this one 0:1700"},
      {"--decay plateau", "its run has decay cosine, this one plateau"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char words[512];
    snprintf(words, sizeof words, RUN "--steps 40 --resume --out @/d.safetensors %s", bad[i].words);
    nf_refuses(words, 0, 2, bad[i].part);
  }
  copy("d.safetensors", "w.last.safetensors", SIZE_MAX);
  nf_refuses(RUN "--steps 40 --resume --out @/w.safetensors", 0, 2, "it has no training state");
  copy("cut", "w.last.safetensors", SIZE_MAX);
  nf_refuses(RUN "--steps 40 --resume --out @/w.safetensors", 0, 2, "w.last.safetensors: ");
  assert_int_equal(remove(folder_path("w.last.safetensors")), 0);
  unchanged(&s);
}

static void a_step_that_is_not_finite_is_named(void **state) {
  (void)state;
  static const struct {
    const char *words, *part;
  } bad[] = {
      {"--model nice", "value not finite in actnorm 4;"},
      {"--permutation plu", "matrix is singular in conv1x1 4;"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char words[512];
    snprintf(words, sizeof words, RUN "--rate 900 --warmup 0 --steps 50 --out @/inf.safetensors %s",
             bad[i].words);
    nf_refuses(words, 0, 1, bad[i].part);
    nf_checkpoint c = {0};
    char message[NF_MESSAGE] = "";
    check_ok(nf_checkpoint_load(folder_path("inf.last.safetensors"), &c, message));
    nf_checkpoint_free(&c);
  }
}

int main(int argc, char **argv) {
  (void)argc;
  nf_find(argv[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bad_words_are_one_line),
      cmocka_unit_test(a_full_disk_leaves_old_files),
      cmocka_unit_test(a_place_to_write_is_known_at_once),
      cmocka_unit_test(resume_takes_only_the_same_run),
      cmocka_unit_test(a_step_that_is_not_finite_is_named),
  };
  return cmocka_run_group_tests(tests, prepare, folder_remove);
}
