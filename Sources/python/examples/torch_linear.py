# SPDX-License-Identifier: Apache-2.0
"""A layer of PyTorch whose products of matrices, forward and backward, go through an accumulator of fmtlab.

Run as a program it trains a classifier of two spirals in several accumulators, and prints what each comes to.
"""

import torch

import fmtlab


class Product(torch.autograd.Function):
    """a b with every sum rounded; so are the two products of its gradient."""

    @staticmethod
    def forward(ctx, a, b, format, acc):
        ctx.save_for_backward(a, b)
        ctx.how = format, acc
        return multiply(a, b, format, acc)

    @staticmethod
    def backward(ctx, gradient):
        a, b = ctx.saved_tensors
        return multiply(gradient, b.T, *ctx.how), multiply(a.T, gradient, *ctx.how), None, None


def multiply(a, b, format, acc):
    return torch.from_numpy(fmtlab.gemm(a.detach().numpy(), b.detach().numpy(), format, acc))


class Linear(torch.nn.Linear):
    """torch.nn.Linear for batches of vectors, its products in `acc` of numbers rounded to `format`."""

    def __init__(self, inputs, outputs, format, acc):
        super().__init__(inputs, outputs)
        self.how = format, acc

    def forward(self, x):
        return Product.apply(x, self.weight.T, *self.how) + self.bias


def train(format, acc, steps=400):
    """The loss and the accuracy on two spirals after some steps."""
    torch.manual_seed(1)
    turn = torch.rand(400).sqrt() * 7
    side = torch.arange(400) % 2
    angle = turn + torch.pi * side
    x = torch.stack([turn * angle.cos(), turn * angle.sin()], 1) / 4
    model = torch.nn.Sequential(
        Linear(2, 64, format, acc), torch.nn.Tanh(), Linear(64, 64, format, acc), torch.nn.Tanh(), Linear(64, 2, format, acc))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), side).backward()
        optimizer.step()
    outputs = model(x)
    return torch.nn.functional.cross_entropy(outputs, side).item(), (outputs.argmax(1) == side).float().mean().item()


if __name__ == "__main__":
    for format, acc in [("fp32", "fp32"), ("bf16", "fp32"), ("e4m3", "e6m5"), ("e4m3", "e4m3")]:
        loss, right = train(format, acc)
        print(f"{format:6} accumulated in {acc:6} loss {loss:.4f}, {100 * right:5.1f} % right")
