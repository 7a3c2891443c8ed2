#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Executes the first three notebooks and checks their pages: pictures embedded, formulas as MathML, nothing from the network, no error.
set -euo pipefail
cd "$(dirname "$0")/.."

.ci/install pandoc
notebooks-cli/build 01 02 03 > /dev/null
pages=.build-notebooks/html
count=0
for name in 01-formats 02-rounding 03-accumulators; do
  page=$pages/$name.html
  problem() { echo "error: $page $1" >&2; exit 1; }
  [ -s "$page" ] || problem "is missing"
  pictures=$(grep -o '<img[^>]*src="data:image/svg+xml;base64' "$page" | wc -l)
  [ "$pictures" -ge 3 ] || problem "has $pictures pictures"
  grep -q '<math' "$page" || problem "has no formula"
  grep -q "\"$name.html\"" "$pages/index.html" || problem "is not in the index"
  # Addresses may stand in links of the text, and in the names of XML's namespaces.
  if grep -Eio '(src|srcset|data|action)="?(https?:)?//|<link[^>]*href="?(https?:)?//|url\(["'\'']?(https?:)?//|<script|@import' "$page"; then
    problem "refers to the network"
  fi
  # An SVG in a page is base64: look inside as well.
  if grep -o 'base64,[A-Za-z0-9+/=]*' "$page" | cut -d, -f2 | while read -r data; do base64 -d <<< "$data"; echo; done |
    grep -Eio '(xlink:)?href="?(https?:)?//|<script|url\(["'\'']?(https?:)?//'; then
    problem "has a picture that refers to the network"
  fi
  if grep -q 'Traceback\|Error:' "$page"; then problem "shows an error"; fi
  count=$((count + 1))
done

# A cell that fails names itself, and the pages stay.
before=$(sha256sum "$pages"/*.html)
copy=notebooks-cli/99-wrong.md
trap 'rm -f "$copy"' EXIT
printf -- '# Wrong\n\nIs 1 equal to 2?\n\n```python name="claim"\nassert 1 == 2\n```\n' > "$copy"
if message=$(notebooks-cli/build 99 2>&1); then echo "error: a false assertion passed" >&2; exit 1; fi
grep -q '99-wrong, cell claim' <<< "$message" || { echo "error: the message does not name the cell: $message" >&2; exit 1; }
[ "$before" = "$(sha256sum "$pages"/*.html)" ] || { echo "error: a failure changed the pages" >&2; exit 1; }
echo "$count pages of notebooks checked"
