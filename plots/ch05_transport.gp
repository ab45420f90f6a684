# Points of two moons on their way to the latent space: the same points, in the same colours, after
# every second of the flow's eight couplings. A pair of couplings moves both coordinates once.
set terminal @terminal size 1600,370
set multiplot
set border 0
unset tics
unset colorbox
set xrange [-3.2:3.2]
set yrange [-3.2:3.2]
set cbrange [0:1]
shade(place) = place < 1 ? 0.42 * place : 0.62 + 0.38 * (place - 1)
set tmargin at screen 0.85
set bmargin at screen 0.0365
do for [k = 0:4] {
  set lmargin at screen 0.01 + 0.198 * k
  set rmargin at screen 0.198 + 0.198 * k
  set title (k == 0 ? 'data' : k == 4 ? 'latent' : sprintf('after %d couplings', 2 * k)) offset 0,-0.4
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot columns('transport') index 2 * k using 2:3:(shade($1)) with points pointtype 7 pointsize 0.175 linecolor palette
}
unset multiplot
