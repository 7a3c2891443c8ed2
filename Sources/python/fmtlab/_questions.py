# SPDX-License-Identifier: Apache-2.0
"""Errors of dot products: one measured exactly, the worst of all, and the law of random ones."""

from __future__ import annotations

import json
from ctypes import byref, c_double, c_int64
from typing import Any, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from fmtlab._arrays import numbers
from fmtlab._library import Error, Inputs, Sum, document, real, seed_and_threads, text, whole

# All other numbers are real ones, also where the document leaves out the point.
_WHOLE = {"n", "seed", "states", "swallowed"}
_TEXTS = {"exactDecimal", "hex", "maxAbsErrorHex"}
_NOT_FINITE = {"inf": float("inf"), "-inf": float("-inf"), "nan": float("nan")}


def _read(source: str) -> dict[str, Any]:
    """A document with infinities and NaN as numbers."""

    def typed(value: Any) -> Any:
        if isinstance(value, str):
            return _NOT_FINITE.get(value, value)
        if isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return [typed(v) for v in value] if isinstance(value, list) else value

    result: dict[str, Any] = json.loads(source, object_pairs_hook=lambda pairs: {k: v if k in _WHOLE or k in _TEXTS else typed(v) for k, v in pairs})
    return result


def dot(
    x: npt.ArrayLike, y: npt.ArrayLike, format: str, acc: str, *, product: Optional[str] = None, init: float = 0.0, seed: int = 1
) -> dict[str, Any]:
    """The dot product of x and y, rounded to a format, in an accumulator, with its exact value, its error and every bound that applies.

    The document of ``fmtlab dot --json``: ``result``, ``exact`` and ``exactDecimal``, ``error`` (result - exact), ``ratio`` (\\|error\\| over the sum of
    \\|x y\\|), ``ulps``, ``condition``, ``enclosure``, ``overflow``, ``swallowed``, ``bounds`` (tightest first: ``id``, ``value``) and ``inapplicable``, with reasons.

    >>> dot([256, 1, 1, 1], [1, 1, 1, 1], "bf16", "bf16")["error"]
    -3.0
    """
    how = Sum(text(format, "format"), text(acc, "acc"), text(product, "product", optional=True), *seed_and_threads(seed, 1))
    left, right = (np.ascontiguousarray(numbers(v, name), np.float64) for v, name in ((x, "x"), (y, "y")))
    if left.ndim != 1 or left.shape != right.shape:
        raise Error(f"x has shape {left.shape}, y {right.shape}; give vectors of one length.")
    return _read(document("dot", byref(how), left.size, left.ctypes.data, right.ctypes.data, real(init, "init")))


def _inputs(
    n: Union[int, Sequence[int], None], standard: Sequence[int], range: Optional[float], weights: Optional[npt.ArrayLike], on_overflow: Optional[str]
) -> Inputs:
    given = list(standard) if n is None else list(n) if isinstance(n, (list, tuple, np.ndarray)) and np.ndim(n) == 1 else [n]
    lengths = [whole(k, "n") for k in given]
    if any(not -(2**63) <= k < 2**63 for k in lengths):
        raise Error(f"n {lengths}: give lengths of at least 1.")
    range = None if range is None else real(range, "range")
    if range is not None and not range > 0:
        raise Error(f"range {range}: give a positive number, or None for all inputs.")
    inputs = Inputs((c_int64 * len(lengths))(*lengths), len(lengths), range or 0.0, None, 0, text(on_overflow, "on_overflow", optional=True))
    if weights is not None:
        values = np.ascontiguousarray(numbers(weights, "weights"), np.float64).ravel()
        if n is not None and lengths != [values.size]:
            raise Error(f"n is {n} with {values.size} weights; leave out n.")
        inputs.weights, inputs.weightCount = (c_double * max(1, values.size))(*values), values.size
    return inputs


def worst(
    format: str, acc: str, n: Union[int, Sequence[int], None] = None, *, product: Optional[str] = None, range: Optional[float] = None,
    weights: Optional[npt.ArrayLike] = None, on_overflow: Optional[str] = None, rate: bool = False, threads: Optional[int] = None,
) -> dict[str, Any]:
    """The exact worst error of dot products of n terms (16) over all inputs of a format, with inputs that attain it.

    The document of ``fmtlab worst --json``: ``ratio`` (the largest \\|error\\| over the sum of \\|x y\\|) and ``ratioFraction``, ``maxAbsError``, ``witness`` (``x``,
    ``y``), ``bound`` and ``boundRatio``; in ``results`` for each of several n. Only inputs up to ``range`` if that is given; with ``weights``, y is that and
    n its length. ``on_overflow`` is exclude (default), saturate or absorb. Accumulators have at most 16 bits, but for the last of several levels.

    >>> worst("e4m3", "e6m5", 4)["ratioFraction"]
    '1/17'
    """
    how = Sum(text(format, "format"), text(acc, "acc"), text(product, "product", optional=True), *seed_and_threads(1, threads))
    return _read(document("worst", byref(how), byref(_inputs(n, [16], range, weights, on_overflow)), int(bool(rate))))


def distribution(
    format: str, acc: str, n: Union[int, Sequence[int], None] = None, *, data: str = "normal", scale: float = 1.0,
    product: Optional[str] = None, range: Optional[float] = None, weights: Optional[npt.ArrayLike] = None, on_overflow: Optional[str] = None,
    histogram: bool = False, seed: int = 1, threads: Optional[int] = None,
) -> dict[str, Any]:
    """The exact mean, rms and probabilities of the error of sums of n random products (16, 64, 256 and 1024), without sampling.

    The document of ``fmtlab distribution --json``: ``results`` with ``mean``, ``rms``, ``ratioRms``, ``overflow``, ``stagnated``, ... for each n, and with
    ``histogram`` the whole law at the last n (``errors``, ``probabilities``, ``quantiles``). ``data`` is normal, uniform, lognormal, laplace or digits.
    """
    how = Sum(text(format, "format"), text(acc, "acc"), text(product, "product", optional=True), *seed_and_threads(seed, threads))
    inputs = _inputs(n, [16, 64, 256, 1024], range, weights, on_overflow)
    return _read(document("distribution", byref(how), byref(inputs), text(data, "data"), real(scale, "scale"), int(bool(histogram))))
