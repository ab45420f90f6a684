# After tests/bugs.awk, prints for no bug, and then for every bug, the programs that run with it: those that
# it names, or else those of the list `programs`. The first is the one whose test docs/planted-bugs.md names
# first, as PROGRAM: TEST, or as a program alone, or, when there is no such program, as an oracle of test_catalogue.

function add(list, path) { return index(list " ", " " path " ") ? list : list " " path }

function of_test(name, path, n,   i, catalogue) {
  sub(/[:,].*/, "", name)
  for (i = 1; i <= n; i++) {
    if (path[i] ~ "/(test_)?" name "(\\.txt)?$") return path[i]
    if (path[i] ~ /\/test_catalogue$/) catalogue = path[i]
  }
  return catalogue
}

END {
  for (b = 1; b <= bugs; b++) there[name[b]] = 1
  for (i = 1; i <= some; i++)
    if (!(word[i] in there)) {
      print "BUG: '" word[i] "': tests/bugs.txt has no such bug" > "/dev/stderr"
      exit 2
    }
  all = " " programs
  for (b = 1; b <= bugs; b++) {
    n = split(by[b], test, " ")
    for (i = 1; i <= n; i++) {
      file = test[i] ~ /^test_/ ? build "/tests/" test[i] : "tests/cli/" test[i] ".txt"
      all = add(all, file)
      own[b] = own[b] " " file
    }
  }
  print "none" all
  for (b = 1; b <= bugs; b++) {
    n = split(own[b] != "" ? own[b] : programs, path, " ")
    first = of_test(tests[b], path, n)
    list = first == "" ? "" : " " first
    for (i = 1; i <= n; i++) list = add(list, path[i])
    print name[b] list
  }
}
