# Ten strips of equal mass under p_Z, carried to x = sinh z: where a strip gets wider its height
# falls, and its area stays.
set multiplot
set lmargin at screen 0.09
set rmargin at screen 0.98
set xrange [-6.3:6.3]
set yrange [0:0.43]
set xtics -6,2,6 format ''
set ytics 0.2 nomirror
unset colorbox
set style fill solid 1 noborder

set tmargin at screen 0.98
set bmargin at screen 0.64
set ylabel 'p_Z(z)' offset 0,0
set label 1 'latent:  p_Z = N(0, 1)' at graph 0.99,0.86 right textcolor rgb ink
plot for [k = 0:9] columns('stretch') index k using 1:2 with filledcurves y1=0 linecolor palette frac k / 9.0, \
  columns('stretch') using 1:2 with lines linecolor rgb ink linewidth 1.2

set tmargin at screen 0.64
set bmargin at screen 0.44
set border 0
unset tics
unset ylabel
set yrange [0:1]
set label 1 'x = sinh z' at graph 0.99,0.5
plot columns('stretch') every 40 using 1:(1):($3-$1):(-1) with vectors nohead linecolor rgb grey

set tmargin at screen 0.44
set bmargin at screen 0.10
set border 3
set yrange [0:0.43]
set tics nomirror out scale 0.6 textcolor '#555555' format '%g'
set xtics -6,2,6 nomirror
set ytics 0.2 nomirror
set ylabel 'p_X(x)' offset 0,0
set label 1 'data:  p_X = p_Z · |dz/dx|' at graph 0.97,0.62 boxed front
plot columns('stretch') every 40 using 3:(0):(0):(0.43) with vectors nohead linecolor rgb grey, \
  for [k = 0:9] columns('stretch') index k using 3:4 with filledcurves y1=0 linecolor palette frac k / 9.0, \
  columns('stretch') using 3:4 with lines linecolor rgb ink linewidth 1.2
unset multiplot
