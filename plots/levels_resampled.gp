# What each level of a flow carries (nf levels): a row an image; in its columns the image, with the
# latent of one level drawn anew, and from the latent of the last level alone.
array column[5] = ['image', 'level 1', 'level 2', 'level 3', 'level 3']
W = 1600
H = 960
set terminal @terminal size W,H
set multiplot
load 'plots/sheet.gp'
do for [panel = 0:1] {
  x = panel == 0 ? 88 : 840
  cell = panel == 0 ? 130 : 136
  do for [k = 1:5] { eval heading(column[k], x + cell * (k - 1) + 64, 92) }
  eval heading('drawn anew', x + cell * 2 + 64, 46)
  eval heading('alone', x + cell * 4 + 64, 46)
  set arrow 1 from screen (x + cell) / (W + 0.0), 1 - 68 / (H + 0.0) \
    to screen (x + cell * 3 + 128) / (W + 0.0), 1 - 68 / (H + 0.0) nohead linecolor rgb grey
  plot [0:1][0:1] NaN notitle
  unset arrow 1
}
eval sheet(data . 'icons.png', 88, 120, 648, 778)
eval sheet(data . 'digits.png', 840, 120, 672, 808)
unset multiplot
