# Holds the house to its plan. The first file is src/LAYERS, the floors bottom to top; the others
# are sources src/FLOOR/FILE. A source includes only its own floor and those below it. The floors
# up to flow, which must also run where there is no GSL and no console, include neither <gsl/...>
# nor <stdio.h> nor <getopt.h>. What breaks a rule is named with file and line, and the exit
# status is 1. The umbrella src/nf.h, which lies on no floor, is left alone.

function complain(what) {
  printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
  broken = 1
}

FNR == 1 {
  files++
  n = split(FILENAME, part, "/")
  own = part[n - 1]
  umbrella = own == "src"
}

files == 1 {
  if ($0 !~ /^#/ && NF > 0) height[$1] = ++top
  next
}

umbrella { next }

!(own in height) {
  if (FNR == 1) complain("floor " own " is not in src/LAYERS")
  next
}

match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*[">]/) {
  name = substr($0, RSTART, RLENGTH)
  sub(/^[^"<]*["<]/, "", name)
  sub(/[">]$/, "", name)
  if (height[own] <= height["flow"] && name ~ /^(gsl\/.*|stdio\.h|getopt\.h)$/)
    complain("floor " own " includes <" name ">")
  if ($0 ~ /"/ && index(name, "/") > 0 && name !~ /^gsl\//) {
    floor = substr(name, 1, index(name, "/") - 1)
    if (!(floor in height)) complain("\"" name "\" is on no floor of src/LAYERS")
    else if (height[floor] > height[own]) complain("floor " own " climbs to \"" name "\"")
  }
}

END { exit broken }
