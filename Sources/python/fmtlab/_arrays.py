# SPDX-License-Identifier: Apache-2.0
"""Arrays: rounding, codes, quantising, products of matrices."""

from __future__ import annotations

from ctypes import byref, c_size_t
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from fmtlab._library import STANDARD_AXIS, Error, Rounding, Sum, call, format_size, seed_and_threads, sum_size, text, whole

Array = npt.NDArray[Any]


def numbers(x: npt.ArrayLike, name: str) -> Array:
    """An array as float32 or float64, without gaps; the same one where it is that already."""
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise Error(f"{name} has masked elements; fill them first.")
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise Error(f"{name} is no array: {error}") from None
    if array.dtype.kind == "f" and array.dtype.itemsize in (4, 8):
        return np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)
    if array.dtype.kind in "fV" and array.dtype.itemsize < 4 and array.dtype.names is None:
        try:
            return np.ascontiguousarray(array, np.float32).reshape(array.shape)  # float16, and the types of ml_dtypes
        except (TypeError, ValueError):
            pass
    if array.dtype.kind in "iub":
        wide = np.ascontiguousarray(array, np.float64).reshape(array.shape)
        if array.dtype.itemsize == 8 and not np.array_equal(wide.astype(array.dtype), array):
            raise Error(f"{name} has integers that float64 does not hold; convert it first.")
        return wide
    raise Error(f"{name} has numbers of type {array.dtype}; give real numbers, at best float32 or float64.")


def _rounding(
    format: str, rounding: str, overflow: Optional[str], subnormals: str, seed: int, threads: Optional[int]
) -> Rounding:
    return Rounding(
        text(format, "format"), text(rounding, "rounding"), text(overflow, "overflow", optional=True), text(subnormals, "subnormals"),
        *seed_and_threads(seed, threads))


def _carrier(x: Array, format: str) -> Array:
    """x in numbers that hold the format."""
    _, size = format_size(format)
    return x.astype(np.float64) if size == 8 and x.dtype == np.float32 else x


def round(
    x: npt.ArrayLike, format: str, *, rounding: str = "rne", overflow: Optional[str] = None, subnormals: str = "keep", seed: int = 1,
    threads: Optional[int] = None, out: Optional[Array] = None,
) -> Array:
    """x rounded to a format, once, element by element.

    The result has the shape of x and is float32 where x is (or narrower) and the format fits, otherwise float64. ``rounding`` is rne, rna, rnz (to
    nearest, ties to even, away, to zero), rz, ru, rd, ro (to odd), sr or srN (stochastic, with N random bits: element i takes draw i of ``seed``);
    ``overflow`` is ieee, infinity, saturate, propagate or wrap, by default ieee where the format has infinity or NaN, otherwise saturate;
    ``subnormals`` is keep or flush. ``out`` may be x itself.

    >>> round([0.3, 500, -17], "e4m3fn")
    array([  0.3125,      nan, -16.    ])
    """
    to = _rounding(format, rounding, overflow, subnormals, seed, threads)
    array = _carrier(numbers(x, "x"), format)
    given = out is not None
    if out is None:
        out = np.empty(array.shape, array.dtype)
    elif not isinstance(out, np.ndarray) or out.dtype != array.dtype or out.shape != array.shape or not out.flags.carray:
        raise Error(f"out: give a writable, aligned array of shape {array.shape} and type {array.dtype}, without gaps.")
    elif out is not x and np.may_share_memory(out, array) and out.ctypes.data != array.ctypes.data:
        raise Error("out overlaps x; give x itself, or memory of its own.")
    call("round", byref(to), array.itemsize, array.ctypes.data, out.ctypes.data, array.size)
    return out if out.shape or given else out[()]


def encode(
    x: npt.ArrayLike, format: str, *, rounding: str = "rne", overflow: Optional[str] = None, subnormals: str = "keep", seed: int = 1,
    threads: Optional[int] = None,
) -> Array:
    """The codes of x rounded to a format as :func:`round` does: unsigned integers of 8, 16, 32 or 64 bits, the code in the last ones.

    >>> encode([1.0, -0.5], "e4m3fn")
    array([ 56, 176], dtype=uint8)
    """
    to = _rounding(format, rounding, overflow, subnormals, seed, threads)
    array = _carrier(numbers(x, "x"), format)
    width, _ = format_size(format)
    codes = np.empty(array.shape, np.uint8 if width <= 8 else np.uint16 if width <= 16 else np.uint32 if width <= 32 else np.uint64)
    call("encode", byref(to), array.itemsize, array.ctypes.data, codes.itemsize, codes.ctypes.data, array.size)
    return codes if codes.shape else codes[()]


