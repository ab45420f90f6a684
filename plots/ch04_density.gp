# Densities of three flows of the chapter in the plane, on one colour scale. However NICE bends the
# plane its peak stays that of N(0, I), 1/2π = 0.159; the others stretch it.
array family[3] = ['NICE', 'RealNVP', 'Glow']
set multiplot
set xrange [-5:5]
set yrange [-5:5]
set xtics 2
set ytics 2
set tmargin at screen 0.79
set bmargin at screen 0.27
set cbrange [0:0.2]
set cbtics 0.1
set colorbox user origin 0.915,0.27 size 0.015,0.52
set xlabel 'x_1'
set ylabel 'x_2' offset 1,0
set label 1 'p_X after three steps; the peak of N(0, I) is 1/2π = 0.159' at screen 0.48,0.08 center textcolor '#555555'
do for [f=1:3] {
  stats columns('density') using (column(f + 2)) nooutput
  set lmargin at screen 0.07 + 0.283 * (f - 1)
  set rmargin at screen 0.335 + 0.283 * (f - 1)
  set title sprintf("%s\n{/*0.8 peak %.3f}", family[f], STATS_max)
  plot columns('density') using 1:2:(column(f + 2)) with image
  unset ylabel
  unset label 1
  unset colorbox
  set format y ''
}
unset multiplot
