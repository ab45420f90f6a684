# What the documents name is there: the functions in the headers, the files and headings that links
# lead to, the targets of make, the programs and the paths of the tree.

# Every nf_… and NF_… in code stands in a header.
function check_functions(d,   i, at, k, t, name) {
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    for (at = 1; match(substr(t, at), /(nf|NF)_[A-Za-z0-9_]+/); at = k + length(name)) {
      k = at + RSTART - 1
      name = substr(t, k, RLENGTH)
      if (part_at(d, i, k) == "c" && !(k > 1 && substr(t, k - 1, 1) ~ /[A-Za-z0-9_]/) &&
          !(name in word))
        fault(d, i, "no header has " name)
    }
  }
}

# Whether the shell finds something under a path or pattern.
function exists(name) {
  if (!(name in found)) found[name] = system("ls -d " name " > /dev/null 2>&1") == 0
  return found[name]
}

# The name that GitHub gives to a heading: lower case, spaces become -, punctuation goes.
function slug(heading) {
  sub(/^#+ */, "", heading)
  gsub(/，|。|：|、|？|！|（|）|“|”|‘|’|；|·|…|–|—|《|》/, "", heading)
  gsub(/ /, "-", heading)
  gsub(/[!-,.\/:-@\[-^`{-~]/, "", heading)
  return tolower(heading)
}

function has_anchor(file, anchor,   line, inside) {
  if (!(file in read)) {
    read[file] = 1
    while ((getline line < file) > 0) {
      if (line ~ /^```/) inside = !inside
      else if (!inside && line ~ /^#+ /) heading[file, slug(line)] = 1
    }
    close(file)
  }
  return (file, anchor) in heading
}

# A path that document d names, seen from the tree.
function in_folder(d, file) {
  file = substr(path[d], 1, match(path[d], /[^\/]*$/) - 1) file
  while (sub(/[^\/]+\/\.\.\//, "", file)) continue
  return file
}

# Every relative link leads to a file, and every anchor to a heading of it.
function check_links(d,   i, at, k, t, link, file, hash) {
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    for (at = 1; match(substr(t, at), /\]\([^)]*\)/); at = k + 1) {
      k = at + RSTART - 1
      link = substr(t, k + 2, RLENGTH - 3)
      if (part_at(d, i, k) != "t" || link ~ /^http/) continue
      hash = index(link, "#")
      file = hash > 0 ? substr(link, 1, hash - 1) : link
      if (file != "") file = in_folder(d, file)
      if (file != "" && !exists(file)) fault(d, i, "there is no " file)
      if (hash > 0 && !has_anchor(file != "" ? file : path[d], substr(link, hash + 1)))
        fault(d, i, "no heading makes " substr(link, hash))
    }
  }
}

# The targets of a command that begins with "make ".
function check_targets(d, i, command,   n, k, one) {
  n = split(substr(command, 6), one, " ")
  for (k = 1; k <= n && one[k] ~ /^[a-z]/; k++) {
    if (one[k] ~ /^[a-z0-9_-]+=/) return
    match(one[k], /^[a-z0-9_-]+/)
    if (!(substr(one[k], 1, RLENGTH) in target))
      fault(d, i, "make has no target " substr(one[k], 1, RLENGTH))
    if (RLENGTH < length(one[k])) return
  }
}

BEGIN {
  folders = "make |build/chapters/|(src|include|chapters|golden|plots|tests|data|tools|bench|book" \
    "|examples|web)/"
}

# What stands in code can be found: the targets of make, the programs, the paths of the tree.
function check_words(d,   i, at, k, t, before, name) {
  for (i = 1; i <= lines[d]; i++) {
    t = text[d, i]
    for (at = 1; match(substr(t, at), folders); at = k + 1) {
      k = at + RSTART - 1
      before = k > 1 ? substr(t, k - 1, 1) : " "
      if (part_at(d, i, k) != "c" || before ~ /[A-Za-z0-9_]/) continue
      if (substr(t, k, 5) == "make ") check_targets(d, i, substr(t, k))
      else if (substr(t, k, 15) == "build/chapters/") {
        if (match(substr(t, k + 15), /^[a-z0-9_]+/)) {
          name = "chapters/" substr(t, k + 15, RLENGTH) ".c"
          if (!exists(name)) fault(d, i, "there is no " name)
        }
      } else if (before != "/") {
        match(substr(t, k), /^[a-zA-Z0-9_\/.*-]+/)
        name = substr(t, k, RLENGTH)
        if (!exists(name)) fault(d, i, "there is no " name)
      }
    }
  }
}