def decode(codes: npt.ArrayLike, format: str, *, dtype: Optional[npt.DTypeLike] = None) -> Array:
    """The values of codes, integers of which each is one code, as float32 where that holds the format, otherwise float64.

    >>> decode([0x7e, 0x80], "e4m3fn")
    array([448.,  -0.], dtype=float32)
    """
    array = np.asarray(codes)
    if array.dtype.kind not in "iu" and array.size > 0:
        raise Error(f"codes have type {array.dtype}; give integers (view an array of another type as unsigned integers).")
    if array.dtype.kind == "i" and array.size > 0 and array.min() < 0:
        raise Error(f"codes: {array.min()} is negative; give unsigned integers.")
    # Not narrowed before the library has seen what is too large.
    array = np.ascontiguousarray(array, f"u{array.dtype.itemsize}" if array.dtype.kind in "iu" else np.uint64).reshape(array.shape)
    width, size = format_size(format)
    if 8 * array.dtype.itemsize < width:
        array = array.astype(np.uint16 if width <= 16 else np.uint32 if width <= 32 else np.uint64)
    try:
        target = np.dtype(dtype if dtype is not None else np.float32 if size == 4 else np.float64)
    except TypeError as error:
        raise Error(f"dtype {dtype!r}: {error}") from None
    if target not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise Error(f"dtype {target}: use float32 or float64.")
    out = np.empty(array.shape, target)
    call("decode", text(format, "format"), array.itemsize, array.ctypes.data, out.itemsize, out.ctypes.data, array.size)
    return out if out.shape else out[()]


def quantize(
    x: npt.ArrayLike, format: str, *, axis: Optional[int] = None, rounding: str = "rne", nonfinite: str = "reject", seed: int = 1,
    name: Optional[str] = None,
) -> Array:
    """The values to which x is quantised in a scaled format: mxfp4, nvfp4, dfp16, bfp8, int8_symmetric/channel, ...

    Blocks run along ``axis``, by default the last; channels are counted along it, by default the first. Elements that are too large saturate.
    ``nonfinite`` is reject, or propagate: NaN stays NaN and infinities saturate. Values are rounded once more where float32 asks for it.
    Stochastic rounding takes the random bits of the array's ``name``, as ``fmtlab quantize`` does for the tensors of a file.
    """
    to = _rounding(format, rounding, None, "keep", seed, None)
    array = numbers(x, "x")
    if axis is not None and not -64 <= (axis := whole(axis, "axis")) < 64:
        raise Error(f"axis {axis}: there is none in an array of shape {array.shape}.")
    out = np.empty(array.shape, array.dtype)
    shape = (c_size_t * max(1, array.ndim))(*array.shape)
    place = STANDARD_AXIS if axis is None else axis
    call(
        "quantize", byref(to), place, text(nonfinite, "nonfinite"), text(name, "name", optional=True), array.itemsize, shape, array.ndim, array.ctypes.data, out.ctypes.data)
    return out if out.shape else out[()]


def gemm(
    a: npt.ArrayLike, b: npt.ArrayLike, format: str, acc: str, *, product: Optional[str] = None, seed: int = 1, threads: Optional[int] = None
) -> Array:
    """The matrix product a b: elements rounded to a format, every sum carried out in an accumulator, rounding by rounding.

    a and b are matrices, or vectors as ``numpy.matmul`` takes them. The result is float32 where a and b are (or narrower) and the accumulator fits,
    otherwise float64: no sum is rounded once more. Element (i, j) takes stream i n + j of ``seed``, as in ``fmtlab gemm``.

    >>> gemm([[1.0, 2.0], [3.0, 4.0]], [[1.0], [0.3]], "e4m3", "e6m5")
    array([[1.625],
           [4.25 ]])
    """
    how = Sum(text(format, "format"), text(acc, "acc"), text(product, "product", optional=True), *seed_and_threads(seed, threads))
    left, right = numbers(a, "a"), numbers(b, "b")
    if left.ndim not in (1, 2) or right.ndim not in (1, 2):
        raise Error(f"a has shape {left.shape}, b {right.shape}; give matrices or vectors.")
    rows, columns = left.shape[:-1], right.shape[1:]
    if left.shape[-1] != right.shape[0]:
        raise Error(f"a has shape {left.shape}, b {right.shape}; a needs as many columns as b has rows.")
    if left.dtype != right.dtype:
        left, right = left.astype(np.float64), right.astype(np.float64)
    out = np.empty(rows + columns, np.float64 if sum_size(acc) == 8 else left.dtype)
    m, n = (rows or (1,))[0], (columns or (1,))[0]
    call("gemm", byref(how), left.itemsize, out.itemsize, m, n, right.shape[0], left.ctypes.data, right.ctypes.data, out.ctypes.data)
    return out if out.shape else out[()]
