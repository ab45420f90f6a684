# What the inverse of one autoregressive layer costs, in passes of its network, against d.
set logscale x 2
set logscale y 2
set xrange [1.7:300]
set yrange [0.4:400]
set xlabel 'dimension d' offset 0,0.3
set ylabel 'inverse, in passes of the network'
set xtics (2, 4, 8, 16, 32, 64, 128, 256)
set ytics 4
set grid ytics linecolor rgb '#e6e6e6' linewidth 1
set label 1 'one value a pass: d' at 330,256 textcolor rgb dark
set label 2 'Jacobi iteration, to 10^{−12}' at 330,9 textcolor rgb teal
set label 3 'parts of one pass' at 330,0.66 textcolor rgb green
set lmargin at screen 0.09
set rmargin at screen 0.71
set tmargin at screen 0.96
set bmargin at screen 0.14
plot columns('cost') using 1:2 with linespoints linecolor rgb dark pointtype 7 linewidth 2, \
     '' using 1:3 with linespoints linecolor rgb teal pointtype 7 linewidth 2, \
     '' using 1:4 with linespoints linecolor rgb green pointtype 7 linewidth 2
