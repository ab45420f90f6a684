# The loss above its minimum: -𝓛 - h(p_data) = KL(data‖flow), in nats, on points the flow was
# not trained on. Bars are standard errors.
array name[4] = ['two moons', '8 Gaussians', 'banana', '2 rings']
array colour[4] = [teal, blue, green, dark]
set logscale xy
set xrange [0.5:1150]
set yrange [0.0018:3]
set xtics ('0' 0.6, '1' 1, '10' 10, '100' 100, '1000' 1000)
set ytics (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3)
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set lmargin at screen 0.09
set rmargin at screen 0.84
set tmargin at screen 0.91
set bmargin at screen 0.155
set title 'KL(data‖flow) in nats: the loss minus the entropy'
set xlabel 'step of training'
place(s) = s == 0 ? 0.6 : s
do for [k=1:4] {
  stats columns('loss') index k-1 using (last = $2) nooutput
  set label k name[k] at first 1250,last left textcolor rgb colour[k]
}
plot for [k=1:4] columns('loss') index k-1 using (place($1)):2 with linespoints pointtype 7 pointsize 0.6 linewidth 1.6 linecolor rgb colour[k], \
  for [k=1:4] columns('loss') index k-1 using (place($1)):($2 - $3):(0):(2 * $3) with vectors nohead linewidth 1.2 linecolor rgb colour[k]
