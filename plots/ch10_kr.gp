# A square grid of the latent plane, and the points of the data that the map of Knothe and Rosenblatt
# carries to it. Colour is the log-density of the data, the same at a point and its image.
set terminal @terminal size 1600,860
set multiplot
set size ratio -1
set cbrange [-12:-0.5]
set cbtics 4
set tmargin at screen 0.91
set bmargin at screen 0.13
set xtics 1
set ytics 1

set lmargin at screen 0.06
set rmargin at screen 0.45
set title 'data'
set xlabel 'x_1' offset 0,0.3
set ylabel 'x_2' offset 1,0
set xrange [-2.9:2.9]
set yrange [-2.9:2.9]
unset colorbox
plot columns('kr') using 3:4:5 with lines linecolor palette linewidth 1.3

set lmargin at screen 0.51
set rmargin at screen 0.9
set title 'latent'
set xlabel 'z_1'
set ylabel 'z_2'
set xrange [-2.5:2.5]
set yrange [-2.5:2.5]
set colorbox
set label 1 'log p(x)' at screen 0.99,0.955 right textcolor rgb ink
plot columns('kr') using 1:2:5 with lines linecolor palette linewidth 1.3
unset multiplot
