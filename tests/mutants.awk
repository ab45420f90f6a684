# From the logs BUG.PROGRAM of tests/mutants.sh to its two tables, and to the one of docs/planted-bugs.md, which
# is read as the last file: it must have a row for every bug, in the words of tests/bugs.txt. A test
# is a cmocka test, named PROGRAM: NAME, where those of test_catalogue are counted by oracle; a
# case of tests/cli, named by its file; or a program, such as a chapter, which fails with an exit status
# other than 0.

FNR == NR && /^[a-z]/ { name[++bugs] = $1 }
FNR == NR && $1 == "is" { sub(/^ *is */, ""); what[bugs] = $0 }
FNR == NR && $1 == "symptom" { sub(/^ *symptom */, ""); symptom[bugs] = $0 }
FNR == NR { next }
FILENAME == "docs/planted-bugs.md" {
  for (b = 1; b <= bugs; b++)
    if (index($0, "| " what[b] " | " symptom[b] " |") == 1) in_notes[b] = 1
  next
}

function fails(check) {
  if (!((bug, check) in count)) found[bug] = found[bug] (found[bug] == "" ? "" : "\n") check
  count[bug, check]++
  failures++
}
function exists(check) {
  if (!(check in known)) { known[check] = 1; check_name[++checks] = check }
}

FNR == 1 {
  file = FILENAME
  sub(/.*\//, "", file)
  bug = program = file
  sub(/\..*/, "", bug)
  sub(/[^.]*\./, "", program)
  sub(/^test_/, "", program)
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
END {
  if (found["none"] != "") {
    print "without any bug these fail:\n" found["none"]
    exit 1
  }
  print "| the bug | its symptom | tests that find it |\n|---|---|---|" > table
  for (b = 1; b <= bugs; b++) {
    n = split(found[name[b]], check, "\n")
    printf "%s  %s\n%4s%s\n", name[b], what[b], "", symptom[b]
    line = "    found by"
    cell = ""
    for (i = 1; i <= n; i++) {
      c = count[name[b], check[i]]
      word = check[i] (c > 1 ? " (" c ")" : "")
      if (length(line) + length(word) > 98) { print line; line = "            " }
      line = line " " word (i < n ? "," : "")
      finds[check[i]]++
      if (n == 1) { alone[check[i]]++; only++ }
      gsub(/\|/, "\\|", check[i]) # of a command; in a table it would end the cell
      if (i <= 3) cell = cell (i > 1 ? ", " : "") check[i]
    }
    if (n > 3) cell = cell ", " n - 3 " more"
    print (n > 0 ? line : "    NOT FOUND")
    not_found += n == 0
    print "| " what[b] " | " symptom[b] " | " cell " |" > table
  }
  print "\n found  alone  by"
  for (i = 1; i <= checks; i++)
    if (check_name[i] in finds)
      printf "%6d %6s  %s\n", finds[check_name[i]], alone[check_name[i]] + 0, check_name[i]
  printf "\nthese find none of them:"
  for (i = 1; i <= checks; i++)
    if (!(check_name[i] in finds)) { printf "%s %s", comma, check_name[i]; comma = "," }
  for (b = 1; b <= bugs; b++)
    if (!in_notes[b]) {
      printf "\ndocs/planted-bugs.md has no row for %s as it is in %s", name[b], table
      not_in_notes++
    }
  printf "\n\n%d bugs, %d found, %d by one test alone\n", bugs, bugs - not_found, only
  exit not_found + not_in_notes > 0
}
