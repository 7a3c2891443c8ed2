#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs into a temporary directory, tries what is there, and takes it away again.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "error: $*" >&2; exit 1; }
make -s install PREFIX="$work/here" >&2
here=$work/here
fmtlab=$here/bin/fmtlab

# The program, without anything of Swift.
if ldd "$fmtlab" "$here"/lib/*.so | grep -E 'libswift|Foundation|dispatch|not found'; then fail "these libraries are needed"; fi
[ "$(env -i "$fmtlab" round --to e4m3fn 0.3 --csv | tail -1 | cut -d, -f3)" = 0.3125 ] || fail "0.3 is not 0.3125 in e4m3fn"

# fmtlab run finds its libraries: 3 · 5 + 2 · 1 in e2m1fn numbers (4 for 5, a tie), called by name.
cat > "$work/dot.py" <<'PY'
import ctypes
blas, pair = ctypes.CDLL(None), ctypes.c_double * 2
blas.cblas_ddot.restype = ctypes.c_double
print(blas.cblas_ddot(2, pair(3, 2), 1, pair(5, 1), 1))
PY
result=$("$fmtlab" run --format e2m1fn --acc fp32 --quiet -- python3 "$work/dot.py")
[ "$result" = 14.0 ] || fail "fmtlab run gives $result, not 14"

# The library and its header, from C.
cat > "$work/width.c" <<'C'
#include <fmtlab.h>
int main(void) {
  char message[FMTLAB_MESSAGE];
  int32_t width = 0, bytes = 0;
  return fmtlab_format("e4m3fn", &width, &bytes, message) != 0 || width != 8;
}
C
"$(command -v cc || command -v clang)" -I"$here/include" "$work/width.c" -o "$work/width" -L"$here/lib" -lfmtlabc -Wl,-rpath,"$here/lib"
"$work/width" || fail "libfmtlabc.so does not know e4m3fn"

# Manual: every command has a page, and they are formatted without complaint.
for command in $("$fmtlab" --help | sed -n '/^SUBCOMMANDS/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
  [ -f "$here/share/man/man1/fmtlab-$command.1" ] || fail "no manual page of fmtlab $command"
done
for page in "$here"/share/man/man1/*.1; do
  if command -v mandoc >/dev/null; then mandoc -Tutf8 -O width=100 "$page" > "$work/page"
  elif command -v man >/dev/null; then MANWIDTH=100 man -l "$page" > "$work/page"
  else groff -mdoc -Tutf8 "$page" > "$work/page"; fi
  for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' 'SEE ALSO'; do
    grep -q "$section" <(sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' "$work/page") || fail "$page has no section $section"
  done
done

# Completions.
bash -c "source '$here/share/bash-completion/completions/fmtlab'; complete -p fmtlab" | grep -q fmtlab || fail "bash does not complete fmtlab"
grep -q '^#compdef fmtlab' "$here/share/zsh/site-functions/_fmtlab" || fail "zsh would not load its completion"
if command -v fish >/dev/null; then
  fish --no-config -c "source '$here/share/fish/vendor_completions.d/fmtlab.fish'; complete -C 'fmtlab anal'" | grep -q analyze || fail "fish does not complete fmtlab"
fi

# Another place by DESTDIR, and nothing left after.
make -s install PREFIX=/usr DESTDIR="$work/root" >&2
[ -x "$work/root/usr/bin/fmtlab" ] || fail "DESTDIR is not honoured"
make -s uninstall PREFIX=/usr DESTDIR="$work/root"
make -s uninstall PREFIX="$here"
left=$(find "$work/root" "$here" -type f)
[ -z "$left" ] || fail "left behind: $left"
echo "installed, tried and uninstalled"
