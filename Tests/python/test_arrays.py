# SPDX-License-Identifier: Apache-2.0
"""Arrays, against ml_dtypes and gfloat on all their formats, and against plain Python."""

import ctypes
import mmap
import platform
import threading
from fractions import Fraction

import numpy as np
import pytest

import fmtlab

# (Quiet NaN of signalling ones.)
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast")

ml_dtypes = pytest.importorskip("ml_dtypes")
gfloat = pytest.importorskip("gfloat")
from gfloat import formats as gfloat_formats  # noqa: E402

FLOATS = [
    "bfloat16", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn",
    "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
]
INTEGERS = {"int2": "q2.0", "int4": "q4.0", "uint2": "uq2.0", "uint4": "uq4.0"}
PEERS = {f.name: f for f in [*vars(gfloat_formats).values(), *gfloat_formats.p3109_binary8_formats] if isinstance(f, gfloat.FormatInfo)}
BLOCKS = {f.name: f for f in gfloat_formats.all_block_formats}


def inputs(dtype=np.float64):
    """Every binary16 and bfloat16 number, the middles of bfloat16's, normal ones, and what is special."""
    codes = np.arange(65536, dtype=np.uint16)
    half, brain = codes.view(np.float16).astype(np.float64), codes.view(ml_dtypes.bfloat16).astype(np.float64)
    brain = np.sort(brain[np.isfinite(brain)])
    normal = np.random.default_rng(1).normal(size=50_000)
    return np.concatenate([half, brain, (brain[1:] + brain[:-1]) / 2, normal, [np.inf, -np.inf, np.nan, 0.0, -0.0]]).astype(dtype)


def differ(x, y):
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return ~((x == y) & (np.signbit(x) == np.signbit(y)) | np.isnan(x) & np.isnan(y))


def codes_of(name):
    width = 16 if name == "bfloat16" else int(name[5])
    return np.arange(1 << width).astype(np.uint8 if width <= 8 else np.uint16)


@pytest.mark.parametrize("name", FLOATS)
def test_every_code_is_that_of_ml_dtypes(name):
    codes, dtype = codes_of(name), getattr(ml_dtypes, name)
    values = fmtlab.decode(codes, name)
    assert values.dtype == np.float32
    assert not differ(values, codes.view(dtype)).any()
    known = ~np.isnan(values)
    assert np.array_equal(fmtlab.encode(values, name)[known], codes[known])
    # The codes of ml_dtypes's own arrays, given as what they are.
    assert not differ(fmtlab.round(codes.view(dtype), name)[known], values[known]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FLOATS)
def test_every_cast_is_that_of_ml_dtypes(name, dtype):
    x = inputs(dtype)
    with np.errstate(all="ignore"):
        cast = x.astype(getattr(ml_dtypes, name))
    y = fmtlab.round(x, name)
    different = differ(y, cast)
    if name == "float8_e8m0fnu":
        # It rounds ties away from zero and makes zero NaN; here ties go to the even code, and zero to the smallest number.
        middle = np.frexp(np.abs(x))[0] == 0.75
        assert (middle | (x == 0) | (np.abs(x) < 2.0**-126))[different].all() and different.any()
    elif "float4" in name or "float6" in name:
        assert np.array_equal(different, np.isnan(x))  # NaN becomes -0 there
    else:
        assert not different.any()
    known = ~different & ~np.isnan(x) & ~np.isnan(y)
    assert np.array_equal(fmtlab.encode(x[known], name), cast[known].view(np.uint16 if name == "bfloat16" else np.uint8))


@pytest.mark.parametrize("name", INTEGERS)
def test_casts_to_integers_are_those_of_ml_dtypes(name):
    x = inputs()
    x = x[np.abs(x) < 2.0**31]  # beyond, the processor decides
    cast = x.astype(getattr(ml_dtypes, name)).astype(np.float64)
    # They cut, and wrap.
    assert np.array_equal(fmtlab.round(x, INTEGERS[name], rounding="rz", overflow="wrap"), cast)


@pytest.mark.parametrize("name", PEERS)
def test_every_code_is_that_of_gfloat(name):
    peer = PEERS[name]
    codes = np.arange(1 << peer.k).astype(np.uint16) if peer.k <= 16 else np.random.default_rng(2).integers(0, 1 << peer.k, 20_000, np.uint64)
    values = fmtlab.decode(codes, name)
    assert not differ(values, gfloat.decode_ndarray(peer, codes.astype(np.int64 if peer.k < 64 else np.uint64))).any()


