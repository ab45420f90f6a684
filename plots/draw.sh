#!/bin/sh
# Draws every plots/chNN_topic.gp into $B/plots/chNN_topic.png. What chapter NN prints for
# --plot NAME stands beside it as $B/plots/chNN_NAME.dat, and is all that a figure shows.
# B is the build folder.
set -eu
build=${B:-build}
command -v gnuplot > /dev/null || {
  echo "plots/draw.sh: gnuplot is missing; on Debian: apt-get install gnuplot-nox" >&2
  exit 2
}
mkdir -p "$build/plots"
for figure in plots/ch[0-9]*.gp; do
  name=$(basename "$figure" .gp)
  for chapter in "$build/chapters/${name%%_*}"_*; do :; done
  if [ ! -x "$chapter" ]; then
    echo "plots/draw.sh: $figure needs the program $chapter; \`make\` builds it" >&2
    exit 2
  fi
  data=$build/plots/${name%%_*}_
  for plot in $("$chapter" --help | sed -n 's/^  --plot \([^ ]*\).*/\1/p'); do
    "$chapter" --plot "$plot" > "$data$plot.dat"
  done
  picture=$build/plots/$name.png
  gnuplot -e "data = '$data'; picture = '$picture.new'" plots/style.gp "$figure"
  mv "$picture.new" "$picture"
  echo "$picture"
done
