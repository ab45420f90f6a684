# Time and scratch memory of a step against d, batch and depth, from the lines of `growth` in the
# file `data`. On logarithmic axes a power is a straight line, and its exponent the slope.
rows(pattern, fields) = sprintf("awk -F '[,_]' '/^%s,/ {print %s}' %s", pattern, fields, data)
lines(sweep, what) = '< ' . rows(sweep . '_[0-9]+_' . what, '$2, $(NF-1)')
slope(sweep, what) = \
  sprintf(', slope %.2f', real(system(rows(sweep . '_slope_' . what, '$(NF-1)'))))
set multiplot layout 2,3 margins 0.1,0.98,0.145,0.97 spacing 0.03,0.06
set logscale xy
set pointsize 0.6
unset mxtics
unset mytics
set style data linespoints
set key top left Left reverse samplen 0.8 font ',20' textcolor rgb ink

set yrange [0.02:200000]
set ytics 1e-2,100 format '10^{%T}'
set format x ''
set ylabel 'time, ms'
do for [sweep in 'd batch depth'] {
  if (sweep eq 'd') { set xrange [8:4600]; set xtics 12,4 }
  if (sweep eq 'batch') { set xrange [6.5:158]; set xtics 8,2 }
  if (sweep eq 'depth') { set xrange [3.2:79]; set xtics 4,2 }
  plot lines(sweep, 'train_ms') linecolor rgb dark pointtype 7 \
         title 'training' . slope(sweep, 'train'), \
       lines(sweep, 'log_prob_ms') linecolor rgb teal pointtype 7 \
         title 'log p' . slope(sweep, 'log_prob')
  unset ylabel
  set ytics format ''
}

set yrange [30:3e6]
set ytics 1e2,100 format '10^{%T}'
set format x '%g'
set ylabel 'scratch memory, KiB'
do for [sweep in 'd batch depth'] {
  if (sweep eq 'd') { set xrange [8:4600]; set xtics 12,4; set xlabel 'd' }
  if (sweep eq 'batch') { set xrange [6.5:158]; set xtics 8,2; set xlabel 'batch' }
  if (sweep eq 'depth') { set xrange [3.2:79]; set xtics 4,2; set xlabel 'steps of flow' }
  if (sweep eq 'depth') {
    plot lines('saved', 'memory_kib') linecolor rgb green pointtype 7 \
           title 'saved' . slope('saved', 'memory'), \
         lines('depth', 'memory_kib') linecolor rgb dark pointtype 7 \
           title 'recomputed' . slope('depth', 'memory')
  } else {
    plot lines(sweep, 'memory_kib') linecolor rgb dark pointtype 7 \
           title 'training' . slope(sweep, 'memory')
  }
  unset ylabel
  set ytics format ''
}
unset multiplot
