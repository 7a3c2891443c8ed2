# SPDX-License-Identifier: Apache-2.0
# Makes a page that generate-manual wrote readable: names with hyphens, tables and examples line by line, the exit status, the way back.

function flush_paragraph(   i) {
  if (lines == 0) return
  if (paragraphs++ > 0 && !literal) print ".Pp"
  if (literal) print ".Bd -literal"
  for (i = 1; i <= lines; i++) {
    if (literal) gsub(/-/, "\\-", paragraph[i])
    print (paragraph[i] ~ /^[.']/ ? "\\&" : "") paragraph[i]
  }
  if (literal) print ".Ed"
  lines = 0
  literal = 0
}

/^\.Os/ { print ".Os fmtlab"; next }
/^\.Nd / { sub(/\."$/, "\"") }
name == "fmtlab-run" && /^\.Op Ar program/ { print ".Fl - Ar program..."; next }
/^\.Dt / { print ".Dt " toupper(name) " 1"; next }
/^\.Sh / {
  flush_paragraph()
  discussing = $2 == "DESCRIPTION"
  related = related || $2 == "\"SEE" || $2 == "SEE"
}
/^\.Xr / {
  if ($2 ~ /\.help$/ || $2 == "fmtlab.theory.list") next
  gsub(/\./, "-", $2)
  references = references (references == "" ? "" : " ,\n") ".Xr " $2 " 1"
  next
}
/^\.Ex/ {
  if (name == "fmtlab-run") print "That of the program; 64 and above as in\n.Xr fmtlab 1\nif it could not be started."
  else {
    print "0 on success; 1 if the answer is no: a check fails, a bound is exceeded, a target is not met; 64 for a mistake in the command line; 65 for bad data;"
    print "66 if a file cannot be read or written; 70 for a bug of fmtlab; 75 if the command was stopped and goes on when it is run again."
  }
  next
}
discussing && /^\./ && !/^\.Sh/ { flush_paragraph(); discussing = 0 }
discussing && !/^\.Sh/ {
  if ($0 == "") flush_paragraph()
  else {
    paragraph[++lines] = $0
    if ($0 ~ /^ / || $0 ~ /[^ ]  +[^ ]/) literal = 1
  }
  next
}
{ print }
END {
  flush_paragraph()
  if (!related) print ".Sh \"SEE ALSO\""
  if (name != "fmtlab") references = ".Xr fmtlab 1" (references == "" ? "" : " ,\n" references)
  print references
}
