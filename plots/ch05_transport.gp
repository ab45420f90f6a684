# Points of two moons, in the same colours, before, between and after the flow's ten couplings. A pair of
# couplings changes both coordinates once; the lines are the paths of some of the points through the last
# pair, one coordinate after the other.
set terminal @terminal size 1600,1150
set multiplot
set border 0
unset tics
unset colorbox
set xrange [-3.3:3.3]
set yrange [-3.3:3.3]
set cbrange [0:1]
shade(place) = place < 1 ? 0.42 * place : 0.62 + 0.38 * (place - 1) # in 12 steps
do for [k = 0:5] {
  set lmargin at screen 0.005 + 0.333 * (k % 3)
  set rmargin at screen 0.324 + 0.333 * (k % 3)
  set tmargin at screen 0.945 - 0.5 * (k / 3)
  set bmargin at screen 0.505 - 0.5 * (k / 3)
  set title (k == 0 ? 'data' : k == 5 ? 'latent: after all 10' : sprintf('after %d couplings', 2 * k)) offset 0,-0.5
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  last = k == 0 ? 0 : 2 * k - 2
  plot for [c=0:11] columns('transport') every ::2*k::2*k using (int(11.99 * shade($1)) == c ? $2 : NaN):3:@dots 2.6 \
      linecolor palette frac (c + 0.5) / 12, \
    columns('transport') every :50:last::2*k using 2:3 with lines linecolor rgb '#40222222' linewidth 0.8, \
    columns('transport') every :50:2*k::2*k using 2:3 with points pointtype 7 pointsize 0.5 linecolor rgb ink
}
unset multiplot
