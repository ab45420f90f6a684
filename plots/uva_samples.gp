# 48 samples of the flow of the University of Amsterdam, temperature 1.
W = 1440
H = 520
set terminal @terminal size W,H
set multiplot
load 'plots/sheet.gp'
eval sheet(data . 'sheet.png', 37, 32, 1366, 454)
unset multiplot
