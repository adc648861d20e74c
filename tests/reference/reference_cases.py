"""What is compared with PyTorch: functions of tinygraph beside the same of torch.

`theirs` is given `reference_torch` as its first argument, so that this file needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph.optimizers import SGD, Adam, Optimizer


@dataclass(frozen=True)
class Floats:
    """An input with a gradient, uniform between the bounds."""

    shape: tuple[int, ...]
    low: float = -2.0
    high: float = 2.0

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(self.low, self.high, self.shape)


@dataclass(frozen=True)
class Labels:
    """Whole numbers from 0 to `classes` - 1."""

    shape: tuple[int, ...]
    classes: int

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        return rng.integers(0, self.classes, self.shape, dtype=np.int32)


@dataclass(frozen=True)
class Case:
    """One function, with the inputs it is tried on."""

    name: str
    inputs: tuple[Floats | Labels, ...]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]

    def arrays(self, seed: int) -> list[np.ndarray]:
        """The inputs; another seed gives others."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        return [each.drawn(rng) for each in self.inputs]

    def upstream(self, shape: Sequence[int], seed: int) -> np.ndarray:
        """The gradient that comes in."""
        return np.random.default_rng([seed, 1, *self.name.encode()]).normal(size=shape)


@dataclass(frozen=True)
class Descent:
    """An optimizer, which takes `STEPS` steps towards the minimum of `valley`."""

    name: str
    ours: Callable[[list[tg.Parameter]], Optimizer]
    theirs: Callable[[Any, list[Any]], Any]


STEPS = 6


def valley(x: Any, width: Any) -> Any:
    """Least where x is 1 everywhere."""
    return (width * ((x - 1.0) * (x - 1.0) + (x - 1.0) * (x - 1.0) * (x - 1.0) * x)).sum()


Pairs = tuple[tuple[int, int], ...]
NONE2: Pairs = ((0, 0), (0, 0))


def conv(
    name: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    ours_padding: Any = "valid",
    pairs: Pairs | None = None,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
) -> Case:
    """A convolution; `pairs` says to torch what `ours_padding` says to us."""
    rank = len(x) - 2
    function = getattr(tg, f"conv{rank}d")
    sides = pairs or ((0, 0),) * rank
    return Case(
        name,
        (Floats(x), Floats(w)),
        lambda x, w: function(x, w, stride, ours_padding, dilation, groups),
        lambda t, x, w: t.conv(x, w, sides, stride, dilation, groups),
    )


