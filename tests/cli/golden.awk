# awk -f golden.awk GOLDEN CSV: whether a chapter's name,value lines are the quantities of its golden
# file, in its order, with |value - golden| ≤ atol + rtol·|golden|. One line for each that is not.
function is_number(s) { return s ~ /^-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$/ }
function size(x) { return x < 0 ? -x : x }
FNR == 1 { file++ }
file == 1 && (/^#/ || NF == 0) { next }
file == 1 {
  if (NF != 5 || $1 !~ /^[A-Za-z0-9_]+$/ || $2 !~ /^(num|ref)$/ || !is_number($3) ||
      !is_number($4) || !is_number($5) || $4 < 0 || $5 < 0 || $1 in seen)
    print FILENAME ":" FNR ": not a new `name kind value atol rtol`: " $0
  seen[$1] = 1
  name[++n] = $1
  value[n] = $3
  atol[n] = $4
  rtol[n] = $5
  next
}
{
  comma = index($0, ",")
  i++
  if (i > n) print "not in the golden file; `make golden` would add it: " $0
  else if (substr($0, 1, comma - 1) != name[i]) print "quantity " i " is " $0 ", not " name[i]
  else if (!is_number(substr($0, comma + 1)) ||
           !(size(substr($0, comma + 1) - value[i]) <= atol[i] + rtol[i] * size(value[i])))
    print $0 " is not " value[i] " ± " atol[i] " ± " rtol[i] "·|value|"
}
END {
  for (i++; i <= n; i++) print name[i] " is missing"
  if (n == 0) print "there is no quantity"
}
