# True decimal digits of log p against the depth of the flow, in double and in float: the median of 1000
# inputs, bands that hold the middle 50 and 90 % of them, and the worst input as a dotted line.
set logscale x 2
set xrange [0.93:250]
set yrange [4:18.4]
set xtics (1, 2, 4, 8, 16, 32, 64, 128)
set ytics 2
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set xlabel 'couplings' offset 0,0.3
set title 'true digits of log p(x), 1000 inputs'
set lmargin at screen 0.06
set rmargin at screen 0.985
set tmargin at screen 0.91
set bmargin at screen 0.155
set style fill transparent solid 0.22 noborder
array name[2] = ['double', 'float']
array from[2] = [1, 7] # the column before those of a format
array colour[2] = [dark, teal]
array last[2]
array least[2]
do for [f=1:2] {
  stats columns('digits') using (last[f] = column(from[f] + 4), least[f] = column(from[f] + 1)) nooutput
  set label f name[f] at first 140,last[f] textcolor rgb colour[f]
  set label f + 2 'worst input' at first 140,least[f] - 0.15 textcolor rgb colour[f] font ',19'
}
plot for [f=1:2] columns('digits') using 1:(column(from[f] + 2)):(column(from[f] + 6)) with filledcurves \
    linecolor rgb colour[f], \
  for [f=1:2] columns('digits') using 1:(column(from[f] + 3)):(column(from[f] + 5)) with filledcurves \
    linecolor rgb colour[f], \
  for [f=1:2] columns('digits') using 1:(column(from[f] + 1)) with lines dashtype (2,4) linewidth 1.4 \
    linecolor rgb colour[f], \
  for [f=1:2] columns('digits') using 1:(column(from[f] + 4)) with linespoints pointtype 7 pointsize 0.7 \
    linewidth 2.2 linecolor rgb colour[f]
