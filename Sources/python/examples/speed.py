# SPDX-License-Identifier: Apache-2.0
"""Rounding and coding of a million numbers beside the casts of ml_dtypes, on one core: milliseconds, the best of 50."""

import time

import ml_dtypes
import numpy as np

import fmtlab


def best(call):
    times = []
    for _ in range(50):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


x = np.random.default_rng(1).normal(size=1_000_000).astype(np.float32)
print("              round  encode  ml_dtypes' cast  decode  ml_dtypes' cast back")
for name in ["float8_e4m3fn", "float8_e5m2", "float4_e2m1fn", "bfloat16"]:
    dtype = getattr(ml_dtypes, name)
    codes, same = fmtlab.encode(x, name), x.astype(dtype)
    assert np.array_equal(codes, same.view(codes.dtype))
    times = [
        best(lambda: fmtlab.round(x, name, threads=1)), best(lambda: fmtlab.encode(x, name, threads=1)), best(lambda: x.astype(dtype)),
        best(lambda: fmtlab.decode(codes, name)), best(lambda: same.astype(np.float32)),
    ]
    print("{:13} {:6.2f}  {:6.2f}  {:15.2f}  {:6.2f}  {:20.2f}".format(name, *times))
