# Ten strips of equal width under p_Z, carried to x = sinh z: where a strip gets wider its height
# falls, and its area, the probability, stays.
set terminal @terminal size 1600,980
set multiplot
set lmargin at screen 0.095
set rmargin at screen 0.985
set xrange [-6.3:6.3]
set yrange [0:0.43]
set xtics -6,1,6 nomirror offset 0,0.2
set ytics 0.2 nomirror
set samples 1001
unset colorbox
set style fill solid 1 noborder

set tmargin at screen 0.985
set bmargin at screen 0.665
set ylabel 'p_Z(z)' offset -0.3,0
set label 1 'latent:  p_Z = N(0, 1)' at graph 0.99,0.84 right textcolor rgb ink
set label 2 'z' at graph 1.004,-0.06 center textcolor rgb ink
plot for [k = 0:9] columns('stretch') index k using 1:2 with filledcurves y1=0 linecolor palette frac k / 9.0, \
  exp(-x**2 / 2) / sqrt(2 * pi) with lines linecolor rgb ink linewidth 1.2

set tmargin at screen 0.60
set bmargin at screen 0.435
set border 0
unset tics
set ylabel ' '
set yrange [0:1]
unset label 2
set label 1 'x = sinh z' at graph 0.99,0.62
plot columns('stretch') every 40 using 1:(1):($3-$1):(-1) with vectors nohead linecolor rgb grey

set tmargin at screen 0.405
set bmargin at screen 0.085
set border 3
set yrange [0:0.43]
set tics nomirror out scale 0.6 textcolor '#555555'
set xtics -6,1,6 nomirror offset 0,0.2
set ytics 0.2 nomirror
set ylabel 'p_X(x)' offset -0.3,0
set label 1 'data:  p_X = p_Z · |dz/dx|' at graph 0.99,0.84
set label 2 'x' at graph 1.004,-0.06 center textcolor rgb ink
plot for [k = 0:9] columns('stretch') index k using 3:4 with filledcurves y1=0 linecolor palette frac k / 9.0, \
  exp(-asinh(x)**2 / 2) / sqrt(2 * pi * (1 + x**2)) with lines linecolor rgb ink linewidth 1.2
unset multiplot
