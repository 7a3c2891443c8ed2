#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the wheel, installs it in a clean environment, and tests it there beside ml_dtypes and gfloat.
set -euo pipefail
cd "$(dirname "$0")/.."

wheel=$(Sources/python/build-wheel | tail -1)
size=$(stat -c %s "$wheel")
[ "$size" -lt 20000000 ] || { echo "error: $wheel has $size bytes; at most 20 MB" >&2; exit 1; }

place=.build-wheel/tests
rm -rf "$place"
python3 -m venv "$place"
"$place/bin/pip" install -q "$wheel" ml_dtypes==0.6.0 gfloat==0.5.2 pytest mypy
# From a place where no sources lie, so that what is imported is what was installed.
export FMTLAB_CLI="$PWD/.build/release/fmtlab"
"$place/bin/python" -m pytest -q -rs -p no:cacheprovider --rootdir "$place" Tests/python
"$place/bin/python" -m mypy --strict --cache-dir "$place/mypy" -p fmtlab
