# Above, four densities that are known; below, those of RealNVPs trained on their samples, with the KL
# divergence. One scale of colour per column, from 0 to a little over the known peak.
array name[4] = ['two moons', '8 Gaussians', 'banana', '2 rings']
array max_density[4] = [0.68, 0.34, 0.56, 0.33]
array extent[4] = [1.9, 2.8, 3, 2.5]
array kl[4]
stats columns('kl') using (kl[$0 + 1] = $1) nooutput
set terminal @terminal size 1600,915
set multiplot
set size ratio -1
set border 0
unset tics
unset colorbox
do for [k=1:4] {
  set lmargin at screen 0.042 + 0.240 * (k - 1)
  set rmargin at screen 0.276 + 0.240 * (k - 1)
  set cbrange [0:max_density[k]]
  set xrange [-extent[k]:extent[k]]
  set yrange [-extent[k]:extent[k]]
  do for [row=0:1] {
    set tmargin at screen 0.925 - 0.425 * row
    set bmargin at screen 0.512 - 0.425 * row
    set title (row == 0 ? name[k] : '') offset 0,-0.4
    if (k == 1) { set label 1 (row == 0 ? 'data' : 'flow') at graph -0.08,0.5 center rotate textcolor rgb ink }
    if (row == 1) { set label 2 (kl[k] < 0.001 ? 'KL < 0.001 nats' : sprintf('KL %.3f nats', kl[k])) at graph 0.5,-0.08 center textcolor '#555555' }
    plot columns('densities') using 1:2:(column(1 + 2 * k + row)) with image
    unset label
  }
}
unset multiplot
