"""Lecture 1's classifier: is there a smiley, wherever it is?

    python examples/smiley.py

One convolution looks for a face at every place, the maximum over all places and a sigmoid say
whether it found one. It is trained with faces in the left half of the image and tested with faces
in the right half. Dense nets learn the same data: one with about as many weights, which sees the
image at a third of its size, since it has not even one for each pixel; and one with hundreds of
times as many.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _figures import new_figure, save_figure, show_image
from _lesson import fitted, options, percent, positive, print_table, run, say, write_numbers
from numpy.typing import NDArray
from rich.console import Console

import tinygraph as tg
from tinygraph import nn
from tinygraph.data.synthetic import face

SIZE = 32
Floats = NDArray[np.float32]


def small_dense() -> nn.Model:
    """About as many weights as the convolution: 103."""
    layers = [
        nn.Input((SIZE, SIZE, 1)),
        nn.AveragePooling2D(3),
        nn.Flatten(),
        nn.Dense(1, activation="relu"),
        nn.Dense(1, activation="sigmoid"),
    ]
    return nn.Sequential(layers, name="small_dense")


def large_dense() -> nn.Model:
    """One hidden layer that sees every pixel: 32,833 weights."""
    layers = [
        nn.Input((SIZE, SIZE, 1)),
        nn.Flatten(),
        nn.Dense(32, activation="relu"),
        nn.Dense(1, activation="sigmoid"),
    ]
    return nn.Sequential(layers, name="large_dense")


NETS = {
    "convolution": (tg.models.smiley_classifier, 0.02),
    "small dense net": (small_dense, 0.01),
    "large dense net": (large_dense, 0.003),
}
"""How each net is built, and the learning rate that suits it on the validation images."""
PARTS = ("train", "validation", "test")


def lesson(args: argparse.Namespace, console: Console) -> bool:
    """Trains the three nets; False if Ctrl-C ended that early."""
    started = time.perf_counter()
    data = tg.data.smileys(train=args.train, size=SIZE, noise=args.noise, seed=args.seed)
    rows, numbers, nets, finished = [], {}, {}, True
    for name, (build, rate) in NETS.items():
        say(console, f"{name}:")
        model = nets[name] = build()
        model.initialize(args.seed)
        model.compile(
            tg.optimizers.Adam(rate),
            "binary_crossentropy",
            ["accuracy"],
            backend=args.backend,
            threads=args.threads,
        )
        x, y = data.train.x, column(data.train.y)
        finished = fitted(model, console, x, y, epochs=args.epochs, seed=args.seed)
        parts = (data.train, data.validation, data.test)
        right = [model.evaluate(p.x, column(p.y), verbose=0)[1] for p in parts]
        rows.append([name, f"{model.count_params():,}", *map(percent, right)])
        numbers[name] = {"weights": model.count_params(), **dict(zip(PARTS, right))}
        if not finished:
            break
    took = time.perf_counter() - started
    heads = ["", "weights", "training", "same places", "new places"]
    print_table(console, heads, rows)
    say(console, f"in {took:.1f} s")
    save_filter(args.output / "filter.png", nets["convolution"])
    save_examples(args.output / "examples.png", nets, data)
    facts = {"seed": args.seed, "backend": args.backend, "seconds": round(took, 1)}
    write_numbers(args.output, {"nets": numbers, **facts}, ["filter.png", "examples.png"], console)
    return finished


def column(labels: NDArray[np.int32]) -> Floats:
    """Labels as the sigmoid gives them: float32 [N,1]."""
    return labels[:, None].astype(np.float32)


def save_filter(path: Path, model: nn.Model) -> None:
    """The face that was to be found, and the kernel that was learned."""
    kernel = kernel_of(model)[:, :, 0, 0]
    (down, right), alike = likeness(kernel)
    moved = f", moved {down} down, {right} right" if down or right else ""
    figure, axes = new_figure(1, 2, 7.2, 3.4)
    show_image(axes[0, 0], face(len(kernel)), "the face", vmin=0, vmax=1)
    most = np.abs(kernel).max()
    title = f"what the convolution looks for:\nthe face{moved} (correlation {alike:.2f})"
    shown = show_image(axes[0, 1], kernel, title, cmap="RdBu_r", vmin=-most, vmax=most)
    figure.colorbar(shown, ax=axes[0, 1], shrink=0.8)
    save_figure(figure, path)


def likeness(kernel: Floats, most: int = 3) -> tuple[tuple[int, int], float]:
    """By how much the face must be moved to be most like the kernel, and their correlation.

    Nothing says where in its window the convolution keeps the face.
    """
    around = np.pad(face(len(kernel)), most)
    found = {}
    for down in range(-most, most + 1):
        for right in range(-most, most + 1):
            top, left = most - down, most - right
            window = around[top : top + len(kernel), left : left + len(kernel)]
            found[down, right] = float(np.corrcoef(kernel.ravel(), window.ravel())[0, 1])
    best = max(found, key=lambda move: found[move])
    return best, found[best]


def save_examples(path: Path, nets: dict[str, nn.Model], data: tg.data.TrainValidationTest) -> None:
    """Images of both halves, with what the nets say and where the convolution looked."""
    chosen = [*_some(data.validation, 3), *_some(data.test, 3)]
    images = np.stack([image for image, _ in chosen])
    said = {name: net.predict(images, verbose=0)[:, 0] for name, net in nets.items()}
    maps = response(nets["convolution"], images)
    (down, right), _ = likeness(kernel_of(nets["convolution"])[:, :, 0, 0])
    low, high = float(np.nanmin(maps)), float(np.nanmax(maps))
    figure, axes = new_figure(2, len(chosen), 1.95 * len(chosen), 4.9)
    for k, (image, label) in enumerate(chosen):
        lines = ["a smiley" if label else "none"]
        lines += [f"{name} {answers[k]:.2f}" for name, answers in said.items()]
        show_image(axes[0, k], image, "\n".join(lines), vmin=-0.6, vmax=1.5)
        show_image(axes[1, k], maps[k], "", vmin=low, vmax=high)
        axes[1, k].set_facecolor("0.8")  # seen where the map is NaN
        i, j = np.unravel_index(np.nanargmax(maps[k]), maps[k].shape)
        half = "places as in training" if k < len(chosen) // 2 else "places never trained on"
        axes[1, k].set_xlabel(half, fontsize=8)
        for axis, x, y in ((axes[0, k], j + right, i + down), (axes[1, k], j, i)):
            axis.plot(x, y, "o", markersize=44, markerfacecolor="none", color="tab:orange")
    axes[0, 0].set_ylabel("the image, and where\nthe convolution looked", fontsize=9)
    axes[1, 0].set_ylabel("the convolution's map", fontsize=9)
    figure.suptitle("what each net says: 1 is a smiley, 0 is none", fontsize=9)
    save_figure(figure, path)


def kernel_of(model: nn.Model) -> Floats:
    """Of the convolution: [11,11,1,1]"""
    return model.named_parameters()["conv/kernel"].numpy()


def response(model: nn.Model, images: Floats) -> Floats:
    """The map of the convolution as large as the images, NaN where the kernel does not fit."""
    kernel = kernel_of(model)
    found = tg.conv2d(tg.tensor(images), tg.tensor(kernel)).numpy()[..., 0]
    border = len(kernel) // 2
    padding = (0, 0), (border, border), (border, border)
    return np.pad(found, padding, constant_values=np.nan)


def _some(part: tg.data.Examples, count: int) -> list[tuple[Floats, int]]:
    """Smileys, and at the end one image without."""
    found = [*np.flatnonzero(part.y == 1)[: count - 1], np.flatnonzero(part.y == 0)[0]]
    return [(part.x[k], int(part.y[k])) for k in found]


def main(given: Sequence[str] | None = None) -> int:
    parser = options(__doc__, epochs=15, output="smiley-out")
    parser.add_argument("--train", type=positive, default=1000, help="training images (1000)")
    parser.add_argument("--noise", type=float, default=0.3, help="its standard deviation (0.3)")
    return run(lesson, parser.parse_args(given))


if __name__ == "__main__":
    sys.exit(main())
