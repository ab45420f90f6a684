# Where the bits/dim of one image come from: a waterfall of the stages' shares, from 0 to the total.
# A box that goes up is a stage that adds bits (log-det below 0), one that goes down subtracts some.
array name[9] = ['dequantise', 'logit', 'squeeze', 'actnorm', '1×1 conv', 'coupling', 'prior', \
  'split', 'latent']
cost = ('0x' . orange[2:]) + 0
gain = ('0x' . teal[2:]) + 0
sum = 0
last = 0
add(v) = (last = sum, sum = sum + v, sum)
stats columns('bits') using (add($3)) nooutput
total = sum
sum = 0

set xrange [0.2:29.2]
set yrange [0:9.4]
set ytics 2
set grid ytics linecolor '#e4e4e4' linewidth 0.6
set border 2
set xtics scale 0 rotate by 55 right offset 0.6,0.3 font ',20'
set lmargin at screen 0.08
set rmargin at screen 0.985
set tmargin at screen 0.90
set bmargin at screen 0.21
set ylabel 'bits/dim so far' offset 0.3,0
set title sprintf('from pixels to the latent: %.2f bits/dim', total)
set style fill solid 1 noborder

array begin[4] = [0.4, 2.5, 11.5, 20.5]
array end[4] = [2.5, 11.5, 20.5, 27.5]
array rows[4] = ['pixels', '16×16×12', '8×8×24', '4×4×48']
do for [i=1:4] {
  set arrow i from end[i],0 to end[i],9.1 nohead dashtype (6,6) linecolor rgb grey linewidth 0.6
  set label i rows[i] at (begin[i] + end[i]) / 2,8.9 center textcolor '#555555' font ',21'
}
set label 5 sprintf('%.2f', total) at 28.2,total + 0.35 center textcolor rgb ink font ',21'
plot columns('bits') using 1:(add($3), (sum + last) / 2):($1 - 0.36):($1 + 0.36):(last):\
  (abs($3) < 0.02 ? last + 0.02 * ($3 < 0 ? -1 : 1) : sum):($3 == 0 ? 0xbbbbbb : $3 > 0 ? cost : gain):\
  xticlabels(name[int($2) + 1]) with boxxyerror linecolor rgb variable
