"""Lecture 1's U-Net: a blurry, noisy smiley goes in, a clean ring comes out.

    python examples/smiley_ring.py

One max pool, ReLU, mean squared error. It is trained with faces in the left half of the image and
tested with faces in the right half, and compared with giving back the input as it is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _figures import new_figure, save_figure, show_image
from _lesson import fitted, options, positive, print_table, run, say, write_numbers
from numpy.typing import NDArray
from rich.console import Console

import tinygraph as tg

Floats = NDArray[np.float32]
SHOWN = 4
"""Columns of the picture."""


def lesson(args: argparse.Namespace, console: Console) -> bool:
    """Trains the U-Net; False if Ctrl-C ended that early."""
    started = time.perf_counter()
    data = tg.data.smiley_rings(train=args.train, seed=args.seed)
    model = tg.models.smiley_ring_unet()
    model.initialize(args.seed)
    model.compile(tg.optimizers.Adam(0.003), "mse", backend=args.backend, threads=args.threads)
    finished = fitted(
        model,
        console,
        data.train.x,
        data.train.y,
        epochs=args.epochs,
        validation_data=tuple(data.validation),
        seed=args.seed,
    )
    x, y = data.test
    found = model.predict(x, verbose=0)
    errors = {
        "U-Net": mean_squared(found, y),
        "the input, as it is": mean_squared(x, y),
        "nothing, 0 everywhere": mean_squared(np.zeros_like(y), y),
    }
    times = {name: error / errors["U-Net"] for name, error in errors.items()}
    rows = [[name, f"{error:.5f}", f"{times[name]:.1f}"] for name, error in errors.items()]
    print_table(console, ["test images", "mean squared error", "times the U-Net's"], rows)
    took = time.perf_counter() - started
    say(console, f"{model.count_params():,} weights, in {took:.1f} s")
    save_examples(args.output / "examples.png", x, found, y)
    history = model.history.history
    save_curves(args.output / "loss.png", history, errors["the input, as it is"])
    numbers = {
        "weights": model.count_params(),
        "mse": errors["U-Net"],
        "mse_of_input": errors["the input, as it is"],
        "mse_of_nothing": errors["nothing, 0 everywhere"],
        "times_better": times["the input, as it is"],
        "seed": args.seed,
        "backend": args.backend,
        "seconds": round(took, 1),
    }
    write_numbers(args.output, numbers, ["examples.png", "loss.png"], console)
    return finished


def mean_squared(found: Floats, wanted: Floats) -> float:
    """Over all pixels of all images."""
    return float(np.mean(np.square(found - wanted), dtype=np.float64))


def save_examples(path: Path, x: Floats, found: Floats, y: Floats) -> None:
    """Rows: input, output, what was wanted. The last column has no smiley in it."""
    there = y.any((1, 2, 3))
    chosen = [*np.flatnonzero(there)[: SHOWN - 1], *np.flatnonzero(~there)[:1]]
    figure, axes = new_figure(3, len(chosen), 2 * len(chosen), 6.2)
    for k, which in enumerate(chosen):
        off, copied = (mean_squared(image[which], y[which]) for image in (found, x))
        show_image(axes[0, k], x[which], f"error {copied:.4f}", vmin=-0.3, vmax=1)
        show_image(axes[1, k], found[which], f"error {off:.4f}", vmin=-0.3, vmax=1)
        show_image(axes[2, k], y[which], vmin=-0.3, vmax=1)
    for axis, name in zip(axes[:, 0], ("input", "output of the U-Net", "target")):
        axis.set_ylabel(name, fontsize=9)
    figure.suptitle("test images: faces at places never trained on", fontsize=9)
    save_figure(figure, path)


def save_curves(path: Path, history: dict[str, list[float]], copied: float) -> None:
    """The error after each epoch, beside that of the input."""
    figure, axes = new_figure(1, 1, 6, 3.6)
    axis = axes[0, 0]
    epochs = np.arange(1, len(history["loss"]) + 1)
    axis.plot(epochs, history["loss"], "o-", markersize=3, label="training")
    axis.plot(epochs, history["val_loss"], "o-", markersize=3, label="validation")
    axis.axhline(copied, color="0.5", linestyle="--", label="the input as it is (test)")
    axis.set(xlabel="epoch", ylabel="mean squared error", yscale="log")
    axis.legend(fontsize=8)
    save_figure(figure, path)


def main(given: Sequence[str] | None = None) -> int:
    parser = options(__doc__, epochs=15, output="smiley-ring-out")
    parser.add_argument("--train", type=positive, default=500, help="training images (500)")
    return run(lesson, parser.parse_args(given))


if __name__ == "__main__":
    sys.exit(main())
