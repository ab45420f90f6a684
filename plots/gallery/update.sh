#!/bin/sh
# Small copies of the figures in $B/plots for the pages that are read without building: every
# plots/WHO_TOPIC.gp has one here, 1200 pixels wide, 128 colours, the same bytes from the same figure;
# and the schematics and the film, as they are. Run after `make plots film`, from the root of the repository.
set -eu
build=${B:-build}
command -v convert > /dev/null || {
  echo "plots/gallery/update.sh: convert is missing; on Debian: apt-get install imagemagick" >&2
  exit 2
}
for script in plots/*_*.gp; do
  name=$(basename "$script" .gp)
  [ -e "$build/plots/$name.png" ] || {
    echo "plots/gallery/update.sh: $build/plots/$name.png is missing; first: make plots" >&2
    exit 2
  }
  convert "$build/plots/$name.png" -resize 1200x +dither -colors 128 -strip \
    -define png:exclude-chunks=date,time "plots/gallery/$name.png"
done
cp "$build"/plots/schematic_*.svg plots/gallery
cp "$build/plots/film.gif" plots/gallery/film.gif
cp "$build/plots/digits_samples.png" "$build/plots/digits_classes.png" plots/gallery
for script in $(grep -l sheet.gp plots/*_*.gp); do # half as wide, so that cells stay sharp
  name=$(basename "$script" .gp)
  convert "$build/plots/$name.png" -filter box -resize 50% +dither -colors 128 -strip \
    -define png:exclude-chunks=date,time "plots/gallery/$name.png"
done
