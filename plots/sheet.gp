# For figures of sheets that nf has drawn: pixels of the sheet are those of the figure, W × H, so that
# no cell is blurred or cut. Places count from the top left corner. Both are for eval, in a multiplot.
unset border
unset tics
unset key
set margins 0, 0, 0, 0

# The PNG `file`, w × h pixels, with its top left corner at (x, y).
sheet(file, x, y, w, h) = sprintf("\
set lmargin at screen %.9f; set rmargin at screen %.9f; \
set tmargin at screen %.9f; set bmargin at screen %.9f; \
set xrange [-0.5:%d-0.5]; set yrange [-0.5:%d-0.5]; \
plot '%s' binary filetype=png with rgbimage notitle", \
  x / (W + 0.0), (x + w) / (W + 0.0), 1 - y / (H + 0.0), 1 - (y + h) / (H + 0.0), w, h, file)

# A line of text, its middle at (x, y).
heading(text, x, y) = sprintf("\
set label 99 '%s' at screen %.9f,%.9f center textcolor '#222222'; plot [0:1][0:1] NaN notitle; \
unset label 99", text, x / (W + 0.0), 1 - y / (H + 0.0))
