# shellcheck shell=sh
# The cases of a test script, for those that define them as functions: a script adds their names to
# $tests and ends with run. $folder is its own.
#
# Each test is a function, in a process of its own; 77 says that it was left out. What it prints is
# shown when it fails.
tests=
run() {
  for test in $tests; do
    echo "[ RUN      ] $test"
    ($test) > "$folder/log" 2>&1
    case $? in
      0) echo "[       OK ] $test" ;;
      77) echo "[  SKIPPED ] $test" ;;
      *) cat "$folder/log" ;;
    esac
  done
}
