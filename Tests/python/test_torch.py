# SPDX-License-Identifier: Apache-2.0
"""The layer for PyTorch, where PyTorch is installed."""

import pathlib
import runpy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import fmtlab  # noqa: E402

EXAMPLE = pathlib.Path(__file__).parents[2] / "Sources" / "python" / "examples" / "torch_linear.py"


def test_products_forward_and_backward_go_through_the_accumulator():
    Linear = runpy.run_path(str(EXAMPLE))["Linear"]
    torch.manual_seed(1)
    layer = Linear(20, 7, "e4m3", "e6m5")
    x = torch.randn(5, 20, requires_grad=True)
    y = layer(x)
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    assert np.array_equal(y.detach().numpy(), fmtlab.gemm(x.detach().numpy(), w.T, "e4m3", "e6m5") + b)
    g = torch.randn(5, 7)
    y.backward(g)
    assert np.array_equal(x.grad.numpy(), fmtlab.gemm(g.numpy(), w, "e4m3", "e6m5"))
    assert np.array_equal(layer.weight.grad.numpy(), fmtlab.gemm(g.numpy().T, x.detach().numpy(), "e4m3", "e6m5"))


def test_in_fp32_with_a_wide_accumulator_it_is_the_layer_of_pytorch():
    Linear = runpy.run_path(str(EXAMPLE))["Linear"]
    layer = Linear(20, 7, "fp32", "fp64")
    x = torch.randn(5, 20)
    same = torch.nn.functional.linear(x.double(), layer.weight.double(), layer.bias.double())
    assert torch.allclose(layer(x).double(), same, rtol=1e-6, atol=1e-6)
