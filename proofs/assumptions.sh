#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints what the theorems in README.md's tables assume, and fails unless that is what assumptions.txt says. --record writes it.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

names=$(sed -n 's/^| \([A-Z][A-Za-z0-9]*\.[a-z][a-z0-9_]*\) |.*/\1/p' README.md)
{
  sed 's/\..*//' <<<"$names" | sort -u | sed 's/.*/From Fmtlab Require &./'
  sed 's/.*/Goal True. idtac "theorem &". Abort. Print Assumptions &./' <<<"$names"
} > "$scratch/assumptions.v"
# Of the axioms the names are enough: their types take many lines.
coqc -Q coq Fmtlab "$scratch/assumptions.v" |
  sed -n 's/^theorem //p; t; s/^Closed.*/  none/p; t; s/^\([A-Z][A-Za-z_]*\.[A-Za-z_]*\).*/  \1/p' > "$scratch/assumptions.txt"
if [ "${1:-}" = --record ]; then cp "$scratch/assumptions.txt" assumptions.txt; fi
diff -u assumptions.txt "$scratch/assumptions.txt" || { echo "the theorems assume something else than assumptions.txt says" >&2; exit 1; }
if grep -rnE '\b(Admitted|admit|Axiom|Parameter|Conjecture)\b' coq/*.v; then echo "no proof may be left out" >&2; exit 1; fi
echo "$(wc -l <<<"$names") theorems checked; $(grep -c . assumptions.txt) lines of assumptions as committed"
