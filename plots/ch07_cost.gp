# Seconds of a dense log|det| against those of a coupling layer's sum, measured when drawn.
set logscale xy
set xrange [9:4200]
set yrange [1e-9:10]
set xtics (12, 48, 192, 768, 3072)
set ytics ('1 ns' 1e-9, '1 µs' 1e-6, '1 ms' 1e-3, '1 s' 1)
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set xlabel 'dimensions d; a colour image of 32×32 pixels has 3072' offset 0,0.3
set title 'time of one log|det J|'
set lmargin at screen 0.085
set rmargin at screen 0.80
set tmargin at screen 0.91
set bmargin at screen 0.155
array last[2]
stats columns('cost') using (last[1] = $2, last[2] = $3) nooutput
set label 1 'dense J: LU, ∝ d^3' at first 3600,last[1] textcolor rgb dark
set label 2 'coupling: Σ s, ∝ d' at first 3600,last[2] textcolor rgb teal
plot for [k=1:2] columns('cost') using 1:(column(k + 1)) with linespoints pointtype 7 pointsize 0.7 \
  linewidth 2.2 linecolor rgb (k == 1 ? dark : teal)
