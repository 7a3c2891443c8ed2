#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fails unless the theorems in README.md's tables state what statements.txt says and assume what assumptions.txt says, and the constants of formats and
# of the bounds of double words are those of constants.txt and double-words.txt. --record writes all four.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

names=$(sed -n 's/^| \([A-Z][A-Za-z0-9]*\.[a-z][a-z0-9_]*\) |.*/\1/p' README.md)
{
  sed 's/\..*//' <<<"$names" | sort -u | sed 's/.*/From Fmtlab Require &./'
  sed 's/.*/Goal True. idtac "theorem &". Abort. Print Assumptions &./' <<<"$names"
} > "$scratch/theorems.v"
# Of the axioms the names are enough: their types take many lines.
coqc -Q coq Fmtlab "$scratch/theorems.v" |
  sed -n 's/^theorem //p; t; s/^Closed.*/  none/p; t; s/^\([A-Z][A-Za-z_]*\.[A-Za-z_]*\).*/  \1/p' > "$scratch/assumptions.txt"

# What the theorems state, and then all definitions that they use, as Coq prints them.
statements="$scratch/statements.txt"
modules=$(basename -s .v coq/*.v)
print_all() { # VERB, names on standard input
  {
    echo 'From Coq Require Import Reals List ZArith QArith. From Flocq Require Import Core.'
    sed 's/.*/From Fmtlab Require &./' <<<"$modules"
    echo 'Import Numbers Sums ListNotations. Open Scope R_scope. Set Printing Width 150.'
    sed "s/.*/$1 &./"
  } > "$scratch/print.v"
  coqc -Q coq Fmtlab "$scratch/print.v" | awk '/^Arguments/ { skip = 1; next } /^[^ ]/ { skip = 0 } !skip' >> "$statements"
}
print_all Check <<<"$names"
known=$names
new=$(printf '%s\n' Numbers.{u,half_eta} Sums.{sum,magnitude,recursive})
while [ -n "$new" ]; do
  print_all Print <<<"$new"
  known+=$'\n'$new
  new=$(grep -oE "\b($(paste -sd'|' <<<"$modules"))\.[A-Za-z0-9_']+" "$statements" | sort -u | grep -vxF "$known" || true)
done

# A line a format: name, p, emin, exponents of u, of eta/2 and of the smallest normal number, k; safe in binary32, in binary64.
coqc -Q coq Fmtlab -o "$scratch/Constants.vo" coq/Constants.v | tr '\n' ' ' |
  sed 's/ *"\([a-z0-9]*\)"/\n\1/g; s/true/1/g; s/false/0/g; s/; //g' | tr -d '()[]' | sed '/./!d; s/ *$//; $a\' > "$scratch/constants.txt"

# A line a bound: id, from p on, (square/2 u^2 + cube u^3)/(1 - less/2 u).
coqc -Q coq Fmtlab -o "$scratch/DoubleWordConstants.vo" coq/DoubleWordConstants.v | tr -d '"' | sed 's/%string//' > "$scratch/double-words.txt"

if [ "${1:-}" = --record ]; then cp "$scratch"/{statements,assumptions,constants,double-words}.txt .; fi
diff -u statements.txt "$statements" || { echo "the theorems state something else than statements.txt says, as Coq 8.16 prints them" >&2; exit 1; }
diff -u assumptions.txt "$scratch/assumptions.txt" || { echo "the theorems assume something else than assumptions.txt says" >&2; exit 1; }
diff -u constants.txt "$scratch/constants.txt" || { echo "the constants are not those of constants.txt" >&2; exit 1; }
diff -u double-words.txt "$scratch/double-words.txt" || { echo "the bounds of double words are not those of double-words.txt" >&2; exit 1; }
if grep -rnwE 'Admitted|admit|Axiom|Parameter|Conjecture' coq/*.v; then echo "no proof may be left out" >&2; exit 1; fi
echo "$(wc -l <<<"$names") theorems checked; statements, assumptions and constants as committed"
