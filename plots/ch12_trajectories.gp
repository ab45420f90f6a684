# Above, 8 Gaussians from N(0, I) by the field of least flow-matching loss: the density at five times,
# and points on their way. Below, the same on the line: densities at all times, and the way of 41
# quantiles, which never cross.
set terminal @terminal size 1600,1000
set multiplot
set border 0
unset tics
unset colorbox
set size ratio -1
set xrange [-3:3]
set yrange [-3:3]
do for [k=0:4] {
  t = 1 - k / 4.
  set lmargin at screen 0.01 + 0.198 * k
  set rmargin at screen 0.198 + 0.198 * k
  set tmargin at screen 0.945
  set bmargin at screen 0.645
  stats columns('density') index k using 3 nooutput
  set cbrange [0:1.1 * STATS_max]
  set title sprintf('t = %g%s', t, k == 0 ? ', latent' : k == 4 ? ', data' : '') offset 0,-0.5
  plot columns('density') index k using 1:2:3 with image, \
    for [i=0:59] columns('trajectories') index i using ($1 >= t - 1e-9 ? $2 : NaN):3 with lines linecolor rgb '#70ffffff' linewidth 0.7, \
    for [i=0:59] columns('trajectories') index i using (abs($1 - t) < 1e-9 ? $2 : NaN):3 with points pointtype 7 pointsize 0.45 linecolor rgb '#ffffff'
}
set size noratio
set lmargin at screen 0.075
set rmargin at screen 0.99
set tmargin at screen 0.555
set bmargin at screen 0.075
set xrange [1:0]
set yrange [-2.6:2.6]
set cbrange [0:0.6]
set title 'on the line, ½N(−1, ¼) + ½N(1, ¼)' offset 0,-0.5
set xtics ('¾' 0.75, '½' 0.5, '¼' 0.25) scale 0 textcolor '#555555'
set label 1 't = 1, latent' at graph 0,-0.07 left textcolor '#555555'
set label 2 't = 0, data' at graph 1,-0.07 right textcolor '#555555'
set ytics (-2, -1, 0, 1, 2) scale 0 textcolor '#555555'
set ylabel 'x_t' offset 1,0
plot columns('line_density') using 1:2:3 with image, \
  for [i=0:40] columns('line') index i using 1:2 with lines linecolor rgb '#55ffffff' linewidth 1
unset multiplot
