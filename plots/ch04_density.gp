# Two moons, and the densities of twelve trained couplings of each family, on one colour scale up to the
# highest peak. NICE keeps volumes, so its density nowhere exceeds the peak of N(0, I), 1/2π = 0.159; the
# moons reach more than three times that.
array family[4] = ['data', 'NICE', 'RealNVP', 'Glow']
set terminal @terminal size 1600,556
set multiplot
set size ratio -1
set xrange [-2.4:2.4]
set yrange [-2.4:2.4]
set xtics -2,1,2
set ytics -2,1,2
set tmargin at screen 0.80
set bmargin at screen 0.213
set cbrange [0:0.9]
set cbtics 0.3
set colorbox user origin 0.925,0.213 size 0.013,0.587
set xlabel 'x_1' offset 0,0.3
set ylabel 'x_2' offset 1.2,0
set label 1 'density' at screen 0.932,0.88 center textcolor rgb ink
do for [f=1:4] {
  stats columns('density') using (column(f + 2)) nooutput
  set lmargin at screen 0.062 + 0.215 * (f - 1)
  set rmargin at screen 0.266 + 0.215 * (f - 1)
  set title sprintf("%s\n{/*0.85 peak %.2f}", family[f], STATS_max) offset 0,-0.3
  plot columns('density') using 1:2:(column(f + 2)) with image
  unset ylabel
  unset label 1
  unset colorbox
  set format y ''
}
unset multiplot
