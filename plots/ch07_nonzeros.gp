# The Jacobian of one coupling layer of D = 12, and what a layer after it makes of the zeros.
# Colour is |∂z_i/∂x_j|, white is 0.
set terminal @terminal size 1600,600
set multiplot
set size square
set xrange [-0.5:11.5]
set yrange [11.5:-0.5]
set cbrange [-3:0.5]
set cbtics ('0.001' -3, '0.01' -2, '0.1' -1, '1' 0)
set xtics ('x_1' 0, 'x_{12}' 11) scale 0
set ytics ('z_1' 0, 'z_{12}' 11) scale 0
set border 31 linecolor rgb grey
set tmargin at screen 0.88
set bmargin at screen 0.1
unset colorbox

do for [k = 0:2] {
  set lmargin at screen 0.05 + 0.307 * k
  set rmargin at screen 0.292 + 0.307 * k
  if (k == 0) { set title 'coupling layer: triangular' }
  if (k == 1) { set title '… then a permutation' }
  if (k == 2) { set title '… then a 1×1 convolution'; set colorbox; set label 1 '|∂z_i/∂x_j|' at screen 0.99,0.945 right textcolor rgb ink }
  plot columns('nonzeros') index k using 3:2:($4 < -8 ? NaN : $4) with image
}
unset multiplot