def transposed(
    name: str,
    x: tuple[int, ...],
    w: tuple[int, ...],
    stride: int = 1,
    padding: int = 0,
    extra: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Case:
    return Case(
        name,
        (Floats(x), Floats(w)),
        lambda x, w: tg.conv_transpose2d(x, w, stride, padding, extra, dilation, groups),
        lambda t, x, w: t.conv_transpose(x, w, stride, padding, extra, dilation, groups),
    )


def pool(kind: str, name: str, window: int, stride: int, ours: Any, pairs: Pairs) -> Case:
    function = getattr(tg, f"{kind}_pool2d")
    return Case(
        f"{kind}_pool2d {name}",
        (Floats((2, 7, 6, 3)),),
        lambda x: function(x, window, stride, ours),
        lambda t, x: getattr(t, f"{kind}_pool")(x, window, stride, pairs),
    )


def elementwise(name: str, ours: Callable[..., Any], theirs: Any, *inputs: Floats) -> Case:
    return Case(name, inputs or (Floats((3, 7)),), ours, theirs)


CONVOLUTIONS = [
    conv("conv2d", (2, 6, 7, 3), (3, 3, 3, 4)),
    conv("conv2d 1x1", (2, 4, 5, 6), (1, 1, 6, 5)),
    conv("conv2d same", (2, 6, 5, 3), (3, 3, 3, 4), "same", ((1, 1), (1, 1))),
    conv("conv2d same, even window", (1, 5, 6, 2), (2, 4, 2, 3), "same", ((0, 1), (1, 2))),
    conv("conv2d same, stride 2", (2, 7, 6, 3), (3, 3, 3, 4), "same", ((1, 1), (0, 1)), 2),
    conv("conv2d stride 3", (1, 8, 9, 2), (2, 2, 2, 3), stride=3),
    conv("conv2d dilation 2", (2, 7, 8, 2), (3, 3, 2, 3), 1, ((1, 1), (1, 1)), dilation=2),
    conv("conv2d groups 2", (2, 5, 6, 4), (3, 3, 2, 6), groups=2),
    conv("conv2d one side", (1, 5, 5, 2), (3, 3, 2, 2), ((2, 0), (0, 1)), ((2, 0), (0, 1)), 2),
    conv("conv1d", (2, 9, 3), (4, 3, 5), "same", ((1, 2),)),
    conv("conv3d", (1, 4, 5, 4, 2), (2, 3, 2, 2, 3), stride=2),
    Case(
        "depthwise_conv2d",
        (Floats((2, 5, 6, 3)), Floats((3, 3, 3, 2))),
        lambda x, w: tg.depthwise_conv2d(x, w),
        lambda t, x, w: t.conv(x, w.reshape(3, 3, 1, 6), NONE2, 1, 1, 3),
    ),
    transposed("conv_transpose2d", (2, 4, 5, 3), (3, 3, 3, 4)),
    transposed("conv_transpose2d stride 2", (2, 4, 3, 3), (2, 2, 3, 4), 2),
    transposed("conv_transpose2d stride 2, 3x3", (2, 3, 4, 3), (3, 3, 3, 2), 2, 1, 1),
    transposed("conv_transpose2d stride 3", (1, 3, 4, 2), (4, 4, 2, 3), 3, 1, 2),
    transposed("conv_transpose2d dilation 2", (1, 4, 4, 2), (3, 3, 2, 2), dilation=2),
    transposed("conv_transpose2d groups 2", (1, 4, 3, 4), (3, 3, 4, 3), 2, groups=2),
]

POOLS = [
    pool("max", "2", 2, 2, "valid", NONE2),
    pool("max", "3, stride 2, same", 3, 2, "same", ((1, 1), (0, 1))),
    pool("max", "3, stride 1", 3, 1, 1, ((1, 1), (1, 1))),
    pool("avg", "2", 2, 2, "valid", NONE2),
    pool("avg", "3, stride 2", 3, 2, 1, ((1, 1), (1, 1))),
    Case(
        "upsample_nearest",
        (Floats((2, 3, 4, 2)),),
        lambda x: tg.upsample_nearest(x, 2),
        lambda t, x: t.upsample(x, 2),
    ),
    Case(
        "global_avg_pool2d",
        (Floats((2, 4, 5, 3)),),
        tg.global_avg_pool2d,
        lambda t, x: x.mean((1, 2)),
    ),
]

LOSSES = [
    Case(
        "softmax",
        (Floats((4, 7)),),
        lambda x: tg.softmax(x, -1),
        lambda t, x: x.softmax(-1),
    ),
    Case(
        "log_softmax, axis 1",
        (Floats((3, 5, 2), -40, 40),),
        lambda x: tg.log_softmax(x, 1),
        lambda t, x: x.log_softmax(1),
    ),
    Case(
        "logsumexp",
        (Floats((3, 6), -300, 300),),
        lambda x: tg.logsumexp(x, 1),
        lambda t, x: x.logsumexp(1),
    ),
    Case(
        "cross_entropy",
        (Floats((6, 5)), Labels((6,), 5)),
        tg.cross_entropy,
        lambda t, x, y: t.cross_entropy(x, y),
    ),
    Case(
        "cross_entropy of pixels",
        (Floats((2, 3, 4, 2)), Labels((2, 3, 4), 2)),
        tg.cross_entropy,
        lambda t, x, y: t.cross_entropy(x, y),
    ),
    Case(
        "cross_entropy, none",
        (Floats((6, 5), -50, 50), Labels((6,), 5)),
        lambda x, y: tg.cross_entropy(x, y, reduction="none"),
        lambda t, x, y: t.cross_entropy(x, y, "none"),
    ),
    Case(
        "batch_norm in training",
        (Floats((4, 3, 3, 2)), Floats((2,)), Floats((2,))),
        lambda x, g, b: tg.batch_norm(x, g, b, *moments(x), training=True)[0],
        lambda t, x, g, b: t.batch_norm(x, g, b, True),
    ),
    Case(
        "batch_norm",
        (Floats((4, 3, 3, 2)), Floats((2,)), Floats((2,))),
        lambda x, g, b: tg.batch_norm(x, g, b, *moments(x), training=False)[0],
        lambda t, x, g, b: t.batch_norm(x, g, b, False),
    ),
]


def moments(x: tg.Tensor) -> tuple[tg.Tensor, tg.Tensor]:
    """The running mean and variance of two channels, in the dtype of x."""
    return tg.tensor([0.25, -0.5], dtype=x.dtype), tg.tensor([1.5, 0.75], dtype=x.dtype)


POSITIVE = Floats((3, 7), 0.1, 3)
ELEMENTWISE = [
    elementwise("relu", tg.relu, lambda t, x: x.relu()),
    elementwise("leaky_relu", lambda x: tg.leaky_relu(x, 0.1), lambda t, x: t.leaky_relu(x, 0.1)),
    elementwise("elu", tg.elu, lambda t, x: t.elu(x)),
    elementwise("sigmoid", tg.sigmoid, lambda t, x: x.sigmoid(), Floats((3, 7), -20, 20)),
    elementwise("tanh", tg.tanh, lambda t, x: x.tanh(), Floats((3, 7), -8, 8)),
    elementwise("exp", tg.exp, lambda t, x: x.exp(), Floats((3, 7), -9, 9)),
    elementwise("log", tg.log, lambda t, x: x.log(), POSITIVE),
    elementwise("sqrt", tg.sqrt, lambda t, x: x.sqrt(), POSITIVE),
    elementwise("abs", tg.abs, lambda t, x: x.abs()),
    elementwise("sin and cos", lambda x: tg.sin(x) * tg.cos(x), lambda t, x: x.sin() * x.cos()),
    elementwise("pow", tg.pow, lambda t, x, y: x**y, POSITIVE, Floats((3, 7))),
    elementwise("cube", lambda x: x**3, lambda t, x: x**3),
    elementwise("div", tg.div, lambda t, x, y: x / y, Floats((3, 7)), POSITIVE),
    elementwise(
        "maximum and minimum",
        lambda x, y: tg.maximum(x, y) * tg.minimum(x, 0.5),
        lambda t, x, y: x.maximum(y) * x.clamp(max=0.5),
        Floats((3, 7)),
        Floats((3, 7)),
    ),
    elementwise(
        "where",
        lambda x, y: tg.where(x > y, x * y, y),
        lambda t, x, y: t.where(x > y, x * y, y),
        Floats((3, 7)),
        Floats((3, 7)),
    ),
    elementwise(
        "broadcasting",
        lambda x, y: x * y + y,
        lambda t, x, y: x * y + y,
        Floats((4, 3, 5)),
        Floats((3, 1)),
    ),
]

SHAPES = [
    Case("matmul", (Floats((5, 7)), Floats((7, 4))), tg.matmul, lambda t, x, y: x @ y),
    Case(
        "matmul, stacked", (Floats((2, 3, 4)), Floats((2, 4, 5))), tg.matmul, lambda t, x, y: x @ y
    ),
    Case("var", (Floats((4, 6)),), lambda x: tg.var(x, 1), lambda t, x: x.var(1, correction=0)),
    Case("max of rows", (Floats((4, 6)),), lambda x: tg.max(x, 1), lambda t, x: x.amax(1)),
    Case("mean", (Floats((3, 4, 2)),), lambda x: tg.mean(x, (0, 2)), lambda t, x: x.mean((0, 2))),
    Case(
        "pad, slice, flip",
        (Floats((4, 5)),),
        lambda x: tg.flip(tg.pad(x, ((1, 2), (0, 1)), 0.5)[::2, 1:], 1),
        lambda t, x: t.pad(x, ((1, 2), (0, 1)), 0.5)[::2, 1:].flip(1),
    ),
    Case(
        "concatenate, transpose, reshape",
        (Floats((2, 3)), Floats((2, 5))),
        lambda x, y: tg.transpose(tg.concatenate([x, y, x], 1)).reshape(-1, 11),
        lambda t, x, y: t.concatenate([x, y, x], 1).T.reshape(-1, 11),
    ),
]

CASES = {case.name: case for case in [*CONVOLUTIONS, *POOLS, *LOSSES, *ELEMENTWISE, *SHAPES]}

DESCENTS = {
    descent.name: descent
    for descent in [
        Descent("SGD", lambda p: SGD(0.05, parameters=p), lambda t, p: t.SGD(p, 0.05)),
        Descent(
            "SGD with momentum",
            lambda p: SGD(0.02, 0.9, parameters=p),
            lambda t, p: t.SGD(p, 0.02, 0.9),
        ),
        Descent(
            "SGD with Nesterov's momentum",
            lambda p: SGD(0.02, 0.9, nesterov=True, parameters=p),
            lambda t, p: t.SGD(p, 0.02, 0.9, nesterov=True),
        ),
        # Where epsilon is added differs by a factor; a tiny one makes no difference.
        Descent(
            "Adam",
            lambda p: Adam(0.1, 0.8, 0.95, 1e-30, parameters=p),
            lambda t, p: t.Adam(p, 0.1, (0.8, 0.95), 1e-30),
        ),
    ]
}
