"""`tg.toeplitz` and `tg.im2col`: the product is the op, and the print shows what is shared."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg

RNG = np.random.default_rng(11)
SMALL = st.integers(1, 3)
PADDING = st.sampled_from(["valid", "same", 0, 1, 2])


def array(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape)


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Any]:
    """Extents, window and geometry of a small layer whose window fits."""
    rank = draw(st.integers(1, 2))
    window = tuple(draw(st.lists(SMALL, min_size=rank, max_size=rank)))
    gaps = tuple(draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)))
    steps = tuple(draw(st.lists(SMALL, min_size=rank, max_size=rank)))
    size = tuple((f - 1) * d + 1 + draw(st.integers(0, 3)) for f, d in zip(window, gaps))
    options = {"stride": steps, "padding": draw(PADDING), "dilation": gaps}
    return {"rank": rank, "window": window, "size": size, "options": options}


@given(layers(), SMALL, SMALL, st.integers(1, 2))
def test_the_product_is_the_convolution(
    layer: dict[str, Any], inputs: int, outputs: int, groups: int
) -> None:
    w = array(*layer["window"], inputs, outputs * groups)
    x = array(2, *layer["size"], inputs * groups)
    options = {**layer["options"], "groups": groups}
    for flipped, kind in ((False, "conv"), (True, "true_conv")):
        matrix = tg.toeplitz(w, layer["size"], **options, flipped=flipped)
        y = getattr(tg, f"{kind}{layer['rank']}d")(x, w, **options).numpy()
        np.testing.assert_allclose(matrix @ x, y, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(matrix @ x[0], y[0], rtol=1e-9, atol=1e-12)
        assert matrix.shape == (y[0].size, x[0].size)
        assert matrix.weights <= w.size


@given(layers(), SMALL, SMALL)
def test_the_product_is_the_locally_connected_layer(
    layer: dict[str, Any], inputs: int, outputs: int
) -> None:
    rank, x = layer["rank"], array(2, *layer["size"], inputs)
    like = getattr(tg, f"conv{rank}d")(
        x, array(*layer["window"], inputs, outputs), **layer["options"]
    )
    w = array(*like.shape[1:-1], *layer["window"], inputs, outputs)
    matrix = tg.toeplitz(w, layer["size"], shared=False, **layer["options"])
    y = getattr(tg, f"locally_connected{rank}d")(x, w, **layer["options"])
    np.testing.assert_allclose(matrix @ x, y.numpy(), rtol=1e-9, atol=1e-12)
    assert matrix.weights == matrix.places


@given(layers(), SMALL, SMALL, st.integers(1, 2), st.data())
def test_the_transposed_matrix_is_the_transposed_convolution(
    layer: dict[str, Any], inputs: int, outputs: int, groups: int, more: st.DataObject
) -> None:
    rank, options = layer["rank"], {**layer["options"], "groups": groups}
    w, x = (
        array(*layer["window"], inputs * groups, outputs),
        array(2, *layer["size"], inputs * groups),
    )
    if options["padding"] not in ("same", "valid"):
        options["padding"] = min(options["padding"], *(f // 2 for f in layer["window"]))
    if options["padding"] != "same":
        most = [max(s, d) - 1 for s, d in zip(options["stride"], options["dilation"])]
        options["output_padding"] = tuple(more.draw(st.integers(0, m)) for m in most)
    y = getattr(tg, f"conv_transpose{rank}d")(x, w, **options).numpy()
    matrix = tg.toeplitz(w, layer["size"], transposed=True, **options)
    np.testing.assert_allclose(matrix @ x, y, rtol=1e-9, atol=1e-12)


@given(layers(), SMALL, SMALL)
def test_transposing_is_the_gradient(layer: dict[str, Any], inputs: int, outputs: int) -> None:
    """Backwards, the gradient goes through the transposed matrix."""
    w = array(*layer["window"], inputs, outputs)
    x = tg.parameter(array(1, *layer["size"], inputs))
    y = getattr(tg, f"conv{layer['rank']}d")(x, w, **layer["options"])
    g = array(*y.shape)
    (y * g).sum().backward()
    matrix = tg.toeplitz(w, layer["size"], **layer["options"])
    assert x.grad is not None
    np.testing.assert_allclose(matrix.T @ g, x.grad.numpy(), rtol=1e-9, atol=1e-12)


@given(layers(), SMALL, SMALL)
def test_im2col_is_the_convolution(layer: dict[str, Any], inputs: int, outputs: int) -> None:
    w, x = array(*layer["window"], inputs, outputs), array(*layer["size"], inputs)
    found = tg.im2col(x, w, **layer["options"])
    y = getattr(tg, f"conv{layer['rank']}d")(x[None], w, **layer["options"]).numpy()[0]
    np.testing.assert_allclose(found.product, y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        (found.matrix @ found.kernel).ravel(), y.ravel(), rtol=1e-9, atol=1e-12
    )
    held = {name: value for name, value in zip(found.names.flat, found.matrix.flat) if name}
    assert set(held.values()) <= {*x.ravel()}
    assert all(value == 0 for name, value in zip(found.names.flat, found.matrix.flat) if not name)


@given(layers(), SMALL, SMALL)
def test_equal_names_are_equal_weights(layer: dict[str, Any], inputs: int, outputs: int) -> None:
    w = array(*layer["window"], inputs, outputs)
    matrix = tg.toeplitz(w, layer["size"], **layer["options"])
    held: dict[str, set[float]] = {}
    for name, value in zip(matrix.names.flat, matrix.matrix.flat):
        held.setdefault(name, set()).add(value)
    assert held.pop("", {0.0}) == {0.0}
    assert all(len(values) == 1 for values in held.values())
    assert {value for values in held.values() for value in values} <= {*w.ravel()}


SHARED = """\
conv1d as a banded Toeplitz matrix: 3 x 5, 3 weights in 9 places (a dense layer: 15)
    x0 x1 x2 x3 x4
 y0 w0 w1 w2  .  .
 y1  . w0 w1 w2  .
 y2  .  . w0 w1 w2"""
UNSHARED = """\
locally_connected1d as a banded matrix, weights not shared: 3 x 5, 9 weights in 9 places \
(a dense layer: 15)
    x0 x1 x2 x3 x4
 y0 a0 a1 a2  .  .
 y1  . b0 b1 b2  .
 y2  .  . c0 c1 c2"""
TRANSPOSED = """\
conv_transpose1d as a banded Toeplitz matrix, transposed: 4 x 3, 2 weights in 6 places \
(a dense layer: 12)
    x0 x1 x2
 y0  3  .  .
 y1  2  3  .
 y2  .  2  3
 y3  .  .  2"""
IM2COL = """\
conv1d as im2col: 3 x 3 @ 3 x 1
 y0 x0 x1 x2   @    w0
 y1 x1 x2 x3        w1
 y2 x2 x3 x4        w2"""


def test_the_print() -> None:
    assert str(tg.toeplitz([3, 1, 2], 5)) == repr(tg.toeplitz([3, 1, 2], 5)) == SHARED
    assert str(tg.toeplitz(np.ones((3, 3)), 5, shared=False)) == UNSHARED
    assert tg.toeplitz([3, 2], 3, transposed=True).text(numbers=True) == TRANSPOSED
    assert str(tg.im2col([5, 4, 3, 8, 2], [3, 1, 2])) == IM2COL
    assert "w01c1o0" in str(tg.toeplitz(np.ones((2, 2, 2, 2)), (2, 2)))
    many = tg.toeplitz(np.ones((30, 1)), 30, shared=False)
    assert "p29w0" in str(many)
    assert "w10 " in str(tg.toeplitz(np.ones(11), 11)) + " "


def test_a_large_matrix_is_shortened_and_a_huge_one_refused() -> None:
    lines = str(tg.toeplitz([1, 2, 3], 100)).splitlines()
    assert len(lines) == 50
    assert max(map(len, lines)) < 300
    assert lines[-1].split()[0] == "y97"
    assert "..." in lines[-2]
    with pytest.raises(tg.ShapeError, match="shows small layers"):
        tg.toeplitz(np.ones((3, 3)), (224, 224))


def test_rich_and_notebook_colour_equal_weights_alike() -> None:
    from rich.console import Console

    matrix = tg.toeplitz([3, 1, 2], 5)
    out = io.StringIO()
    Console(file=out, force_terminal=True, color_system="truecolor", width=200).print(matrix)
    seen = re.findall(r"\x1b\[(38;2;[\d;]+)m +(w\d)", out.getvalue())
    assert len(seen) == 9
    assert len({*seen}) == 3
    page = matrix._repr_html_()
    cells = re.findall(r'background:(#\w+);color:#000" title="(w\d)"', page)
    assert len(cells) == 9
    assert len({*cells}) == len({colour for colour, _ in cells}) == 3
    assert "<table" in tg.im2col([1, 2, 3], [1, 2])._repr_html_()
    console = Console(file=out, width=200)
    console.print(tg.im2col([1, 2, 3], [1, 2]))
    assert "x0 x1" in out.getvalue()


def test_padding_columns_are_lecture_5s_matrix() -> None:
    """Kernel size 3, padding 1, strides 1 and 2, and their transposes, for x = (x, y, z)."""
    kernel, a = [2.0, 3.0, 5.0], [7.0, 11.0, 13.0, 17.0]
    one = tg.toeplitz(kernel, 4, padding=1, padding_columns=True)
    want = [[2, 3, 5, 0, 0, 0], [0, 2, 3, 5, 0, 0], [0, 0, 2, 3, 5, 0], [0, 0, 0, 2, 3, 5]]
    assert one.matrix.tolist() == want
    (x, y, z), (p, q, r, s) = kernel, a
    padded = [0, *a, 0]
    assert (one @ padded).tolist() == [
        p * y + q * z,
        p * x + q * y + r * z,
        q * x + r * y + s * z,
        r * x + s * y,
    ]
    assert (one.T @ a).tolist() == [
        p * x,
        p * y + q * x,
        p * z + q * y + r * x,
        q * z + r * y + s * x,
        r * z + s * y,
        s * z,
    ]
    two = tg.toeplitz(kernel, 4, stride=2, padding=1, padding_columns=True)
    assert two.matrix.tolist() == [[2, 3, 5, 0, 0, 0], [0, 0, 2, 3, 5, 0]]
    assert (two @ padded).tolist() == [p * y + q * z, q * x + r * y + s * z]
    assert (two.T @ a[:2]).tolist() == [p * x, p * y, p * z + q * x, q * y, q * z, 0]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(tg.ShapeError, match="has a kernel with 4 axes, or with 2"):
        tg.toeplitz([1, 2], (3, 3))
    with pytest.raises(tg.ShapeError, match="does not fit"):
        tg.toeplitz([1, 2, 3], 2)
    with pytest.raises(tg.ShapeError, match="one of shared=False"):
        tg.toeplitz(np.ones((3, 3)), 5, shared=False, transposed=True)
    with pytest.raises(tg.ShapeError, match=r"takes \[5, 1\]"):
        tg.toeplitz([1, 2], 5) @ [1, 2, 3]
    with pytest.raises(tg.ShapeError, match="im2col needs one image"):
        tg.im2col(np.ones((2, 2)), np.ones((2, 2, 1, 1, 1)))
