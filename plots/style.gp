# The look of every figure: large quiet type, grey axes, the perceptually uniform map viridis.
# `picture` is the file to write, a PNG, or an SVG by its name; `data` is where the columns are.
set encoding utf8
terminal = (picture[strlen(picture) - 3 :] eq '.svg' ? 'svg' : 'pngcairo pointscale 2') . \
  " enhanced rounded font 'DejaVu Sans,24' linewidth 2 background '#ffffff'"
set terminal @terminal size 1600,900
set output picture

set border 3 linecolor '#999999' linewidth 0.8
set tics nomirror out scale 0.6 textcolor '#555555'
set title textcolor '#222222'
set xlabel textcolor '#222222'
set ylabel textcolor '#222222'
set format '%g'
set minussign
set key noautotitle
set style textbox opaque noborder fillcolor '#ffffff'

dark = '#440154'
blue = '#31688e'
teal = '#21918c'
green = '#55a630'
orange = '#c4761b'
ink = '#222222'
grey = '#bbbbbb'
set palette defined (0 '#440154', 0.125 '#472d7b', 0.25 '#3b528b', 0.375 '#2c728e', \
  0.5 '#21918c', 0.625 '#28ae80', 0.75 '#5ec962', 0.875 '#addc30', 1 '#fde725')
set colorbox noborder
set cbtics textcolor '#555555' scale 0.4

# The file of columns that the chapter prints for --plot NAME.
columns(name) = data . name . '.dat'

# Many points as dots of one colour, x y in the columns: a hair's breadth of line with round ends, for
# which an SVG needs a quarter of the bytes of a point.
dots = "(0.002):(0) with vectors nohead linewidth"
