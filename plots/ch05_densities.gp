# Above, four densities that are known; below, what RealNVP has made of N(0, I) to match them.
array name[4] = ['moons', '8 Gaussians', 'banana', 'rings']
array max_density[4] = [0.6, 0.32, 0.55, 0.36]
set multiplot
set xrange [-3:3]
set yrange [-3:3]
set border 0
unset tics
unset colorbox
do for [k=1:4] {
  set lmargin at screen 0.065 + 0.234 * (k - 1)
  set rmargin at screen 0.289 + 0.234 * (k - 1)
  set cbrange [0:max_density[k]]
  do for [row=0:1] {
    set tmargin at screen 0.88 - 0.418 * row
    set bmargin at screen 0.482 - 0.418 * row
    set title (row == 0 ? name[k] : '') offset 0,-0.4
    if (k == 1) { set label 1 (row == 0 ? 'data' : 'flow') at graph -0.1,0.5 center rotate textcolor rgb ink }
    plot columns('densities') using 1:2:(column(1 + 2 * k + row)) with image
    unset label 1
  }
}
unset multiplot
