# The densities on both sides of chapter 3's coupling layer, with contours, and the worked point.
set table $data_contours
set contour base
unset surface
set cntrparam levels discrete 0.002, 0.01, 0.03, 0.06, 0.1, 0.14
splot columns('density') using 1:2:3
set table $latent_contours
splot columns('density') using 1:2:4
unset table

set terminal @terminal size 1600,850
set multiplot
set size ratio -1
set xrange [-4:4]
set yrange [-4:4]
set xtics 2
set ytics 2
set cbrange [0:0.2]
set cbtics 0.1
set tmargin at screen 0.9
set bmargin at screen 0.15

set lmargin at screen 0.075
set rmargin at screen 0.455
set title 'data  p_X(x_1, x_2)'
set xlabel 'x_1' offset 0,0.3
set ylabel 'x_2' offset 1,0
unset colorbox
set label 2 'density' at screen 0.94,0.955 center textcolor rgb ink
set label 1 ' x' at 0.5,-1 offset 0.3,0 point pointtype 7 pointsize 0.8 linecolor rgb '#ffffff' textcolor '#ffffff' front
plot columns('density') using 1:2:3 with image, \
  $data_contours using 1:2 with lines linecolor rgb '#50ffffff' linewidth 0.8

set lmargin at screen 0.53
set rmargin at screen 0.91
set title 'latent  p_Z = N(0, I)'
set xlabel 'z_1'
set ylabel 'z_2'
set colorbox
set label 2 'density' at screen 0.94,0.955 center textcolor rgb ink
set label 1 ' z' at 0.5,-1.184
plot columns('density') using 1:2:4 with image, \
  $latent_contours using 1:2 with lines linecolor rgb '#50ffffff' linewidth 0.8
unset multiplot
set size ratio -1
