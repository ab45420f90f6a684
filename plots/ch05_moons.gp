# Two moons, the flow before it has seen them, and after: above the density with contours, below
# points drawn. (The surfaces are lifted by 10, 20 and 30, so that a contour tells whose it is.)
p(f) = f == 1 ? column(3) : f == 2 ? exp(-(column(1)**2 + column(2)**2) / 2) / (2 * pi) : column(4)
set contour base
unset surface
set cntrparam levels discrete 10.05, 10.15, 10.4, 20.05, 20.1, 20.15, 30.05, 30.15, 30.4
set table $contours
splot for [f=1:3] columns('densities') using 1:2:(10 * f + p(f))
unset table

array name[3] = ['data', 'flow before: N(0, I)', 'flow after 1000 steps']
set multiplot
set xrange [-2.4:2.4]
set yrange [-2.4:2.4]
set border 0
unset tics
unset colorbox
set cbrange [0:0.6]
do for [f=1:3] {
  set lmargin at screen 0.13 + 0.27 * (f - 1)
  set rmargin at screen 0.375 + 0.27 * (f - 1)
  set tmargin at screen 0.92
  set bmargin at screen 0.485
  set title name[f] offset 0,-0.4
  if (f == 1) { set label 1 'density' at graph -0.08,0.5 center rotate textcolor rgb ink }
  plot columns('densities') using 1:2:(p(f)) with image, \
    $contours using 1:(int($3 / 10) == f ? $2 : NaN) with lines linecolor rgb '#90ffffff' linewidth 0.5
  set tmargin at screen 0.455
  set bmargin at screen 0.02
  set title ''
  if (f == 1) { set label 1 'samples' }
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot columns('samples') using 2*f-1:2*f with points pointtype 7 pointsize 0.15 linecolor rgb blue
  unset object 1
  unset label 1
}
unset multiplot
