"""The circuits that the drawing tests draw, and reading numbers off a picture."""

from __future__ import annotations

import html
import re

import numpy as np

import tinygraph as tg
from tinygraph.draw import Drawing


def neuron() -> tg.Tensor:
    """The neuron of lecture 5."""
    x0, x1 = tg.tensor(-1.0, name="x0"), tg.tensor(-2.0, name="x1")
    w0, w1 = tg.tensor(2.0, name="w0"), tg.tensor(-3.0, name="w1")
    b = tg.tensor(-3.0, name="b")
    return tg.sigmoid(w0 * x0 + w1 * x1 + b)


def dense(x: tg.Tensor, units: int, name: str) -> tg.Tensor:
    rng = np.random.default_rng(units)
    with tg.scope(name):
        w = tg.parameter(rng.normal(size=(x.shape[-1], units)), name=f"{name}_w", dtype="float32")
        b = tg.parameter(np.zeros(units), name=f"{name}_b", dtype="float32")
        return x @ w + b


def conv(x: tg.Tensor, channels: int, name: str) -> tg.Tensor:
    shape = (3, 3, x.shape[-1], channels)
    with tg.scope(name):
        w = tg.parameter(np.full(shape, 0.1), name=f"{name}_w", dtype="float32")
        return tg.relu(tg.conv2d(x, w, padding="same"))


def conv_net() -> tg.Tensor:
    """Two blocks of two convolutions, a dense layer, a loss."""
    x = tg.tensor(np.linspace(-1, 1, 64).reshape(1, 8, 8, 1), name="image", dtype="float32")
    for k in (1, 2):
        with tg.scope(f"block{k}"):
            x = conv(conv(x, 2 * k, "conv_a"), 2 * k, "conv_b")
        x = tg.max_pool2d(x, 2)
    return tg.cross_entropy(dense(x.reshape(1, -1), 3, "dense"), tg.tensor([1], name="label"))


def chain(length: int) -> tg.Tensor:
    """length times y = y * w + b."""
    y, w, b = (tg.tensor(v, name=n) for n, v in (("x", 0.5), ("w", 1.001), ("b", 0.01)))
    for _ in range(length):
        y = y * w + b
    return y


def tangle(seed: int, gates: int) -> tg.Tensor:
    """A random circuit of scalars in random modules."""
    rng = np.random.default_rng(seed)
    pool = [tg.tensor(float(v), name=f"x{k}") for k, v in enumerate(rng.normal(size=5))]
    for _ in range(gates):
        a, b = (pool[k] for k in rng.integers(0, len(pool), 2))
        with tg.scope(f"m{rng.integers(3)}"), tg.scope(f"n{rng.integers(3)}"):
            pool.append([a + b, a * b, tg.tanh(a), tg.maximum(a, b)][rng.integers(4)])
    return sum(pool[1:], pool[0])


def placeless(drawing: Drawing) -> str:
    """The DOT text without the lines of the test files, which move."""
    return re.sub(r"\\n\w+\.py:\d+", "", drawing.source)


def written(drawing: Drawing) -> dict[str, tuple[str, ...]]:
    """What is written on each wire, the gradient last, by the name of the value."""
    found = {}
    for key, label in re.findall(
        r"^\s*(\w+)_wires? \[label=<(<table.*?</table>)>", drawing.source, re.M
    ):
        texts = re.findall(r"<font[^>]*>(.*?)</font>", label)
        found[key] = tuple(html.unescape(re.sub(r"</?b>", "", t)).strip() for t in texts)
    return found


def shapes(drawing: Drawing) -> int:
    """The number of shapes: everything but the numbers on wires."""
    return len(re.findall(r"^\s*\w+ \[.*shape=(?!plain )", drawing.source, re.M))
