# Four densities that are known (left), and those of flows that learned them, with the KL divergence
# from the known density in nats. One scale of colour per row, from 0 to a little over the known peak.
# The columns are in the folder `flows`.
array toy[4] = ['moons', 'gaussians', 'rings', 'banana']
array name[4] = ['two moons', '8 Gaussians', '2 rings', 'banana']
array max_density[4] = [0.68, 0.34, 0.33, 0.56]
array model[6] = ['data', 'RealNVP', 'MAF', 'splines', 'CNF', 'flow matching']
array kl[20]
stats flows . '/kl.dat' using (kl[$0 + 1] = $3) nooutput
set terminal @terminal size 1600,1222
set multiplot
set size ratio -1
set border 0
unset tics
unset colorbox
set autoscale fix
do for [row=1:4] {
  set cbrange [0:max_density[row]]
  set tmargin at screen 1 - (56 + 291 * (row - 1)) / 1222.0
  set bmargin at screen 1 - (56 + 291 * (row - 1) + 250) / 1222.0
  do for [k=1:6] {
    set lmargin at screen (46 + 259 * (k - 1)) / 1600.0
    set rmargin at screen (46 + 259 * (k - 1) + 250) / 1600.0
    set title (row == 1 ? model[k] : '') offset 0,-0.5
    if (k == 1) { set label 1 name[row] at graph -0.1,0.5 center rotate textcolor rgb ink }
    if (k > 1) {
      d = kl[5 * (row - 1) + k - 1]
      set label 2 (d < 0.001 ? 'KL < 0.001' : sprintf('KL %.3f', d)) at graph 0.5,-0.075 center textcolor '#555555' font ',22'
    }
    plot flows . '/' . toy[row] . '.dat' using 1:2:(column(2 + k)) with image
    unset label
  }
}
unset multiplot
