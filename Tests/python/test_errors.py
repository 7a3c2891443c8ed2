# SPDX-License-Identifier: Apache-2.0
"""What means nothing is refused with a message, whatever it is; nothing traps."""

import doctest
import itertools
import random

import numpy as np
import pytest

import fmtlab
import fmtlab._arrays
import fmtlab._questions

NAMES = [
    "e4m3", "e4m3fn", "e1m0", "e8m0fnu", "q8.13", "uq0.1", "q64.0", "fp64", "fp128", "e11m60", "posit8", "takum16", "mxfp4", "int8/channel", "lns8", "k8p4uf",
    "e4m3fn:nosub", "e5m2cfg5", "", " ", "e99m99", "e4m3\0fn", "é", "e4m3:16", "e6m5:0,fp32", "tensorcore/h100-fp8", "kahan/bf16", "exact", "fused16f25",
    "expansion2/e6m5", "pairwise/e4m3@sr", "fp32@wrap", "q8.13@wrap", "x" * 5000,
]


@pytest.mark.parametrize("call,words", [
    (lambda: fmtlab.round([1.0], "e9"), "unknown format 'e9'"),
    (lambda: fmtlab.round([1j], "e4m3"), "complex128; give real numbers"),
    (lambda: fmtlab.round(["a"], "e4m3"), "give real numbers"),
    (lambda: fmtlab.round([2**60 + 1], "e4m3"), "integers that float64 does not hold"),
    (lambda: fmtlab.round([1.0], "fp128"), "does not hold every value of fp128"),
    (lambda: fmtlab.round([1.0], "e4m3", rounding="sideways"), "sideways"),
    (lambda: fmtlab.round([1.0], "e4m3", overflow="big"), "use one of ieee, infinity"),
    (lambda: fmtlab.round([1.0], "e4m3", overflow="wrap"), "wrap"),
    (lambda: fmtlab.round([1.0], "e4m3", subnormals="no"), "use keep or flush"),
    (lambda: fmtlab.round([1.0], "e4m3", seed=-1), "seed -1"),
    (lambda: fmtlab.round([1.0], "e4m3", threads=0), "threads 0"),
    (lambda: fmtlab.round([1.0], 4), "format is 4; give a text"),
    (lambda: fmtlab.round([1.0], None), "format is None; give a text"),
    (lambda: fmtlab.round([1.0], "--foo-bar"), "unknown format '--foo-bar'"),
    (lambda: fmtlab.round([1.0], "e4m3", seed=1.5), "seed is 1.5; give a whole number"),
    (lambda: fmtlab.round([1.0], "e4m3", threads="2"), "threads is '2'; give a whole number"),
    (lambda: fmtlab.round(np.ma.array([1.0, 2.0], mask=[0, 1]), "e4m3"), "masked"),
    (lambda: fmtlab.round(np.zeros(2, [("a", "u1")]), "e4m3"), "give real numbers"),
    (lambda: fmtlab.round(np.zeros(2, [("a", "u1"), ("b", "u1")]), "e4m3"), "give real numbers"),
    (lambda: fmtlab.round(np.zeros(2, "V2"), "e4m3"), "give real numbers"),
    (lambda: fmtlab.round([[1.0], [1.0, 2.0]], "e4m3"), "x is no array"),
    (lambda: fmtlab.encode([np.nan], "e2m1fn"), "element 0 is nan, and e2m1fn has no code for NaN"),
    (lambda: fmtlab.decode([1.5], "e4m3"), "give integers"),
    (lambda: fmtlab.decode([-1], "e4m3"), "-1 is negative"),
    (lambda: fmtlab.decode([256], "e4m3"), "element 0 is 256, and codes of e4m3 have 8 bits"),
    (lambda: fmtlab.decode([1], "e4m3", dtype=np.int32), "use float32 or float64"),
    (lambda: fmtlab.decode([1], "fp64", dtype=np.float32), "binary32 does not hold every value of fp64"),
    (lambda: fmtlab.quantize([1.0], "e4m3"), "e4m3 has no scales"),
    (lambda: fmtlab.quantize([np.inf], "mxfp4"), "index 0 is inf"),
    (lambda: fmtlab.quantize([[1.0]], "mxfp4", axis=2), r"no axis 2 in an array of shape \[1, 1\]"),
    (lambda: fmtlab.quantize(1.0, "mxfp4"), "no axis"),
    (lambda: fmtlab.quantize([1.0], "mxfp4", axis="1"), "axis is '1'; give a whole number"),
    (lambda: fmtlab.decode([1], "e4m3", dtype="junk"), "dtype 'junk'"),
    (lambda: fmtlab.dot([1.0], [1.0], "e4m3", "e6m5", init="x"), "init is 'x'; give a number"),
    (lambda: fmtlab.dot([1.0], [1.0], "e4m3", "e6m5", init=10**400), "give a number"),
    (lambda: fmtlab.worst("e4m3", "e6m5", 2.9), "n is 2.9; give a whole number"),
    (lambda: fmtlab.worst("e4m3", "e6m5", 99, weights=[1, 2]), "n is 99 with 2 weights; leave out n"),
    (lambda: fmtlab.worst("e4m3", "e6m5", range="x"), "range is 'x'; give a number"),
    (lambda: fmtlab.distribution("e4m3", "e6m5", scale=np.nan), "scale"),
    (lambda: fmtlab.gemm(np.ones((2, 3)), np.ones((2, 3)), "e4m3", "e6m5"), "a needs as many columns as b has rows"),
    (lambda: fmtlab.gemm(np.ones((2, 2, 2)), np.ones((2, 3)), "e4m3", "e6m5"), "give matrices or vectors"),
    (lambda: fmtlab.gemm([1.0], [1.0], "e4m3", "fp128"), "does not hold every value of fp128"),
    (lambda: fmtlab.gemm([1.0], [1.0], "e4m3", "sum"), "sum"),
    (lambda: fmtlab.dot([1.0], [1.0, 2.0], "e4m3", "e6m5"), "give vectors of one length"),
    (lambda: fmtlab.dot([1.0], [1.0], "e4m3", "e6m5", product="halfway"), "halfway"),
    (lambda: fmtlab.worst("e4m3", "e6m5", 0), "from 1 to 4096"),
    (lambda: fmtlab.worst("e4m3", "e6m5", []), "give 1 to 100"),
    (lambda: fmtlab.worst("e4m3", "fp32", 4), r"2\^32 states"),
    (lambda: fmtlab.worst("e4m3", "e6m5", range=-1), "range -1"),
    (lambda: fmtlab.worst("e8m0fnu", "bf16", range=1e-40), "allow larger inputs \\(range\\)"),
    (lambda: fmtlab.worst("e4m3", "e6m5", weights=[np.nan]), "weight 0 is nan"),
    (lambda: fmtlab.worst("e4m3", "e6m5", on_overflow="lose"), "use exclude, saturate or absorb"),
    (lambda: fmtlab.worst("e4m3", "e4m3:16,fp32", on_overflow="absorb"), "on_overflow absorb"),
    (lambda: fmtlab.distribution("fp32", "e6m5"), "at most 16 bits"),
    (lambda: fmtlab.distribution("e4m3", "e6m5", data="cauchy"), "use digits, normal"),
    (lambda: fmtlab.distribution("e4m3", "e6m5", scale=0.0), "scale 0.0"),
])
def test_messages(call, words):
    with pytest.raises(fmtlab.Error, match=words):
        call()


