# After tests/bugs.awk, from the logs of tests/mutants.sh, a file for each bug, to what found each bug, and with `all`
# also how often, by how many tests, and the table of docs/planted-bugs.md, which must have a row for every bug,
# with the test first that fails first. A test is a cmocka test, named PROGRAM: NAME, where those of
# test_catalogue are counted by oracle; a case of tests/cli, named by its file; or a program, such as a
# chapter, which fails with an exit status other than 0.

function fails(check) {
  if (!((bug, check) in count)) found[bug] = found[bug] (found[bug] == "" ? "" : "\n") check
  count[bug, check]++
  failures++
}
function exists(check) {
  if (!(check in known)) { known[check] = 1; check_name[++checks] = check }
}

FNR == 1 {
  bug = FILENAME
  sub(/.*\//, "", bug)
}
/^program / {
  program = $2
  sub(/.*\/(test_)?/, "", program)
  sub(/\.txt$/, "", program)
  running = ""
  failures = announced = 0
}

sub(/^\[ RUN      \] /, "") {
  if (running != "") fails(running)
  test = running = $0
  sub(/.*: /, "", running)
  if (program != "catalogue") running = program ": " running
  exists(running)
  announced = 1
}
/^\[ (      OK|  SKIPPED) \] / && substr($0, 14) == test { running = "" }

/^exit status / {
  if (running != "") fails(running)
  if (!announced) exists(program)
  if ($3 != 0 && failures == 0) fails(program)
}

# --- the tables -------------------------------------------------------------------------------
function has(b, check) { return tests[b] == check || index(tests[b], check ", ") == 1 }

function print_found(b, n, check,   i, c, line, word) {
  line = "    found by"
  for (i = 1; i <= n; i++) {
    c = count[name[b], check[i]]
    word = check[i] (c > 1 ? " (" c ")" : "")
    if (length(line) + length(word) > 98) { print line; line = "            " }
    line = line " " word (i < n ? "," : "")
  }
  print (n > 0 ? line : "    NOT FOUND")
}

END {
  if (found["none"] != "") {
    print "without any bug these fail:\n" found["none"]
    exit 1
  }
  if (all) print "| the bug | its symptom | tests that find it |\n|---|---|---|" > table
  for (b = 1; b <= bugs; b++) {
    n = split(found[name[b]], check, "\n")
    printf "%s  %s\n%4s%s\n", name[b], what[b], "", symptom[b]
    print_found(b, n, check)
    not_found += n == 0
    cell = ""
    for (i = 1; i <= n; i++) {
      finds[check[i]]++
      if (n == 1) { alone[check[i]]++; only_one++ }
      gsub(/\|/, "\\|", check[i]) # of a command; in a table it would end the cell
      if (i <= 3) cell = cell (i > 1 ? ", " : "") check[i]
    }
    if (n > 3) cell = cell ", " n - 3 " more"
    if (all) print "| " what[b] " | " symptom[b] " | " cell " |" > table
    if (tests[b] == "") faults = faults "\ndocs/planted-bugs.md has no row for " name[b]
    else if (n > 0 && !has(b, check[1]))
      faults = faults "\ndocs/planted-bugs.md does not name first for " name[b] ": " check[1]
  }
  if (all) {
    print "\n found  alone  by"
    for (i = 1; i <= checks; i++)
      if (check_name[i] in finds)
        printf "%6d %6s  %s\n", finds[check_name[i]], alone[check_name[i]] + 0, check_name[i]
    printf "\nthese find none of them:"
    for (i = 1; i <= checks; i++)
      if (!(check_name[i] in finds)) { printf "%s %s", comma, check_name[i]; comma = "," }
    print ""
  }
  print faults "\n" bugs " bugs, " bugs - not_found " found" (all ? ", " only_one + 0 " by one test alone" : "")
  if (faults != "") print "The table of docs/planted-bugs.md comes from ALL=1"
  exit not_found > 0 || faults != ""
}
