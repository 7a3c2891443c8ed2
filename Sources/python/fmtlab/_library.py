# SPDX-License-Identifier: Apache-2.0
"""libfmtlabc.so as fmtlab.h describes it."""

from __future__ import annotations

import ctypes
import operator
import os
import pathlib
import re
from ctypes import POINTER, Structure, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from typing import Any, Optional


class Error(ValueError):
    """A call that means nothing, or numbers that it cannot take."""


class Rounding(Structure):
    _fields_ = [
        ("format", c_char_p), ("rounding", c_char_p), ("overflow", c_char_p), ("subnormals", c_char_p), ("seed", c_uint64), ("threads", c_int32),
    ]


class Sum(Structure):
    _fields_ = [("format", c_char_p), ("accumulator", c_char_p), ("product", c_char_p), ("seed", c_uint64), ("threads", c_int32)]


class Inputs(Structure):
    _fields_ = [
        ("lengths", POINTER(c_int64)), ("lengthCount", c_size_t), ("range", c_double), ("weights", POINTER(c_double)), ("weightCount", c_size_t),
        ("overflow", c_char_p),
    ]


STANDARD_AXIS = -(2**31)

_ARGUMENTS: dict[str, list[Any]] = {
    "format": [c_char_p, POINTER(c_int32), POINTER(c_int32)],
    "accumulator": [c_char_p, POINTER(c_int32)],
    "round": [POINTER(Rounding), c_int32, c_void_p, c_void_p, c_size_t],
    "encode": [POINTER(Rounding), c_int32, c_void_p, c_int32, c_void_p, c_size_t],
    "decode": [c_char_p, c_int32, c_void_p, c_int32, c_void_p, c_size_t],
    "quantize": [POINTER(Rounding), c_int32, c_char_p, c_char_p, c_int32, POINTER(c_size_t), c_size_t, c_void_p, c_void_p],
    "gemm": [POINTER(Sum), c_int32, c_int32, c_size_t, c_size_t, c_size_t, c_void_p, c_void_p, c_void_p],
    "dot": [POINTER(Sum), c_size_t, c_void_p, c_void_p, c_double, POINTER(c_void_p)],
    "worst": [POINTER(Sum), POINTER(Inputs), c_int32, POINTER(c_void_p)],
    "distribution": [POINTER(Sum), POINTER(Inputs), c_char_p, c_double, c_int32, POINTER(c_void_p)],
}


def _load() -> ctypes.CDLL:
    # (FMTLAB_LIBRARY is for those who build the library themselves.)
    given = os.environ.get("FMTLAB_LIBRARY")
    library = ctypes.CDLL(given or str(pathlib.Path(__file__).with_name("libfmtlabc.so")))
    for name, arguments in _ARGUMENTS.items():
        function = getattr(library, f"fmtlab_{name}")
        function.argtypes, function.restype = [*arguments, c_char_p], c_int32
    library.fmtlab_free.argtypes, library.fmtlab_free.restype = [c_void_p], None
    return library


_library = _load()


def call(name: str, *arguments: Any) -> None:
    """Calls a function of the library; ctypes releases the lock of the interpreter meanwhile."""
    message = ctypes.create_string_buffer(1024)
    if getattr(_library, f"fmtlab_{name}")(*arguments, message) != 0:
        text = message.value.decode("utf-8", "replace")
        # Options of the command line are keywords here.
        raise Error(re.sub(r"--(range|on-overflow|rate|histogram|nonfinite|format)\b", lambda m: m[1].replace("-", "_"), text))


def document(name: str, *arguments: Any) -> str:
    """Calls a function that gives a document."""
    json = c_void_p()
    call(name, *arguments, byref(json))
    try:
        return ctypes.string_at(json.value or 0).decode()
    finally:
        _library.fmtlab_free(json)


def text(value: Optional[str], name: str, *, optional: bool = False) -> Optional[bytes]:
    """A text as C takes it."""
    if value is None and optional:
        return None
    if not isinstance(value, str):
        raise Error(f"{name} is {value!r}; give a text.")
    if "\0" in value:
        raise Error(f"{name} {value!r}: names have no NUL.")
    return value.encode("utf-8", "replace")


def whole(value: Any, name: str) -> int:
    """A whole number, of Python or NumPy."""
    try:
        return operator.index(value)
    except TypeError:
        raise Error(f"{name} is {value!r}; give a whole number.") from None


def real(value: Any, name: str) -> float:
    """A number that is no text, as a double."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise Error(f"{name} is {value!r}; give a number.") from None


def seed_and_threads(seed: int, threads: Optional[int]) -> tuple[int, int]:
    seed, threads = whole(seed, "seed"), None if threads is None else whole(threads, "threads")
    if not 0 <= seed < 2**64:
        raise Error(f"seed {seed}: give a whole number from 0 to 2^64 - 1.")
    if threads is not None and not 1 <= threads <= 1024:
        raise Error(f"threads {threads}: give 1 to 1024, or None for all cores.")
    return seed, threads or 0


def format_size(name: str) -> tuple[int, int]:
    """Bits of the format's codes, and bytes of the numbers that hold its values."""
    width, size = c_int32(), c_int32()
    call("format", text(name, "format"), byref(width), byref(size))
    return width.value, size.value


def sum_size(acc: str) -> int:
    """Bytes of the numbers that hold the sums of an accumulator."""
    size = c_int32()
    call("accumulator", text(acc, "acc"), byref(size))
    return size.value
