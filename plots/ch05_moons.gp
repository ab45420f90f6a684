# Two moons, N(0, I), and a flow trained on the moons: above the density on a logarithmic scale, with
# contours at powers of ten, below samples. On a linear scale the bridge between the moons would be as
# dark as the ground. (The surfaces are lifted by 10, 20 and 30, to tell their contours apart.)
p(f) = f == 1 ? column(3) : f == 2 ? exp(-(column(1)**2 + column(2)**2) / 2) / (2 * pi) : column(4)
log_p(f) = (p(f) > 1e-4 ? log10(p(f)) : -4)
set contour base
unset surface
set cntrparam levels discrete 7, 8, 9, 17, 18, 19, 27, 28, 29
set table $contours
splot for [f=1:3] columns('densities') using 1:2:(10 * f + log_p(f))
unset table

array name[3] = ['data', 'flow before: N(0, I)', 'flow after training']
set terminal @terminal size 1600,1040
set multiplot
set size ratio -1
set xrange [-2:2]
set yrange [-2:2]
set border 0
unset tics
set cbrange [-4:0]
set cbtics ('10^{−4}' -4, '10^{−3}' -3, '10^{−2}' -2, '10^{−1}' -1, '1' 0) textcolor '#555555' font ',20'
set colorbox user origin 0.925,0.505 size 0.013,0.435
do for [f=1:3] {
  set lmargin at screen 0.045 + 0.293 * (f - 1)
  set rmargin at screen 0.328 + 0.293 * (f - 1)
  set tmargin at screen 0.94
  set bmargin at screen 0.505
  set title name[f] offset 0,-0.4
  if (f == 1) { set label 1 'density' at graph -0.06,0.5 center rotate textcolor rgb ink }
  if (f == 2) { unset colorbox }
  plot columns('densities') using 1:2:(log_p(f)) with image, \
    $contours using 1:(int(($3 + 5) / 10) == f ? $2 : NaN) with lines linecolor rgb '#80ffffff' linewidth 0.6
  set tmargin at screen 0.478
  set bmargin at screen 0.043
  set title ''
  if (f == 1) { set label 1 'samples' }
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb '#f6f6f6' fillstyle solid noborder
  plot columns('samples') every ::0::639 using 2*f-1:2*f:@dots 2.2 linecolor rgb blue
  unset object 1
  unset label 1
}
unset multiplot
