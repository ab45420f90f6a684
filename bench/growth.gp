# Time and scratch memory of a step against d, batch, depth and width, from the lines of `growth` in the
# file `data`. On logarithmic axes a power is a straight line, and its exponent the slope. Dashed: the
# multiply-adds alone, at the peak.
rows(pattern, fields) = sprintf("awk -F '[,_]' '/^%s,/ {print %s}' %s", pattern, fields, data)
lines(sweep, what) = '< ' . rows(sweep . '_[0-9]+_' . what, '$2, $(NF-1)')
slope(sweep, what) = \
  sprintf(', slope %.2f', real(system(rows(sweep . '_slope_' . what, '$(NF-1)'))))
# Of a sweep: its first and last size, the factor between tics, and its name.
d = '12 12288 16 d'
batch = '8 512 4 batch'
depth = '4 256 4 steps'
width = '32 2048 4 width'
axis(sizes) = sprintf('set xrange [%s/1.3:%s*1.3]; set xtics %s,%s font ",21"; set xlabel "%s" textcolor "#222222"', \
  word(sizes, 1), word(sizes, 2), word(sizes, 1), word(sizes, 3), word(sizes, 4))
set multiplot layout 2,4 margins 0.1,0.985,0.14,0.97 spacing 0.02,0.05
set logscale xy
set pointsize 0.5
unset mxtics
unset mytics
set style data linespoints
set key at graph 0,0.99 left Left reverse samplen 0.5 font ',20' textcolor rgb ink

set yrange [0.005:200000]
set ytics 1e-2,100 format '10^{%T}'
set format x ''
set ylabel 'time, ms'
do for [sweep in 'd batch depth width'] {
  eval axis(value(sweep))
  unset xlabel
  plot lines(sweep, 'train_ms') linecolor rgb dark pointtype 7 \
         title 'training' . slope(sweep, 'train'), \
       lines(sweep, 'log_prob_ms') linecolor rgb teal pointtype 7 \
         title 'log p' . slope(sweep, 'log_prob'), \
       lines(sweep, 'ideal_ms') using 1:(3 * $2) with lines linecolor rgb dark linewidth 0.8 dashtype 2, \
       lines(sweep, 'ideal_ms') with lines linecolor rgb teal linewidth 0.8 dashtype 2
  unset ylabel
  set ytics format ''
}

set yrange [30:3e6]
set ytics 1e2,100 format '10^{%T}'
set format x '%g'
set ylabel 'scratch memory, KiB' offset -1,0 textcolor '#222222'
do for [sweep in 'd batch depth width'] {
  eval axis(value(sweep))
  if (sweep eq 'depth') {
    plot lines('saved', 'memory_kib') linecolor rgb green pointtype 7 \
           title 'saved' . slope('saved', 'memory'), \
         lines('depth', 'memory_kib') linecolor rgb dark pointtype 7 \
           title 'not saved' . slope('depth', 'memory')
  } else {
    plot lines(sweep, 'memory_kib') linecolor rgb dark pointtype 7 \
           title 'training' . slope(sweep, 'memory')
  }
  unset ylabel
  set ytics format ''
}
unset multiplot
