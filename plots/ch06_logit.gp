# The logit preprocessing and its log-det, for the two α of the chapter.
set multiplot
set xrange [-0.02:1.02]
set xtics 0.25
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set xlabel "r = (k + u)/256" offset 0,0.2
set tmargin at screen 0.9
set bmargin at screen 0.14

set lmargin at screen 0.07
set rmargin at screen 0.48
set title 'y = logit(α + (1−2α)r)'
set yrange [-14.5:14.5]
set ytics -12,4,12
set label 1 'α = 0.05' at 0.84,-0.9 center textcolor rgb blue
set label 2 'α = 10^{−6}' at 0.955,7.2 right textcolor rgb green
plot columns('logit') using 1:2 with lines linecolor rgb blue linewidth 2.2, \
  columns('logit') using 1:3 with lines linecolor rgb green linewidth 2.2

set lmargin at screen 0.56
set rmargin at screen 0.97
set title 'log dy/dr'
set yrange [0:14.5]
set ytics 0,2,14
set label 1 'α = 0.05' at 0.5,0.55 center
set label 2 'α = 10^{−6}' at 0.5,2.2 center
plot columns('logit') using 1:4 with lines linecolor rgb blue linewidth 2.2, \
  columns('logit') using 1:5 with lines linecolor rgb green linewidth 2.2
unset multiplot
