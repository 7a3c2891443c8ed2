# SPDX-License-Identifier: Apache-2.0
"""Documents, against rational numbers, brute force and the command line."""

import itertools
import json
import os
import subprocess
from fractions import Fraction

import numpy as np
import pytest

import fmtlab

CLI = os.environ.get("FMTLAB_CLI")


def test_a_dot_product_beside_its_exact_value():
    random = np.random.default_rng(1)
    x, y = random.normal(size=50), random.normal(size=50)
    d = fmtlab.dot(x, y, "e4m3", "e6m5")
    left, right = fmtlab.round(x, "e4m3"), fmtlab.round(y, "e4m3")
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(left, right))
    magnitudes = sum(abs(Fraction(a) * Fraction(b)) for a, b in zip(left, right))
    assert d["exact"] == float(exact) and Fraction(d["exactDecimal"]) == exact
    assert d["error"] == float(Fraction(d["result"]) - exact)
    assert d["ratio"] == pytest.approx(float(abs(Fraction(d["result"]) - exact) / magnitudes), rel=1e-15)
    assert d["enclosure"][0] <= exact <= d["enclosure"][1]
    assert {"dot.nu", "dot.running"} <= {b["id"] for b in d["bounds"]}
    assert all(b["value"] >= abs(d["error"]) and not b["violated"] for b in d["bounds"])
    assert [b["value"] for b in d["bounds"]] == sorted(b["value"] for b in d["bounds"])


def test_the_worst_case_is_that_of_all_inputs():
    values = [float(v) for v in fmtlab.decode(np.arange(16), "e2m1fn")]
    w = fmtlab.worst("e2m1fn", "e3m2", 2)
    products = sorted({a * b for a in values for b in values})
    worst = Fraction(0)
    for p, q in itertools.product(products, repeat=2):
        first = float(fmtlab.round(p, "e3m2"))
        second = float(fmtlab.round(first + q, "e3m2"))  # (a double holds the sum)
        if np.isfinite(second) and (p or q):
            exact = Fraction(p) + Fraction(q)
            worst = max(worst, abs(Fraction(second) - exact) / (abs(Fraction(p)) + abs(Fraction(q))))
    assert Fraction(w["ratioFraction"]) == worst
    witness = fmtlab.dot(w["witness"]["x"], w["witness"]["y"], "e2m1fn", "e3m2")
    assert witness["ratio"] == w["ratio"]
    assert [r["n"] for r in fmtlab.worst("e2m1fn", "e3m2", [1, 2, 3])["results"]] == [1, 2, 3]
    assert fmtlab.worst("e2m1fn", "e3m2", on_overflow="absorb", weights=[6, 6], range=6)["ratio"] == float("inf")


def test_the_law_of_the_error_is_that_of_all_inputs():
    # One product of e2m1fn numbers, uniform on [0, 1) before they are rounded.
    law = fmtlab.distribution("e2m1fn", "e3m1", 1, data="uniform", histogram=True)
    shares = {0.0: 0.25, 0.5: 0.5, 1.0: 0.25}
    expected = {}
    for (a, p), (b, q) in itertools.product(shares.items(), repeat=2):
        error = float(fmtlab.round(a * b, "e3m1")) - a * b
        expected[error] = expected.get(error, 0) + p * q
    found = dict(zip(law["histogram"]["errors"], law["histogram"]["probabilities"]))
    assert found == pytest.approx(expected)
    assert law["results"][0]["mean"] == pytest.approx(sum(e * p for e, p in expected.items()))


@pytest.mark.skipif(not CLI, reason="FMTLAB_CLI does not say where fmtlab is")
@pytest.mark.parametrize("arguments,call", [
    (["dot", "1.5,-3,0.01,200", "2,7,9,1.25", "--format", "e4m3", "--acc", "e6m5"], lambda: fmtlab.dot([1.5, -3, 0.01, 200], [2, 7, 9, 1.25], "e4m3", "e6m5")),
    (["dot", "1,2,3", "4,5,6", "--format", "bf16", "--acc", "e5m3@sr", "--seed", "9"], lambda: fmtlab.dot([1, 2, 3], [4, 5, 6], "bf16", "e5m3@sr", seed=9)),
    (["worst", "--format", "e2m1fn", "--acc", "e4m3fn", "--n", "4,8", "--rate"], lambda: fmtlab.worst("e2m1fn", "e4m3fn", [4, 8], rate=True)),
    (["worst", "--format", "e5m2", "--acc", "fp16", "--weights", "1,-2,0.5", "--range", "8"], lambda: fmtlab.worst("e5m2", "fp16", weights=[1, -2, 0.5], range=8)),
    (["distribution", "--format", "e4m3", "--acc", "e6m5", "--n", "1,16"], lambda: fmtlab.distribution("e4m3", "e6m5", [1, 16])),
    (["distribution", "--format", "e2m1fn", "--acc", "e4m3fn", "--n", "32", "--histogram", "--data", "laplace", "--scale", "2"],
     lambda: fmtlab.distribution("e2m1fn", "e4m3fn", 32, histogram=True, data="laplace", scale=2)),
])
def test_documents_are_those_of_the_command(arguments, call):
    text = subprocess.run([CLI, *arguments, "--json", "--quiet"], check=True, capture_output=True, text=True).stdout
    assert call() == json.loads(text)


def test_what_is_not_finite_is_a_number_and_texts_are_texts():
    d = fmtlab.dot([np.inf], [1.0], "e5m2", "e6m5")
    assert d["result"] == d["exact"] == float("inf") and d["hex"] == d["exactDecimal"] == "inf"
    assert isinstance(fmtlab.dot([2.0], [3.0], "e5m2", "e6m5")["result"], float)


@pytest.mark.skipif(not CLI, reason="FMTLAB_CLI does not say where fmtlab is")
@pytest.mark.parametrize("format", ["mxfp4", "nvfp4", "dfp16", "int8_symmetric"])
@pytest.mark.parametrize("rounding", ["rne", "rz", "sr"])
def test_values_are_those_of_the_command(tmp_path, format, rounding):
    x = np.random.default_rng(3).normal(size=(6, 70))
    np.save(tmp_path / "x.npy", x)
    subprocess.run([CLI, "quantize", tmp_path / "x.npy", "--to", format, "--rounding", rounding, "--seed", "5", "-o", tmp_path / "y.npy", "--quiet"],
                   check=True, capture_output=True)
    assert np.array_equal(fmtlab.quantize(x, format, rounding=rounding, seed=5, name="x"), np.load(tmp_path / "y.npy"))


@pytest.mark.skipif(not CLI, reason="FMTLAB_CLI does not say where fmtlab is")
@pytest.mark.parametrize("format,acc,product", [("e4m3", "e6m5", None), ("e4m3fn", "e4m3:16,fp16:8,fp32", None), ("e5m2", "q11.13", "e6m5"), ("bf16", "fp32@sr", None)])
def test_products_of_matrices_are_those_of_the_command(tmp_path, format, acc, product):
    random = np.random.default_rng(2)
    a, b = (random.normal(size=s).astype(np.float32) for s in ((7, 200), (200, 9)))
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    extra = ["--product", product] if product else []
    subprocess.run([CLI, "gemm", tmp_path / "a.npy", tmp_path / "b.npy", "--format", format, "--acc", acc, "--seed", "3", "-o", tmp_path / "c.npy", "--quiet", *extra],
                   check=True, capture_output=True)
    assert np.array_equal(fmtlab.gemm(a, b, format, acc, product=product, seed=3), np.load(tmp_path / "c.npy"), equal_nan=True)
