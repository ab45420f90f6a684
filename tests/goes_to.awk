# The block of a document that stands under <!-- goes to PATH -->, without its fences; -v to=PATH.
# Exit status 1 when there is none.
$0 == "<!-- goes to " to " -->" { wanted = 1; next }
/^```/ { inside = wanted; wanted = 0; next }
inside { print; found = 1 }
END { exit !found }
