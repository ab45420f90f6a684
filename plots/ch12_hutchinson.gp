# Estimates of the trace of one 16×16 Jacobian, a probe each: how often, by random signs and by normal
# noise. Bars below: the deviations of the formulas.
stats columns('hutchinson') index 0 using (trace = $1, sigma_1 = $2, sigma_2 = $3) nooutput
width = 0.8
bin(x) = width * floor(x / width) + width / 2
set xrange [trace - 4 * sigma_2 : trace + 4 * sigma_2]
set yrange [0:*]
unset ytics
set border 1
set lmargin at screen 0.03
set rmargin at screen 0.97
set tmargin at screen 0.91
set bmargin at screen 0.155
set title '4,000 estimates of a trace in 16 dimensions'
set xlabel 'ε^T J ε' offset 0,0.3
set arrow 1 from first trace,graph 0 to first trace,graph 0.97 nohead linecolor rgb ink linewidth 1.2
set label 1 'trace' at first trace,graph 0.97 left offset 0.6,-0.3 textcolor rgb ink
set label 2 sprintf('ε = ±1: deviation %.2f', sigma_1) at graph 0.66,0.62 textcolor rgb teal
set label 3 sprintf('ε normal: deviation %.2f', sigma_2) at graph 0.66,0.52 textcolor rgb dark
set arrow 2 from first trace - sigma_1,graph 0.02 to first trace + sigma_1,graph 0.02 nohead front linecolor rgb teal linewidth 4
set arrow 3 from first trace - sigma_2,graph 0.045 to first trace + sigma_2,graph 0.045 nohead front linecolor rgb dark linewidth 4
set style fill transparent solid 0.35 noborder
set boxwidth width
plot columns('hutchinson') index 1 using (bin($1)):(1. / (4000 * width)) smooth frequency with boxes linecolor rgb teal, \
  columns('hutchinson') index 2 using (bin($1)):(1. / (4000 * width)) smooth frequency with boxes linecolor rgb dark
