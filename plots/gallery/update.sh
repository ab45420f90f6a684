#!/bin/sh
# Small copies of the figures in $B/plots for the pages that are read without building: every
# plots/WHO_TOPIC.gp and densities.gp have one here, three quarters as wide, 128 colours, the same bytes from the
# same figure; that of `make bench`, where it was run; the schematics and the film, as they are; and the page's panel
# of training. Run after `make plots film densities check-web`, from the root of the repository.
set -eu
build=${B:-build}
command -v convert > /dev/null || {
  echo "plots/gallery/update.sh: convert is missing; on Debian: apt-get install imagemagick" >&2
  exit 2
}
small() { # NAME [OPTION…], which convert takes
  name=$1
  shift
  [ -e "$build/plots/$name.png" ] || {
    echo "plots/gallery/update.sh: $build/plots/$name.png is missing; first: make plots densities" >&2
    exit 2
  }
  convert "$build/plots/$name.png" "$@" -resize 75% +dither -colors 128 -strip \
    -define png:exclude-chunks=date,time "plots/gallery/$name.png"
}
for script in plots/*_*.gp plots/densities.gp; do
  small "$(basename "$script" .gp)"
done
[ ! -e "$build/plots/bench_growth.png" ] || small bench_growth
cp "$build"/plots/schematic_*.svg plots/gallery
cp "$build/plots/film.gif" plots/gallery/film.gif
cp "$build/plots/digits_samples.png" "$build/plots/digits_classes.png" plots/gallery
for script in $(grep -l sheet.gp plots/*_*.gp); do # 4 pixels become 3, and no edge of a cell is blurred
  small "$(basename "$script" .gp)" -filter box
done
convert build/web/learn-en-light-1280.png -crop 1280x768+0+0 +repage +dither -colors 128 -strip -define png:exclude-chunks=date,time plots/gallery/web.png
