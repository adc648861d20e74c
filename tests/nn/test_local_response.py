"""Local response normalisation against PyTorch, and against the sum written out."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import nn

X = np.random.default_rng(0).normal(size=(2, 3, 4, 7)).astype(np.float32) * 20


@pytest.mark.parametrize("size", [1, 3, 5])
def test_the_sum_written_out(size: int) -> None:
    y = tg.local_response_norm(X, size, 0.01, 0.5, 1.5).numpy()
    for c in range(7):
        near = X[..., max(0, c - size // 2) : c + size // 2 + 1]
        expected = X[..., c] / (1.5 + 0.01 * (near**2).sum(-1)) ** 0.5
        np.testing.assert_allclose(y[..., c], expected, rtol=1e-5)


@pytest.mark.reference
def test_as_pytorch() -> None:
    import torch

    x = torch.tensor(X.transpose(0, 3, 1, 2), requires_grad=True)
    y = torch.nn.functional.local_response_norm(x, 5, alpha=5 * 1e-4, beta=0.75, k=2.0)
    y.square().sum().backward()
    ours = tg.tensor(X)
    out = nn.LocalResponseNormalization()(ours)
    (gradient,) = tg.grad((out * out).sum(), [ours])
    for mine, theirs in ((out, y.detach()), (gradient, x.grad)):
        assert theirs is not None
        expected = theirs.numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(mine.numpy(), expected, rtol=2e-4, atol=1e-5)


def test_an_even_size_is_refused() -> None:
    with pytest.raises(tg.ShapeError, match="odd size"):
        tg.local_response_norm(X, 4)
