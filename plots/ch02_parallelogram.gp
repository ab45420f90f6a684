# The unit square and its image under z = A x + b, on one scale: every cell grows by det A = 2.95.
set terminal @terminal size 1600,580
set multiplot
set size ratio -1
set xrange [-0.3:3.05]
set yrange [-0.5:1.6]
set xtics 1
set ytics 1
set grid linecolor '#e4e4e4' linewidth 0.6
set tmargin at screen 0.98
set bmargin at screen 0.205

set lmargin at screen 0.065
set rmargin at screen 0.49
set xlabel 'x_1' offset 0,0.3
set ylabel 'x_2' offset 0,0
set label 1 'area 1' at 1.12,0.5 left textcolor rgb ink
plot columns('square') index 0 using 1:2 with filledcurves closed fillstyle solid 0.3 linecolor rgb teal, \
  columns('square') index 1 using 1:2 with lines linecolor rgb teal linewidth 1.2

set lmargin at screen 0.56
set rmargin at screen 0.985
set xlabel 'z_1'
set ylabel 'z_2'
set label 1 'area det A = 2.95' at 0.95,-0.35 left textcolor rgb ink
plot columns('square') index 0 using 3:4 with filledcurves closed fillstyle solid 0.3 linecolor rgb teal, \
  columns('square') index 1 using 3:4 with lines linecolor rgb teal linewidth 1.2
unset multiplot
