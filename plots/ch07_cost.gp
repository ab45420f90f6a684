# Seconds of a dense log|det| against those of a coupling layer's sum, measured when drawn.
set terminal @terminal size 1200,800
set logscale xy
set xrange [9:4500]
set yrange [1e-9:10]
set xtics (12, 48, 192, 768, 3072)
set ytics ('1 ns' 1e-9, '1 µs' 1e-6, '1 ms' 1e-3, '1 s' 1)
set xlabel 'd' offset 0,0.3
set title 'one log|det J|'
set rmargin 22
set label 1 'dense LU, d^3' at 3700,0.6 textcolor rgb '#440154'
set label 2 'coupling, Σ s' at 3700,1.2e-6 textcolor rgb '#35b779'
plot columns('cost') using 1:2 with linespoints pointtype 7 pointsize 0.75 linewidth 3 linecolor rgb '#440154', \
  columns('cost') using 1:3 with linespoints pointtype 7 pointsize 0.75 linewidth 3 linecolor rgb '#35b779'
