"""Gradient descent of lecture 4: on x**2, at several rates, and the deck's solvers in a valley.

python examples/gradient_descent.py                          numbers, and gradient_descent.png
python examples/gradient_descent.py --steps 100 --out ""     numbers only
python examples/gradient_descent.py --jit --backend llvm     each step as one compiled program
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
from tinygraph import optimizers
from tinygraph.errors import DataError, TinygraphError
from tinygraph.optimizers import SGD, Optimizer

Floats = NDArray[np.float64]
Function = Callable[[Any], Any]

RATES = (0.01, 0.2, 0.9, 1.1)
START = (-1.8, 0.7)
SOLVERS: dict[str, Callable[[], Optimizer]] = {
    "gradient descent": lambda: SGD(0.05),
    "momentum": lambda: SGD(0.02, momentum=0.8),
    "Nesterov": lambda: SGD(0.02, momentum=0.8, nesterov=True),
    "AdaGrad": lambda: optimizers.Adagrad(0.3),
    "proximal AdaGrad": lambda: optimizers.ProximalAdagrad(0.3, l1_regularization_strength=0.05),
    "FTRL-proximal": lambda: optimizers.Ftrl(0.3, l1_regularization_strength=0.5),
    "AdaDelta": lambda: optimizers.Adadelta(1.0, epsilon=1e-3),
    "Adam": lambda: optimizers.Adam(0.2),
}


def square(x: Any) -> Any:
    """What lecture 4 minimises, at 0."""
    return x**2


def valley(x: Any) -> Any:
    """x**2 / 2 + 15 y**2: steep across, flat along. At 0 in (0, 0)."""
    return tg.sum(x**2 * np.array([0.5, 15.0]))


def descent(
    function: Function, start: Any, optimizer: Optimizer, steps: int, backend: str | None = None
) -> tuple[Floats, Floats]:
    """The losses before each step [steps], and all places from the start [steps+1, ...]."""
    x = tg.parameter(start, "x")
    optimizer.build([x])

    def step() -> tg.Tensor:
        loss = function(x)
        optimizer.apply(tg.grad(loss, [x]))
        return loss

    run = step if backend is None else tg.jit(step, backend=backend)
    losses, places = [], [x.numpy().copy()]
    for _ in range(steps):
        losses.append(run().item())
        places.append(x.numpy().copy())
    return np.array(losses), np.array(places)


def print_square(steps: int, backend: str | None) -> None:
    losses, places = descent(square, 2.0, SGD(0.2), steps, backend)
    print("x**2 from x = 2, rate .2:")
    for step, (loss, place) in enumerate(zip(losses, places[1:])):
        print(f"{step:3} loss = {loss:<11.6g}  x = {place:.6g}")


def print_rates(steps: int, backend: str | None) -> None:
    print(f"\nx**2 from x = 2, |x| after {steps} steps:")
    for rate in RATES:
        _, places = descent(square, 2.0, SGD(rate), steps, backend)
        says = "away from 0" if abs(places[-1]) > 2 else "towards 0"
        print(
            f"  rate {rate:4}  {abs(places[-1]):10.4g}  {says}, each step times {1 - 2 * rate:+.2f}"
        )


def print_solvers(paths: dict[str, Floats]) -> None:
    steps = len(next(iter(paths.values()))) - 1
    print(f"\nx**2 / 2 + 15 y**2 from {START}, after {steps} steps:")
    for name, places in paths.items():
        x, y = places[-1]
        print(f"  {name:<17} x = {x:9.2e}  y = {y:9.2e}  loss {valley(places[-1]).item():.2e}")


def save_figure(path: Path, paths: dict[str, Floats]) -> None:
    """The way of each solver, on the valley's contours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6), layout="constrained")
    FigureCanvasAgg(figure)
    across, along = np.meshgrid(np.linspace(-2.2, 1.2, 120), np.linspace(-1, 1, 80))
    height = 0.5 * across**2 + 15 * along**2
    for axis, (name, places) in zip(figure.subplots(2, 4).flat, paths.items()):
        axis.contour(across, along, height, levels=np.geomspace(0.02, 16, 12), linewidths=0.5)
        axis.plot(*places.T, ".-", markersize=4, linewidth=1, color="tab:red")
        axis.set(title=name, xlim=(-2.2, 1.2), ylim=(-1, 1))
    figure.savefig(path, dpi=110)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Gradient descent of lecture 4.")
    parser.add_argument("--steps", type=int, default=50, help="in the valley (default 50)")
    parser.add_argument(
        "--out", default="gradient_descent.png", metavar="FILE", help='the figure; "" for none'
    )
    parser.add_argument("--jit", action="store_true", help="compile the step, do not walk it")
    parser.add_argument("--backend", default="llvm", help="numpy or llvm (default llvm)")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    args = arguments(given)
    backend = args.backend if args.jit else None
    try:
        if args.steps < 1:
            raise DataError(f"--steps is at least 1, got {args.steps}")
        print_square(10, backend)
        print_rates(10, backend)
        paths = {
            name: descent(valley, np.array(START), make(), args.steps, backend)[1]
            for name, make in SOLVERS.items()
        }
        print_solvers(paths)
    except TinygraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.out:
        try:
            save_figure(Path(args.out), paths)
        except (OSError, ValueError) as error:
            print(f"error: cannot write {args.out}: {error}", file=sys.stderr)
            return 1
        print(f"\n{args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
