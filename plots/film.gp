# The frames of `make film`, from the columns that plots/film.c wrote into the folder `frames`:
# above the density, and what the flow makes of a square grid and of points drawn in the latent
# space; below the loss so far and the entropy of the data, which it cannot pass. One PNG a frame,
# into the same folder.
set terminal pngcairo size 800,580 enhanced rounded font 'DejaVu Sans,16' linewidth 1.6 \
  pointscale 1.2 background '#ffffff'
losses = frames . '/loss.dat'
stats losses using 1:(entropy = $3) nooutput
last = STATS_records - 1
steps = STATS_max_x
unset colorbox
set palette maxcolors 24
set cbrange [0:0.65]
set style fill solid noborder

do for [k = 0:last] {
  frame = sprintf('%s/%02d.dat', frames, k)
  stats losses using (step = $1, now = $2) every ::k::k nooutput
  set output sprintf('%s/%02d.png', frames, k)
  set multiplot
  set border 0
  unset tics
  set xrange [-2.1:2.1]
  set yrange [-2.1:2.1]
  set tmargin at screen 0.938
  set bmargin at screen 0.298
  unset xlabel
  unset ylabel

  set lmargin at screen 0.02
  set rmargin at screen 0.484
  set title 'density of the flow' offset 0,-0.5
  plot frame index 0 using 1:2:3 with image

  set lmargin at screen 0.516
  set rmargin at screen 0.98
  set title 'its latent grid, and samples' offset 0,-0.5
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot frame index 1 using 1:2 with lines linecolor rgb '#9bb3c0' linewidth 0.6, \
    frame index 2 using 1:2 with points pointtype 7 pointsize 0.35 linecolor rgb dark
  unset object 1

  set border 3
  set lmargin at screen 0.115
  set rmargin at screen 0.755
  set tmargin at screen 0.262
  set bmargin at screen 0.108
  set xrange [0:steps]
  set yrange [0.9:2.5]
  set xtics 0,500,steps nomirror out scale 0.5 font ',13' textcolor '#555555' offset 0,0.3
  set ytics 1,0.5,2.5 nomirror out scale 0.5 font ',13' textcolor '#555555' format '%.1f'
  set title ''
  set ylabel 'nats' offset 1.2,-0.4 font ',13' textcolor rgb ink
  set xlabel 'step of training' offset 0,0.9 font ',13' textcolor rgb ink
  set label 1 sprintf('step %d', step) at screen 0.785,0.245 left textcolor rgb ink
  set label 2 sprintf('loss %.3f nats', now) at screen 0.785,0.187 left textcolor rgb dark
  set label 3 sprintf('entropy %.3f', entropy) at screen 0.785,0.129 left textcolor rgb orange
  plot entropy with lines linecolor rgb orange dashtype (6,4) linewidth 1, \
    losses every ::0::k using 1:2 with lines linecolor rgb dark linewidth 1.4, \
    losses every ::k::k using 1:2 with points pointtype 7 pointsize 0.8 linecolor rgb dark
  unset label
  unset multiplot
}
