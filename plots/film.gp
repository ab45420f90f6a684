# The frames of `make film`, from the columns that plots/film.c wrote into the folder `frames`:
# above the density, and what the flow makes of a square grid and of points drawn in the latent
# space; below the loss so far and the entropy of the data, which it cannot pass. One PNG a frame,
# into the same folder.
set terminal pngcairo size 640,466 enhanced rounded font 'DejaVu Sans,14' linewidth 1.4 \
  pointscale 1 background '#ffffff'
losses = frames . '/loss.dat'
stats losses using (entropy = $3) nooutput
last = STATS_records - 1
orange = '#d08c3f'
unset colorbox
set palette maxcolors 20
set cbrange [0:0.6]
set style fill solid noborder

do for [k = 0:last] {
  frame = sprintf('%s/%02d.dat', frames, k)
  stats losses using (step = $1, now = $2) every ::k::k nooutput
  set output sprintf('%s/%02d.png', frames, k)
  set multiplot
  set border 0
  unset tics
  set xrange [-2.2:2.2]
  set yrange [-2.2:2.2]
  set tmargin at screen 0.93
  set bmargin at screen 0.30
  unset xlabel
  unset ylabel

  set lmargin at screen 0.025
  set rmargin at screen 0.48
  set title 'density of the flow' offset 0,-0.5
  plot frame index 0 using 1:2:3 with image

  set lmargin at screen 0.52
  set rmargin at screen 0.975
  set title 'its latent grid, and samples'
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot frame index 1 using 1:2 with lines linecolor rgb '#8aa4b4' linewidth 0.6, \
    frame index 2 using 1:2 with points pointtype 7 pointsize 0.3 linecolor rgb dark
  unset object 1

  set border 1
  set lmargin at screen 0.135
  set rmargin at screen 0.76
  set tmargin at screen 0.25
  set bmargin at screen 0.10
  set xrange [0:1000]
  set yrange [0.8:2.4]
  set xtics 0,250,1000 nomirror out scale 0.5
  set title ''
  set label 1 sprintf('step %d', step) at screen 0.795,0.20 left textcolor rgb ink
  set label 2 sprintf('%.2f nats', now) at screen 0.795,0.145 left textcolor rgb dark
  set label 3 sprintf('%.2f bits/dim', now / (2 * log(2))) at screen 0.795,0.09 left textcolor rgb dark
  set label 4 'loss' at screen 0.12,0.205 right textcolor rgb ink
  set label 5 'entropy' at screen 0.12,0.13 right textcolor rgb orange
  plot entropy with lines linecolor rgb orange dashtype (6,4) linewidth 0.8, \
    losses every ::0::k using 1:2 with lines linecolor rgb dark linewidth 1.4, \
    losses every ::k::k using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb dark
  unset label
  unset multiplot
}
