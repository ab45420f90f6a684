# Runs every check on every document, and prints the cases as cmocka does. NOTES are the derivation in
# two languages; what is only about them is skipped for other documents.
function run(check, d) {
  if (check == "numbers") check_numbers(d)
  else if (check == "untagged numbers") check_untagged(d)
  else if (check == "excerpts") check_excerpts(d)
  else if (check == "functions") check_functions(d)
  else if (check == "links") check_links(d)
  else if (check == "targets, programs, paths") check_words(d)
  else if (check == "tables") check_tables(d)
  else if (check == "phrases") check_phrases(d)
  else if (check == "figures") check_figures(d)
  else if (check == "references") check_references(d)
  else if (check == "equations") check_equations(d)
  else if (check == "math") check_math(d)
  else if (check == "symbols") check_symbols(d)
  else if (check == "exercises") check_exercises(d)
  else if (check == "translation") check_translation(d, document["NOTES.md"])
}

END {
  unreadable = faults
  n = 0
  all = split("numbers,untagged numbers,excerpts,functions,links,targets; programs; paths,tables," \
              "references,phrases,figures,equations,math,symbols,exercises,translation", check, ",")
  for (d = 1; d <= documents; d++)
    for (k = 1; k <= all; k++) {
      gsub(/;/, ",", check[k])
      if (k > 10 && path[d] !~ /^NOTES/) continue
      if (check[k] == "translation" && path[d] == "NOTES.md") continue
      runs[++n] = d SUBSEP check[k]
    }
  print "[==========] Running " n " test(s)."
  for (k = 1; k <= n; k++) {
    split(runs[k], run_, SUBSEP)
    shown = path[run_[1]] ": " run_[2]
    print "[ RUN      ] " shown
    fflush()
    faults = unreadable
    run(run_[2], run_[1])
    print (faults > 0 ? "[  FAILED  ] " : "[       OK ] ") shown
    failed += faults > 0
  }
  exit failed > 0
}
