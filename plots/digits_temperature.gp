# What the command line draws from a flow trained on digits: 36 samples, the same latent points at
# four temperatures, and four ways from one real image to another through the latent space.
array temperature[4] = ['0.5', '0.7', '0.85', '1']
array from[4] = ['0', '2', '4', '8']
set terminal @terminal size 1600,750
set multiplot
set border 0
unset tics
set tmargin at screen 0.912
set bmargin at screen 0.411
do for [k = 1:4] {
  set lmargin at screen 0.015 + 0.245 * (k - 1)
  set rmargin at screen 0.25 + 0.245 * (k - 1)
  set title (k == 1 ? 'temperature ' : '') . temperature[k] offset 0,-0.4
  plot data . 'at_' . temperature[k] . '.png' binary filetype=png with rgbimage
}
set title ''
do for [k = 1:4] {
  set lmargin at screen 0.015 + 0.495 * ((k - 1) % 2)
  set rmargin at screen 0.49 + 0.495 * ((k - 1) % 2)
  set tmargin at screen 0.255 - 0.12 * ((k - 1) / 2)
  set bmargin at screen 0.171 - 0.12 * ((k - 1) / 2)
  if (k == 1) {
    set label 1 'from one real image to another, through the latent space' at screen 0.5,0.325 center textcolor rgb ink
  }
  plot data . 'from_' . from[k] . '.png' binary filetype=png with rgbimage
  unset label 1
}
unset multiplot
