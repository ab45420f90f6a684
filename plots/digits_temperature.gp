# What the command line draws from the flow of digits: 25 samples, the same latent points at four
# temperatures, and four ways from one real image to another through the latent space.
array temperature[4] = ['0.5', '0.7', '0.85', '1']
array from[4] = ['0', '2', '4', '8']
W = 1600
H = 660
set terminal @terminal size W,H
set multiplot
load 'plots/sheet.gp'
do for [k = 1:4] {
  eval sheet(data . 'at_' . temperature[k] . '.png', 40 + 396 * (k - 1), 60, 336, 336)
  eval heading((k == 1 ? 'temperature ' : '') . temperature[k], 208 + 396 * (k - 1), 36)
}
eval heading('from one real image to another, through the latent space', W / 2, 446)
do for [k = 1:4] {
  eval sheet(data . 'from_' . from[k] . '.png', 40 + 776 * ((k - 1) % 2), 480 + 84 * ((k - 1) / 2), 744, 64)
}
unset multiplot
