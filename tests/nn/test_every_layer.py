"""Every layer: shape, parameters, symbols, both backends, gradients, other float types, names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_samples import SAMPLES, Sample, all_layers

import tinygraph as tg
from tinygraph import nn

EACH = pytest.mark.parametrize("sample", list(SAMPLES.values()), ids=list(SAMPLES))


def applied(layer: nn.Layer, xs: Any, training: bool = False) -> Any:
    return layer(xs if len(xs) > 1 else xs[0], training=training)


def test_none_is_forgotten() -> None:
    assert set(SAMPLES) == set(all_layers())


def test_each_has_a_docstring_and_is_found_in_nn() -> None:
    for name, layer in all_layers().items():
        assert layer.__doc__, name
        assert getattr(nn, name) is layer


@EACH
def test_shape_and_parameters(sample: Sample) -> None:
    layer = sample.make()
    assert applied(layer, sample.arrays()).shape == sample.output
    assert layer.count_params() == sample.parameters
    symbols = [nn.Input(shape[1:]) for shape in sample.inputs]
    assert applied(sample.make(), symbols).shape == (None, *sample.output[1:])


@EACH
def test_backends_agree(sample: Sample) -> None:
    """Output in training and in use, and the gradients for inputs and weights."""
    layer = sample.make()
    xs = [tg.tensor(x) for x in sample.arrays()]
    applied(layer, xs)
    kept = {p: p.numpy() for p in layer.named_parameters().values()}

    def run(*xs: tg.Tensor) -> list[tg.Tensor]:
        y, trained = (applied(layer, list(xs), training) for training in (False, True))
        total = tg.sum(tg.cos(y)) + tg.sum(tg.sin(trained))
        return [y, trained, *tg.grad(total, [*xs, *layer.parameters])]

    results = []
    for backend in ("numpy", "llvm"):
        for p, value in kept.items():
            p.assign(value)
        results.append([r.numpy() for r in tg.jit(run, backend=backend)(*xs)])
    for mine, theirs in zip(*results, strict=True):
        assert np.isfinite(mine).all()
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4 * max(1, abs(mine).max()))


@EACH
def test_float64(sample: Sample) -> None:
    """A layer made for float64 computes in it, and gives what it gives for float32."""
    layer = sample.make()
    wide = type(layer)(**{**layer.get_config(), "dtype": "float64"})
    xs = sample.arrays()
    y = applied(layer, xs)
    wide_xs = [x.astype(np.float64) for x in xs]
    assert applied(wide, wide_xs).dtype == "float64"
    assert applied(wide, wide_xs, training=True).dtype == "float64"
    for p, q in zip(wide.named_parameters().values(), layer.named_parameters().values()):
        p.assign(q.numpy().astype(p.dtype.numpy))
    np.testing.assert_allclose(applied(wide, wide_xs).numpy(), y.numpy(), rtol=1e-4, atol=1e-5)


@EACH
def test_a_model_of_it_comes_back_from_a_file(sample: Sample, tmp_path: Any) -> None:
    symbols = [nn.Input(shape[1:]) for shape in sample.inputs]
    model = nn.Model(symbols, applied(sample.make(), symbols))
    rng = np.random.default_rng(2)
    for p in model.named_parameters().values():
        if p.dtype.is_float:
            p.assign((p.numpy() + rng.uniform(0.1, 0.5, p.shape)).astype(np.float32))
    model.save(tmp_path / "model.safetensors")
    again = nn.load_model(tmp_path / "model.safetensors")
    for training in (False, True):
        expected = model(sample.arrays(), training=training).numpy()
        np.testing.assert_array_equal(again(sample.arrays(), training=training).numpy(), expected)


WINDOWED = ("Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
POOLS = ("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D")


@given(st.data())
def test_sizes_are_the_lectures_formula(data: st.DataObject) -> None:
    """floor((N - F + 2P) / S) + 1, or an error that says that the window does not fit."""
    name = data.draw(st.sampled_from(WINDOWED + POOLS))
    rank = int(name[-2])
    several = [
        data.draw(st.lists(st.integers(1, most), min_size=rank, max_size=rank))
        for most in (9, 4, 3, 2)
    ]
    space, window, strides, gaps = several
    padding = data.draw(st.sampled_from(["valid", "same"]))
    options: dict[str, Any] = {"strides": tuple(strides), "padding": padding}
    if name in POOLS:
        gaps = [1] * rank
    else:
        options["dilation_rate"] = tuple(gaps)
    filters = (3,) if name.startswith(("Conv", "Sep")) else ()
    layer = getattr(nn.layers, name)(*filters, tuple(window), **options)
    reach = [(f - 1) * d + 1 for f, d in zip(window, gaps)]
    if padding == "same":
        expected = [-(-n // s) for n, s in zip(space, strides)]
    else:
        expected = [(n - r) // s + 1 for n, r, s in zip(space, reach, strides)]
    x = np.zeros((2, *space, 2), np.float32)
    if min(expected) < 1:
        with pytest.raises(tg.ShapeError, match=f"{name} .*: a window of .* does not fit into"):
            layer(x)
        return
    y = layer(x)
    assert y.shape == (2, *expected, 3 if filters else 2)
    used = [(size - 1) * s + r for size, s, r in zip(expected, strides, reach)]
    unused = [max(n - u, 0) for n, u in zip(space, used)]
    remark = layer.remark((None, *space, 2))
    assert bool(remark) == any(unused)
    for n, left in zip(space, unused):
        assert not left or f"{left} of {n}" in remark