@pytest.mark.parametrize("mode,rounding", [("TiesToEven", "rne"), ("TowardZero", "rz"), ("TowardPositive", "ru"), ("TowardNegative", "rd"), ("TiesToAway", "rna")])
@pytest.mark.parametrize("name", PEERS)
def test_every_rounding_is_that_of_gfloat(name, mode, rounding):
    peer, mode = PEERS[name], gfloat.RoundMode[mode]
    x = inputs()
    x = x[~np.isnan(x)]
    if not peer.is_signed:
        x = x[~np.signbit(x)]  # negative numbers stay as they are there
    if name == "ocp_e8m0":
        x = x[x >= 2.0**-127]  # and zero stays zero
    overflow = None
    with np.errstate(all="ignore"):
        if peer.num_posinfs + peer.num_nans == 0:
            overflow, expected = "saturate", gfloat.round_ndarray(peer, x[np.isfinite(x)], mode, sat=True)
            x = x[np.isfinite(x)]
        else:
            expected = gfloat.round_ndarray(peer, x, mode)
    different = differ(fmtlab.round(x, name, rounding=rounding, overflow=overflow), expected)
    if name.startswith("p3109") and name.endswith("f"):
        # P3109 gives the largest number for what is beyond the finite formats; gfloat NaN.
        assert (np.abs(x) > float(peer.max))[different].all()
    else:
        assert not different.any(), x[different][:5]


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_those_of_gfloat(name):
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 32)) * np.exp(3 * random.normal(size=(200, 1)))
    expected = [gfloat.quantize_block(BLOCKS[name], row, gfloat.compute_scale_amax) for row in x]
    assert np.array_equal(fmtlab.quantize(x, name), expected)
    assert np.array_equal(fmtlab.quantize(x.T, name, axis=0), np.transpose(expected))


def test_a_million_numbers():
    x = (np.random.default_rng(4).normal(size=1_000_000) * 100).astype(np.float32)
    cast = x.astype(ml_dtypes.float8_e4m3fn)
    assert not differ(fmtlab.round(x, "e4m3fn"), cast).any()
    assert np.array_equal(fmtlab.encode(x, "e4m3fn"), cast.view(np.uint8))


def test_stochastic_rounding_goes_to_a_neighbour_by_its_seed():
    x = np.full(100_000, 1.0 + 1 / 32, np.float32)
    y = fmtlab.round(x, "e4m3fn", rounding="sr", seed=7)
    assert set(np.unique(y)) == {1.0, 1.125}
    assert abs((y == 1.125).mean() - 0.25) < 0.01
    assert np.array_equal(y, fmtlab.round(x, "e4m3fn", rounding="sr", seed=7, threads=1))
    assert not np.array_equal(y, fmtlab.round(x, "e4m3fn", rounding="sr", seed=8))
    assert np.array_equal(fmtlab.decode(fmtlab.encode(x, "e4m3fn", rounding="sr", seed=7), "e4m3fn"), y)


def test_contiguous_arrays_are_used_where_they_are():
    x = np.linspace(-3, 3, 1000, dtype=np.float32)
    out = np.empty_like(x)
    expected = fmtlab.round(x, "e4m3fn")
    assert fmtlab.round(x, "e4m3fn", out=out) is out and np.array_equal(out, expected)
    # What lies apart, in another order or in other types, gives the same.
    assert np.array_equal(fmtlab.round(x[::-2], "e4m3fn"), expected[::-2])
    assert np.array_equal(fmtlab.round(x.astype(">f4"), "e4m3fn"), expected)
    assert np.array_equal(fmtlab.round(x.reshape(20, 50).T, "e4m3fn"), expected.reshape(20, 50).T)
    assert fmtlab.round(x, "e4m3fn", out=x) is x and np.array_equal(x, expected)
    for bad in (np.empty(999, np.float32), np.empty(1000), out[::2], [0.0] * 1000):
        with pytest.raises(fmtlab.Error, match="out"):
            fmtlab.round(x, "e4m3fn", out=bad)
    # What lies across the places of numbers is read there, and not written; 2^22 numbers go past the caches.
    count = 1 << 22
    memory = np.ones(4 * count + 8, np.uint8)
    apart = memory[1 : 1 + 4 * count].view(np.float32)
    apart[:] = 1.03
    with pytest.raises(fmtlab.Error, match="aligned"):
        fmtlab.round(np.ones(count, np.float32), "e4m3fn", out=apart)
    assert (fmtlab.round(apart, "e4m3fn") == 1).all()
    place = np.empty((), np.float32)
    assert fmtlab.round(np.float32(1.03), "e4m3fn", out=place) is place and place == 1
    long = np.zeros(1001, np.float32)
    with pytest.raises(fmtlab.Error, match="overlaps"):
        fmtlab.round(long[1:], "e4m3fn", out=long[:-1])


def test_shapes_and_types():
    assert fmtlab.round(0.3, "e4m3fn") == 0.3125 and np.isscalar(fmtlab.round(0.3, "e4m3fn"))
    assert fmtlab.round(np.zeros((0, 3), np.float32), "bf16").shape == (0, 3)
    assert fmtlab.round([1, 2, 3], "e2m1fn").dtype == np.float64
    assert fmtlab.round(np.float16(0.1), "bf16").dtype == np.float32
    # A format that float32 does not hold makes the result float64.
    assert fmtlab.round(np.float32(0.1), "fp64") == float(np.float32(0.1))
    assert fmtlab.encode(1.0, "fp32") == 0x3F800000 and fmtlab.encode(1.0, "fp64").dtype == np.uint64
    assert fmtlab.decode(0x3FF0000000000000, "fp64") == 1.0
    assert fmtlab.decode(np.array([3], np.uint64), "q8.13") == 3 / 8192


