# The bound of bits/dim with M draws of the noise, of one image.
set logscale x 2
set xrange [0.88:18.2]
set xtics (1, 2, 4, 8, 16)
set xlabel 'draws M of the noise' offset 0,0.3
set ylabel 'bits/dim of the ring' offset 0.5,0
set ytics 0.01
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set lmargin at screen 0.11
set rmargin at screen 0.97
set tmargin at screen 0.91
set bmargin at screen 0.155
set title 'bound of −log_2 P per dimension'
plot columns('draws') using 1:2:3 with yerrorbars pointtype 7 pointsize 0.7 linewidth 1.6 linecolor rgb grey, \
  '' using 1:2 with linespoints pointtype 7 pointsize 0.9 linewidth 2.2 linecolor rgb teal
