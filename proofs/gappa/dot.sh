#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gappa/dot.sh N BOUND: that N products of e4m3 numbers in [-1, 1], added in e6m5 one after the other, err by at most BOUND = m/128,
# for Gappa to prove.
set -euo pipefail
n=$1 bound=$2
echo "@q = float<4, -9, ne>; @acc = float<6, -35, ne>;"
hypotheses=
for ((i = 0; i < n; i++)); do
  echo "x$i = q(X$i); y$i = q(Y$i); p$i = x$i * y$i;"
  if ((i == 0)); then sum="acc(p0)" exact="p0"; else echo "e$i = $exact + p$i;"; sum="acc(s$((i - 1)) + p$i)" exact="e$i"; fi
  echo "s$i = $sum;"
  hypotheses+="${hypotheses:+ /\\ }|x$i| <= 1 /\\ |y$i| <= 1"
done
echo "{ $hypotheses -> |s$((n - 1)) - $exact| <= ${bound/\/128/b-7} }"
