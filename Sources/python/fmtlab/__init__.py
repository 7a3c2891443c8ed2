# SPDX-License-Identifier: Apache-2.0
"""Low-precision arithmetic on NumPy arrays, exactly: every rounding, every sum, and the bounds of their errors.

Formats, accumulators and roundings have the names of the command line: ``e4m3fn``, ``e4m3:16,fp16:8,fp32``, ``rne``. Arrays of float32 and float64 that
lie without gaps are rounded, coded and decoded where they are; others are copied first. Functions let other Python threads run, and give the same bits on any number
of threads. Errors are :class:`Error`: what was given, what is allowed, what to do.
"""

from fmtlab._arrays import decode, encode, gemm, quantize, round
from fmtlab._library import Error
from fmtlab._questions import distribution, dot, worst

__all__ = ["Error", "decode", "distribution", "dot", "encode", "gemm", "quantize", "round", "worst"]
__version__ = "0.1.0"
