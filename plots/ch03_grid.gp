# A square grid through the coupling layer: columns stay columns, each scaled and moved by itself.
# Colour is log|det J| = s(x_1).
set terminal @terminal size 1600,1000
set multiplot
set size ratio -1
set xrange [-2.2:2.2]
set yrange [-2.6:3.3]
set xtics 1
set ytics 1
set cbrange [-1:1]
set cbtics 0.5
set tmargin at screen 0.92
set bmargin at screen 0.12

set lmargin at screen 0.075
set rmargin at screen 0.455
set title 'data'
set xlabel 'x_1' offset 0,0.3
set ylabel 'x_2' offset 1,0
unset colorbox
plot columns('grid') using 1:2:5 with lines linecolor palette linewidth 1.5

set lmargin at screen 0.525
set rmargin at screen 0.905
set title 'latent'
set xlabel 'z_1'
set ylabel 'z_2'
set colorbox
set label 1 'log|det J|' at screen 0.985,0.962 right textcolor rgb ink
plot columns('grid') using 3:4:5 with lines linecolor palette linewidth 1.5
unset multiplot
set size ratio -1
