"""The activations of lecture 4, and their slopes: what a gradient is multiplied with.

python examples/activations.py                  numbers, and activations.png
python examples/activations.py --out ""         numbers only

Where a slope is nearly 0 a neuron learns nothing: a sigmoid on both sides, a ReLU on the left.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygraph as tg
from tinygraph.errors import TinygraphError

Floats = NDArray[np.float64]

BLUE, RED = "#1f4e9c", "#a0411a"
"""Of values and gradients, as in drawings."""


def pieces(x: tg.Tensor) -> tg.Tensor:
    """max(w1 x + b1, w2 x + b2), a maxout of two lines: -x / 2 - 1 and x - 1."""
    return tg.maximum(-0.5 * x - 1, x - 1)


ACTIVATIONS: dict[str, Callable[[Any], tg.Tensor]] = {
    "sigmoid": tg.sigmoid,
    "tanh": tg.tanh,
    "ReLU": tg.relu,
    "leaky ReLU, .1": lambda x: tg.leaky_relu(x, 0.1),
    "ELU": tg.elu,
    "maxout of two lines": pieces,
}


def curves(backend: str, points: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Each activation's values and slopes at the points."""

    @tg.jit(backend=backend)
    def computed(x: tg.Tensor) -> dict[str, tuple[tg.Tensor, tg.Tensor]]:
        values = {name: fn(x) for name, fn in ACTIVATIONS.items()}
        return {name: (y, tg.grad(y.sum(), x)) for name, y in values.items()}

    found = computed(tg.tensor(points))
    return {name: (y.numpy(), slope.numpy()) for name, (y, slope) in found.items()}


def print_slopes(backend: str) -> None:
    points = np.array([-6.0, -2.0, -0.5, 0.5, 2.0, 6.0])
    print(f"{'slope at':<20}" + "".join(f"{x:8.1f}" for x in points))
    for name, (_, slope) in curves(backend, points).items():
        print(f"{name:<20}" + "".join(f"{s:8.3f}" for s in slope))


def save_figure(path: Path, backend: str) -> None:
    """A panel for each: the function in blue, its slope in red-brown."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    points = np.linspace(-5, 5, 401)
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for axis, (name, (y, slope)) in zip(axes.flat, curves(backend, points).items()):
        axis.axhline(0, color="0.8", linewidth=0.8)
        axis.axvline(0, color="0.8", linewidth=0.8)
        # A line from one side of a kink to the other would say that there are slopes in between.
        slope = np.where(np.abs(np.diff(slope, prepend=slope[0])) > 0.3, np.nan, slope)
        axis.plot(points, y, color=BLUE, label="value")
        axis.plot(points, slope, color=RED, label="slope", linestyle=(0, (5, 1.5)))
        axis.set(title=name, ylim=(-1.3, 2.3))
    axes[0, 0].legend(loc="upper left")
    figure.savefig(path, dpi=100)


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The activations of lecture 4, and their slopes.")
    parser.add_argument(
        "--out", default="activations.png", metavar="FILE", help='the figure; "" for none'
    )
    parser.add_argument("--backend", default="numpy", help="numpy or llvm (default numpy)")
    args = parser.parse_args(given)
    try:
        print_slopes(args.backend)
        if args.out:
            save_figure(Path(args.out), args.backend)
            print(f"written: {args.out}")
    except (OSError, ValueError, TinygraphError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
