# The product of MADE's masks, which counts paths, beside the Jacobian of the layer, measured; rows and
# columns in the order of the values. Colour is the logarithm, white is 0.
set terminal @terminal size 1600,800
set multiplot
set size square
set xrange [-0.5:5.5]
set yrange [5.5:-0.5]
set xtics ('x_4' 0, 'x_1' 1, 'x_5' 2, 'x_2' 3, 'x_6' 4, 'x_3' 5) scale 0
set border 31 linecolor rgb grey
set tmargin at screen 0.9
set bmargin at screen 0.08
unset colorbox
shade(v, low, high) = v > 0 ? (log10(v) - low) / (high - low) : NaN
set cbrange [0:1]

set lmargin at screen 0.085
set rmargin at screen 0.495
set title 'paths through the masks'
set ytics ('μ_4, α_4' 0, 'μ_1, α_1' 1, 'μ_5, α_5' 2, 'μ_2, α_2' 3, 'μ_6, α_6' 4, 'μ_3, α_3' 5) scale 0
plot columns('masks') using 2:1:(shade($3, 0.5, 2.6)) with image, \
     '' using 2:1:(sprintf('%d', $3)):(shade($3, 0.5, 2.6) > 0.55 ? 0x222222 : $3 > 0 ? 0xffffff : 0xaaaaaa) \
       with labels textcolor rgb variable

set lmargin at screen 0.56
set rmargin at screen 0.975
set title '|∂z_i/∂x_j|'
set ytics ('z_4' 0, 'z_1' 1, 'z_5' 2, 'z_2' 3, 'z_6' 4, 'z_3' 5) scale 0
text(v) = v == 0 ? '0' : sprintf('%.2f', v)
plot columns('masks') using 2:1:(shade($4, -2, 0.3)) with image, \
     '' using 2:1:(text($4)):(shade($4, -2, 0.3) > 0.55 ? 0x222222 : $4 > 0 ? 0xffffff : 0xaaaaaa) \
       with labels textcolor rgb variable
unset multiplot
