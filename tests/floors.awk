# Holds the order of src/LAYERS. Files: src/LAYERS, then src/FLOOR/*.[ch] and include/nf/*.h, each of
# which belongs to the floor that implements it. Exit status 1, and a line for each, when
#
#   a file includes one of a floor above its own
#   a file declares a struct or a function that a floor above its own defines
#   a layer is recognised by its name: strcmp with type->name, or with a name that a type has
#   core … train, which use libm alone, include another library's header, or print, or open files
#   a folder, or a header of include/nf, belongs to no floor

function complain(where, what) {
  print where ": " what > "/dev/stderr"
  broken = 1
}
function here() { return FILENAME ":" FNR }

# The floor of "nf/flow.h" or "core/lu.h"; "" for another.
function floor_of(name,   part) {
  split(name, part, "/")
  return part[1] == "nf" ? public[part[2]] : (part[1] in height) ? part[1] : ""
}

function mentions(name) {
  mention[++m] = name
  mention_floor[m] = own
  mention_place[m] = here()
}
function defines(name) {
  if (!(name in defined) || height[own] < height[defined[name]]) defined[name] = own
}

# A declaration at file scope, up to its first { or ;
function declaration(text,   name) {
  if (text ~ /^(typedef|static|#)/ || !match(text, /nf_[a-z0-9_]+\(/)) return
  name = substr(text, RSTART, RLENGTH - 1)
  if (text ~ /\{$/) defines(name)
  else mentions(name)
}

BEGIN {
  n = split("core core net nets layer layers flow flow model flow train train data data " \
            "checkpoint io nf io", word, " ")
  for (i = 1; i < n; i += 2) public[word[i] ".h"] = word[i + 1]
  other = "^(gsl/.*|cblas|jansson|png|jpeglib|jerror|zlib|getopt|dirent|fcntl|sys/.*)[.]h$"
}

NR == FNR {
  if ($0 !~ /^#/ && NF > 0) height[$1] = ++top
  next
}

FNR == 1 {
  name = FILENAME
  sub(/^(.*\/)?(src|include)\//, "", name)
  own = floor_of(name)
  comment = 0
  text = ""
  if (own == "") complain(FILENAME, "belongs to no floor")
}
own == "" { next }

match($0, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*/) {
  name = substr($0, RSTART, RLENGTH)
  quoted = sub(/^[^"<]*"/, "", name)
  sub(/^[^"<]*</, "", name)
  if (quoted && name ~ /\//) {
    floor = floor_of(name)
    if (floor == "") complain(here(), "\"" name "\" belongs to no floor")
    else if (height[floor] > height[own]) complain(here(), own " includes \"" name "\" of " floor)
  } else if (height[own] <= height["train"] && name ~ other)
    complain(here(), own " includes <" name ">")
  next
}

# What is left of a line without its comments
{
  line = $0
  if (comment && !sub(/^.*\*\//, "", line)) next
  comment = 0
  while (match(line, /\/\*/)) {
    rest = substr(line, RSTART + 2)
    line = substr(line, 1, RSTART - 1)
    if ((end = index(rest, "*/")) == 0) { comment = 1; break }
    line = line substr(rest, end + 2)
  }
}

own == "layers" && match(line, /\.name = "[^"]*"/) {
  layer[substr(line, RSTART + 8, RLENGTH - 8)] = 1
}
line ~ /str(n|case|ncase)?cmp\(/ {
  if (line ~ /type->name/) complain(here(), "a layer is recognised by its name")
  else if (match(line, /"[a-z0-9_]+"/)) {
    compared[++c] = substr(line, RSTART, RLENGTH)
    compared_place[c] = here()
  }
}
height[own] <= height["train"] && match(line, /(^|[^a-z_])(f?printf|f?puts|fopen)\(/) {
  name = substr(line, RSTART, RLENGTH - 1)
  sub(/^[^a-z]/, "", name)
  complain(here(), own " calls " name)
}

# Every struct that is named, and every function
{
  rest = line
  while (match(rest, /struct nf_[a-z0-9_]+( \{)?/)) {
    name = substr(rest, RSTART + 7, RLENGTH - 7)
    rest = substr(rest, RSTART + RLENGTH)
    if (sub(/ \{$/, "", name)) defines(name)
    else mentions(name)
  }
  if (text == "" && line !~ /^[a-z]/) next
  text = text line
  if (match(text, /[{;]/)) {
    declaration(substr(text, 1, RSTART))
    text = ""
  }
}

END {
  for (i = 1; i <= m; i++)
    if ((mention[i] in defined) && height[defined[mention[i]]] > height[mention_floor[i]])
      complain(mention_place[i], mention_floor[i] " declares " mention[i] ", which " \
                                 defined[mention[i]] " defines")
  for (i = 1; i <= c; i++)
    if (compared[i] in layer) complain(compared_place[i], "a layer is recognised by its name")
  exit broken
}