def test_nothing_traps():
    stream = random.Random(1)
    numbers = np.array([0.0, -0.0, 1.0, -3.7, 1e-320, 1e300, np.inf, -np.inf, np.nan])
    with np.errstate(over="ignore"):
        narrow = numbers.astype(np.float32)

    def attempt(call):
        try:
            call()
        except fmtlab.Error as error:
            assert str(error)

    for name in NAMES:
        for rounding, overflow, subnormals in itertools.product(["rne", "ro", "sr", "sr3", "?"], [None, "saturate", "wrap", "infinity"], ["keep", "flush"]):
            options = dict(rounding=rounding, overflow=overflow, subnormals=subnormals)
            attempt(lambda: fmtlab.round(numbers, name, **options))
            attempt(lambda: fmtlab.round(narrow, name, **options))
            attempt(lambda: fmtlab.encode(numbers, name, **options))
        attempt(lambda: fmtlab.decode(np.arange(256), name))
        attempt(lambda: fmtlab.quantize(numbers[:6], name, rounding="sr"))
        attempt(lambda: fmtlab.quantize(numbers.reshape(3, 3), name, axis=-2, nonfinite="propagate"))
    for _ in range(600):
        format, acc, product = (stream.choice(NAMES) for _ in range(3))
        product = stream.choice([None, None, "exact", "fused", product])
        attempt(lambda: fmtlab.gemm(numbers, numbers, format, acc, product=product))
        attempt(lambda: fmtlab.dot(numbers, numbers[::-1], format, acc, product=product, init=stream.choice(list(numbers))))
    for _ in range(150):
        format, acc = stream.choice(["e2m1fn", "e3m2", "e4m3", "e2m0", "q4.0", "e1m0", "posit8", *NAMES]), stream.choice(NAMES + ["e3m2", "e4m3", "e4m3:4,fp32"])
        treatment, limit = stream.choice([None, "exclude", "saturate", "absorb"]), stream.choice([None, 1.0, 1e-300])
        product = stream.choice([None, None, "e4m3", "e5m2", "e3m2:cfg5"])
        options = dict(on_overflow=treatment, range=limit, product=product)
        attempt(lambda: fmtlab.worst(format, acc, 3, rate=stream.random() < 0.3, **options))
        attempt(lambda: fmtlab.distribution(format, acc, 3, histogram=stream.random() < 0.3, **options))


@pytest.mark.parametrize("format,acc,n,product", [
    ("e5m2", "e6m5", 4, "e4m3"), ("e5m2", "e5m2", 1, "e5m2"), ("e3m0f", "takum4", 3, None), ("q2.2", "e3m2:cfg5", 1, None), ("uq0.2", "e3m2:cfg5", 2, None),
])
def test_histograms_of_far_errors(format, acc, n, product):
    # Errors of 2^37 units: the bins are wider, or the law is refused; a smallest number that is no power of two.
    try:
        law = fmtlab.distribution(format, acc, n, product=product, histogram=True)
    except fmtlab.Error as error:
        assert "takes too long" in str(error)
    else:
        assert sum(law["histogram"]["probabilities"]) == pytest.approx(1, abs=1e-9)
        mean = sum(e * p for e, p in zip(law["histogram"]["errors"], law["histogram"]["probabilities"]))
        assert mean == pytest.approx(law["results"][-1]["mean"], rel=1e-6, abs=1e-9 * law["results"][-1]["rms"])
    w = fmtlab.worst(format, acc, n, product=product)
    assert fmtlab.dot(w["witness"]["x"], w["witness"]["y"], format, acc, product=product)["ratio"] == w["ratio"]


def test_the_examples_of_the_docstrings():
    for module in (fmtlab._arrays, fmtlab._questions):
        results = doctest.testmod(module)
        assert results.attempted >= 2 and results.failed == 0
