# The spline of three bins on the line: the map with its knots and bins, its slope, and the density of x
# when z is standard normal. All three panels have the same x axis; lines mark the knots.
set terminal @terminal size 1600,1240
set multiplot
set lmargin at screen 0.11
set rmargin at screen 0.79
set xrange [-3:3]
knot(k) = sprintf('%g', word('-2 -1 0.5 2', k))
set for [k=1:4] arrow k from real(word('-2 -1 0.5 2', k)),graph 0 to real(word('-2 -1 0.5 2', k)),graph 1 \
  nohead linecolor rgb '#dddddd' linewidth 1 back
set xtics ('' -3, '' -2, '' -1, '' 0.5, '' 2, '' 3)
set arrow 5 from -3,-2 to 3,-2 nohead linecolor rgb '#dddddd' linewidth 1 back
set for [k=2:4] arrow 4 + k from -3,real(word('-2 -0.5 0.8 2', k)) to 3,real(word('-2 -0.5 0.8 2', k)) \
  nohead linecolor rgb '#dddddd' linewidth 1 back

set tmargin at screen 0.985
set bmargin at screen 0.5
set yrange [-3:3]
set ylabel 'z = f(x)' offset 0.2,0
set ytics (-3, -2, -0.5, 0.8, 2, 3)
set label 1 'identity beyond' at 3.1,2.75 textcolor rgb teal
set label 2 'slope 1' at 3.1,2.05 textcolor rgb ink
set label 3 'slope 1.5' at 3.1,0.8 textcolor rgb ink
set label 4 'slope 0.6' at 3.1,-0.5 textcolor rgb ink
set label 5 'slope 1' at 3.1,-2 textcolor rgb ink
half = 0.3
dx(s) = half / sqrt(1 + s * s)
plot x with lines linecolor rgb grey linewidth 1 dashtype 2, \
     columns('map') using 1:2 with lines linecolor rgb teal linewidth 3, \
     columns('knots') using ($1 - dx($3)):($2 - dx($3) * $3):(2 * dx($3)):(2 * dx($3) * $3) \
       with vectors nohead linecolor rgb dark linewidth 2, \
     '' using 1:2 with points pointtype 7 pointsize 1 linecolor rgb dark
unset label
unset for [k=5:8] arrow k

set tmargin at screen 0.465
set bmargin at screen 0.3
set yrange [0:2.3]
set ylabel 'dz/dx' offset -2.6,0
set ytics 1
set label 1 "continuous,\nwith kinks at knots" at 3.1,1.2 textcolor rgb blue
plot columns('map') using 1:3 with lines linecolor rgb blue linewidth 3, \
     columns('knots') using 1:3 with points pointtype 7 pointsize 1 linecolor rgb dark
unset label

set tmargin at screen 0.265
set bmargin at screen 0.095
set yrange [0:0.5]
set ylabel 'density' offset -0.8,0
set ytics 0.2
set xlabel 'x' offset 0,0.3
set xtics (-3, -2, -1, 0.5, 2, 3)
set label 1 'p_X(x)' at 3.1,0.3 textcolor rgb green
set label 2 'p_Z(x)' at 3.1,0.14 textcolor rgb '#777777'
plot columns('map') using 1:5 with lines linecolor rgb grey linewidth 2 dashtype 2, \
     '' using 1:4 with filledcurves y1=0 fillcolor rgb green fillstyle transparent solid 0.25 noborder, \
     '' using 1:4 with lines linecolor rgb green linewidth 3
unset multiplot
