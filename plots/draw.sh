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

# The columns of every chapter that has a figure, once.
for number in $(ls plots/ch[0-9]*.gp | sed 's|plots/\(ch[0-9]*\)_.*|\1|' | sort -u); do
  for chapter in "$build/chapters/$number"_*; do :; done
  if [ ! -x "$chapter" ]; then
    echo "plots/draw.sh: plots/${number}_*.gp need the program $chapter; \`make\` builds it" >&2
    exit 2
  fi
  for plot in $("$chapter" --help | sed -n 's/^  --plot \([^ ]*\).*/\1/p'); do
    "$chapter" --plot "$plot" > "$build/plots/${number}_$plot.dat.new"
    mv "$build/plots/${number}_$plot.dat.new" "$build/plots/${number}_$plot.dat"
  done
done

for figure in plots/ch[0-9]*.gp; do
  name=$(basename "$figure" .gp)
  picture=$build/plots/$name.png
  gnuplot -e "data = '$build/plots/${name%%_*}_'; picture = '$picture.new'" plots/style.gp "$figure"
  mv "$picture.new" "$picture"
  echo "$picture"
done
