# Two moons, N(0, I), and what a trained flow makes of it: above the density with contours, below points
# drawn. (The surfaces are lifted by 10, 20 and 30, so that a contour tells whose it is.)
p(f) = f == 1 ? column(3) : f == 2 ? exp(-(column(1)**2 + column(2)**2) / 2) / (2 * pi) : column(4)
set contour base
unset surface
set cntrparam levels discrete 10.05, 10.2, 10.45, 20.02, 20.05, 20.1, 20.15, 30.05, 30.2, 30.45
set table $contours
splot for [f=1:3] columns('densities') using 1:2:(10 * f + p(f))
unset table

array name[3] = ['data', 'flow before: N(0, I)', 'flow after training']
set terminal @terminal size 1600,1130
set multiplot
set size ratio -1
set xrange [-2.4:2.4]
set yrange [-2.4:2.4]
set border 0
unset tics
unset colorbox
set cbrange [0:0.65]
do for [f=1:3] {
  set lmargin at screen 0.045 + 0.32 * (f - 1)
  set rmargin at screen 0.355 + 0.32 * (f - 1)
  set tmargin at screen 0.945
  set bmargin at screen 0.502
  set title name[f] offset 0,-0.4
  if (f == 1) { set label 1 'density' at graph -0.06,0.5 center rotate textcolor rgb ink }
  plot columns('densities') using 1:2:(p(f)) with image, \
    $contours using 1:(int($3 / 10) == f ? $2 : NaN) with lines linecolor rgb '#80ffffff' linewidth 0.6
  set tmargin at screen 0.478
  set bmargin at screen 0.035
  set title ''
  if (f == 1) { set label 1 'samples' }
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot columns('samples') using 2*f-1:2*f:@dots 2.2 linecolor rgb blue
  unset object 1
  unset label 1
}
unset multiplot
