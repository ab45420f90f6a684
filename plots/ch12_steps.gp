# Errors against the number of steps: of z' = tanh z, x = 1/2, by Euler's method and by Runge and
# Kutta's; and of the mean log p of 8 Gaussians on the exact field of flow matching.
set logscale xy
set xrange [0.9:70]
set yrange [3e-13:1]
set xtics (1, 2, 4, 8, 16, 32, 64)
set ytics ('10^{−12}' 1e-12, '10^{−9}' 1e-9, '10^{−6}' 1e-6, '10^{−3}' 1e-3, '1' 1)
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set lmargin at screen 0.085
set rmargin at screen 0.70
set tmargin at screen 0.91
set bmargin at screen 0.155
set xlabel 'steps N' offset 0,0.3
set title 'error, in nats for densities'
array name[4] = ['log-det, Euler: N^{−1}', 'log-det, order 4: N^{−4}', 'x after forward and inverse', 'mean log p, 8 Gaussians']
array colour[4] = [dark, blue, teal, green]
array last[4]
do for [k=1:4] {
  stats columns('steps') using (last[k] = column(k + 1)) nooutput
  set label k name[k] at first 74,last[k] textcolor rgb colour[k]
}
plot for [k=1:4] columns('steps') using 1:(column(k + 1)) with linespoints pointtype 7 pointsize 0.7 \
  linewidth 2.2 linecolor rgb colour[k]
