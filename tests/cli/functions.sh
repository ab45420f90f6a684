# shellcheck shell=sh
# For the cases of tests/cli: what a checkpoint and a log hold. A safetensors file is the length of
# its header, 8 bytes; the header, JSON; the tensors.
header() { tail -c +9 "$1" | head -c $(($(od -An -tu8 -N8 "$1"))); }
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
