# shellcheck shell=sh
# For the cases of tests/cli: what a checkpoint and a log hold. A safetensors file is the length of
# its header, 8 bytes; the header, JSON and spaces; the tensors.
header() { tail -c +9 "$1" | head -c $(($(od -An -tu8 -N8 "$1"))) | sed 's/ *$//'; }
tensors() { tail -c +$(($(od -An -tu8 -N8 "$1") + 9)) "$1"; }
metadata() { header "$1" | sed -n "1s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"; }
step() { metadata "$1" step; }

# Two checkpoints with the same tensors, bit for bit, and the same settings and progress but for the
# time that it took.
same_checkpoint() {
  for f in "$1" "$2"; do
    header "$f" | sed 's/"seconds":"[^"]*"//' > "$f.header" && tensors "$f" > "$f.tensors" || return
  done
  cmp "$1.header" "$2.header" && cmp "$1.tensors" "$2.tensors"
}

# Two logs that agree but for the column of seconds.
same_log() {
  for f in "$1" "$2"; do cut -d , -f 1,2,4- "$f" > "$f.steps"; done
  cmp "$1.steps" "$2.steps"
}

# snapshot, then unchanged: the same files with the same bytes.
checksums() { find . -type f -exec cksum {} + | sort; }
snapshot() { checksums > ../snapshot; }
unchanged() { checksums | diff ../snapshot -; }

# Waits, at most 20 s, until a checkpoint is there and has that step.
wait_for_step() {
  for _ in $(seq 2000); do
    [ -e "$1" ] && [ "$(step "$1")" -ge "$2" ] && return
    sleep 0.01
  done
  echo "$1 has no step $2"
}

# interrupt SIGNAL X COMMAND…: starts the command, sends the signal 0.1 s after X.last.safetensors is
# there, and prints the exit status.
interrupt() {
  signal=$1 last=$2.last.safetensors
  shift 2
  "$@" > interrupted.out & pid=$!
  wait_for_step "$last" 0
  sleep 0.1
  kill "-$signal" "$pid"
  wait "$pid"
  echo $?
}

# difference A B: the largest difference of any two numbers of checkpoints with the same tensors, in
# units of float's rounding at 1 or at the largest number of the tensor, whichever is larger.
difference() {
  for f in "$1" "$2"; do
    header "$f" | sed 's/"__metadata__":{[^}]*}//' > "$f.header"
    tensors "$f" | od -An -v -tf4 -w4 > "$f.values"
  done
  cmp "$1.header" "$2.header" || return
  grep -o '"data_offsets":\[[0-9]*,[0-9]*' "$1.header" | sed 's/.*,//' > "$1.ends"
  paste "$1.values" "$2.values" | awk -v ends="$1.ends" '
    function larger(a, b) { return a > b ? a : b }
    function absolute(a) { return a < 0 ? -a : a }
    function end_tensor() {
      if (size > 0) worst = larger(worst, gap / size * 8388608) # 2^23
      size = 1
      gap = 0
      getline last < ends
    }
    NR == 1 { end_tensor() }
    $1 !~ /^-?[0-9.]+(e[-+][0-9]+)?$/ || $2 !~ /^-?[0-9.]+(e[-+][0-9]+)?$/ { print "not finite: " $0 }
    {
      size = larger(size, absolute($2))
      gap = larger(gap, absolute($1 - $2))
    }
    4 * NR == last { end_tensor() }
    END { print worst + 0 }'
}