def slow_sum(x, y):
    """x y in e4m3, e6m5 with exact products, by rational numbers: F(6, -35) to nearest even, nothing overflowing."""
    total = Fraction(0)
    for a, b in zip(x, y):
        exact = total + Fraction(float(a)) * Fraction(float(b))
        if exact == 0:
            total = exact
            continue
        exponent = 0
        while abs(exact) >= Fraction(2) ** (exponent + 1):
            exponent += 1
        while abs(exact) < Fraction(2) ** exponent:
            exponent -= 1
        quantum = Fraction(2) ** max(exponent - 5, -35)
        total = round(exact / quantum) * quantum  # (Python rounds halves to even.)
    return total


def test_products_of_matrices_round_every_sum():
    random = np.random.default_rng(5)
    a, b = random.normal(size=(5, 33)), random.normal(size=(33, 4))
    c = fmtlab.gemm(a, b, "e4m3", "e6m5")
    left, right = fmtlab.round(a, "e4m3"), fmtlab.round(b, "e4m3")
    for i in range(5):
        for j in range(4):
            assert Fraction(float(c[i, j])) == slow_sum(left[i], right[:, j])
            assert fmtlab.dot(a[i], b[:, j], "e4m3", "e6m5")["result"] == c[i, j]
    assert np.array_equal(fmtlab.gemm(a, b, "e4m3", "e6m5", threads=1), c)
    assert np.array_equal(fmtlab.gemm(b.T, a.T, "e4m3", "e6m5").T, c)
    assert fmtlab.gemm(a.astype(np.float32), b.astype(np.float32), "e4m3", "e6m5").dtype == np.float32
    # Vectors, as numpy.matmul takes them; no terms.
    assert np.array_equal(fmtlab.gemm(a[0], b, "e4m3", "e6m5"), c[0])
    assert np.array_equal(fmtlab.gemm(a, b[:, 0], "e4m3", "e6m5"), c[:, 0])
    assert fmtlab.gemm(a[0], b[:, 0], "e4m3", "e6m5") == c[0, 0]
    assert np.array_equal(fmtlab.gemm(np.zeros((2, 0)), np.zeros((0, 3)), "e4m3", "e6m5"), np.zeros((2, 3)))
    # A double is rounded once: 1 + 2^-4 + 2^-30 lies above the middle of two numbers of e4m3, its float32 on it.
    assert fmtlab.gemm([1 + 2.0**-4 + 2.0**-30], [1.0], "e4m3", "fp32") == 1.125


def test_sums_are_not_rounded_once_more():
    a, ones = np.array([[1, 2.0**-30]], np.float32), np.ones((2, 1), np.float32)
    c = fmtlab.gemm(a, ones, "fp32", "fp64")
    assert c.dtype == np.float64 and c[0, 0] == fmtlab.dot(a[0], ones[:, 0], "fp32", "fp64")["result"] == 1 + 2.0**-30


def test_sums_start_at_zero_where_the_format_has_none():
    for x, y in [(0.25, 0.5), (-0.125, 1.5)]:
        assert np.array_equal(fmtlab.dot([x], [y], "e4m3", "e3m0fnu")["result"], fmtlab.gemm([x], [y], "e4m3", "e3m0fnu"), equal_nan=True)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the control word of another processor")
def test_the_processor_may_flush_subnormal_numbers():
    # MXCSR with FTZ and DAZ, as -ffast-math sets it in a process.
    code = b"\x0f\xae\x17\xc3"  # ldmxcsr [rdi]; ret
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    flush = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    words = (ctypes.c_uint32 * 2)(0x9FC0, 0x1F80)
    x, one = np.array([1e-40, 3e-39, 1.2e-38], np.float32), np.ones((1, 1), np.float32)
    expected = [fmtlab.round(x, "bf16"), fmtlab.encode(x, "bf16"), fmtlab.decode([1, 33, 131], "bf16"), fmtlab.gemm(x[:, None], one, "fp32", "fp32")]
    flush(ctypes.addressof(words))
    try:
        found = [fmtlab.round(x, "bf16"), fmtlab.encode(x, "bf16"), fmtlab.decode([1, 33, 131], "bf16"), fmtlab.gemm(x[:, None], one, "fp32", "fp32")]
    finally:
        flush(ctypes.addressof(words) + 4)
    assert [y.tobytes() for y in found] == [y.tobytes() for y in expected]


def test_other_threads_run_meanwhile():
    x, ticks, stop = np.random.default_rng(6).normal(size=(150, 150)), [0], threading.Event()

    def tick():
        while not stop.is_set():
            ticks[0] += 1
            stop.wait(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks[0]
    fmtlab.gemm(x, x, "fp64", "q40.13", threads=1)
    seen = ticks[0] - before
    stop.set()
    thread.join()
    assert seen >= 3
