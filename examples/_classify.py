"""Training a classifier of small grey images and showing what it confuses: for the MNIST examples.

Part of the training images is set aside to validate with: it says when to stop, and which epoch's
weights are kept. The test images are looked at once, at the end.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _figures import new_figure, save_figure, show_image
from _lesson import fitted, options, percent, print_table, say, write_numbers
from numpy.typing import NDArray
from rich.console import Console

import tinygraph as tg
from tinygraph.augment import Compose, Transformation
from tinygraph.data import Examples, TrainTest
from tinygraph.nn import Model

Floats = NDArray[np.float32]
SETS = {"digits": tg.data.digits, "fashion": tg.data.fashion_mini, "mnist": tg.data.mnist}
VALIDATION = 0.15
WRONG = 24
"""How many wrongly classified images are shown at most."""


def classify_options(description: str | None, output: str) -> argparse.ArgumentParser:
    """The parser of both examples."""
    parser = options(description, epochs=None, output=output)
    parser.add_argument(
        "--data",
        choices=SETS,
        default="fashion",
        help="digits of 8x8 pixels or an excerpt of Fashion-MNIST, which come with tinygraph, or "
        "your copy of MNIST (fashion)",
    )
    parser.add_argument("--path", type=Path, metavar="DIR", help="where the files of MNIST are")
    return parser


def read(args: argparse.Namespace) -> TrainTest:
    """The data set that was asked for."""
    return tg.data.mnist(args.path) if args.data == "mnist" else SETS[args.data]()


@dataclass(frozen=True)
class Recipe:
    """How a net is trained. Found with the validation images."""

    epochs: int
    rate: float
    batch_size: int = 32
    augment: Sequence[Transformation] = ()


def train_and_report(
    model: Model,
    recipe: Recipe,
    data: TrainTest,
    images: tuple[Floats, Floats],
    args: argparse.Namespace,
    console: Console,
) -> bool:
    """Trains with `images` of the training part, tests with those of the test part, writes what
    came out; False if Ctrl-C ended the training early.

    `images` are float32 [N,H,W,1] of both parts; they are given the shape that the net takes.
    """
    started = time.perf_counter()
    x, x_test = images
    y, y_test = (part.y.astype(np.int32) for part in data)
    (x, y), (x_val, y_val) = tg.data.split(x, y, validation=VALIDATION, labels=y, seed=args.seed)
    shape = model.inputs.shape[1:]
    batches = tg.data.Batches(
        x,
        y,
        batch_size=min(recipe.batch_size, len(x)),
        shuffle=True,
        seed=args.seed,
        augment=Compose([*recipe.augment, lambda image, mask, rng: (image.reshape(shape), mask)]),
    )
    x_val, x_test = (each.reshape(-1, *shape) for each in (x_val, x_test))
    model.initialize(args.seed)
    model.compile(
        tg.optimizers.Adam(recipe.rate),
        "sparse_categorical_crossentropy",
        ["accuracy"],
        backend=args.backend,
        threads=args.threads,
    )
    epochs = args.epochs or recipe.epochs
    best = tg.callbacks.EarlyStopping(
        "val_loss", patience=max(3, epochs // 4), restore_best_weights=True
    )
    counts = f"{len(y)} images to train, {len(y_val)} to validate, {len(y_test)} to test"
    say(console, f"{model.name}: {model.count_params():,} weights; {counts}")
    finished = fitted(
        model,
        console,
        batches,
        epochs=epochs,
        validation_data=(x_val, y_val),
        callbacks=[best],
    )
    said = model.predict(x_test, verbose=0)
    accuracy = float((said.argmax(-1) == y_test).mean())
    _, validated = model.evaluate(x_val, y_val, verbose=0)
    took = time.perf_counter() - started
    rows = [["validation", percent(validated)], ["test", percent(accuracy)]]
    print_table(console, ["accuracy of the best epoch", ""], rows)
    epoch = best.best_epoch + 1
    say(console, f"epoch {epoch} was the best, in {took:.1f} s")
    save_confusions(args.output / "confusions.png", data.test, said)
    save_curves(args.output / "curves.png", model.history.history, epoch)
    numbers = {
        "data": args.data,
        "net": model.name,
        "weights": model.count_params(),
        "test_accuracy": accuracy,
        "validation_accuracy": validated,
        "best_epoch": epoch,
        "seed": args.seed,
        "backend": args.backend,
        "seconds": round(took, 1),
    }
    write_numbers(args.output, numbers, ["confusions.png", "curves.png"], console)
    return finished


def confusion(wanted: NDArray[Any], found: NDArray[Any], classes: int) -> NDArray[np.int64]:
    """[classes,classes]: how often a class (row) was taken for each (column)."""
    pairs = wanted.astype(np.int64) * classes + found.astype(np.int64)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def save_confusions(path: Path, test: Examples, said: Floats) -> None:
    """The confusion matrix, beside the images about which the net was most wrongly sure."""
    found = said.argmax(-1)
    matrix = confusion(test.y, found, len(test.classes))
    columns = 4
    figure, axes = new_figure(
        WRONG // columns, 2 * columns, 14, 8.2, width_ratios=[1.35] * columns + [1] * columns
    )
    grid = axes[0, 0].get_gridspec()
    for axis in axes[:, :columns].ravel():
        axis.remove()
    _draw_matrix(figure.add_subplot(grid[:, :columns]), matrix, test.classes)
    wrong = np.flatnonzero(found != test.y)
    wrong = wrong[np.argsort(-said[wrong, found[wrong]], kind="stable")][:WRONG]
    places = axes[:, columns:].ravel()
    for axis in places:
        axis.set_axis_off()
    for axis, k in zip(places, wrong):
        taken, right = (test.classes[int(each)] for each in (found[k], test.y[k]))
        axis.set_axis_on()
        title = f"{taken} ({said[k, found[k]]:.2f})\nis {right} ({said[k, test.y[k]]:.2f})"
        show_image(axis, test.x[k], cmap="gray_r")
        axis.set_title(title, fontsize=7)
    figure.suptitle(
        f"{len(test)} test images, {percent(float((found == test.y).mean()))} right; "
        "on the right, where the net was most sure and wrong",
        fontsize=10,
    )
    save_figure(figure, path)


def _draw_matrix(axis: Any, matrix: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    parts = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axis.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(matrix):
        if count:
            colour = "white" if parts[i, j] > 0.5 else "black"
            axis.text(j, i, str(count), ha="center", va="center", color=colour, fontsize=8)
    at = range(len(classes))
    turn = 0 if max(map(len, classes)) == 1 else 60
    axis.set_xticks(at, classes, rotation=turn, ha="right" if turn else "center", fontsize=8)
    axis.set_yticks(at, classes, fontsize=8)
    axis.set(xlabel="what the net says", ylabel="what it is")


def save_curves(path: Path, history: dict[str, list[float]], best: int) -> None:
    """Loss and accuracy after each epoch."""
    figure, axes = new_figure(1, 2, 9, 3.4)
    for axis, name in zip(axes[0], ("loss", "accuracy")):
        epochs = np.arange(1, len(history[name]) + 1)
        axis.plot(epochs, history[name], label="training")
        axis.plot(epochs, history[f"val_{name}"], label="validation")
        axis.axvline(best, color="0.5", linestyle="--", linewidth=1, label="best epoch")
        axis.set(xlabel="epoch", ylabel=name)
        axis.legend(fontsize=8)
    save_figure(figure, path)
