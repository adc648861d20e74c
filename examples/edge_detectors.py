"""The edge detectors of lecture 3, on its matrix and on a microscope image.

    python examples/edge_detectors.py                        numbers, and edge_detectors.png
    python examples/edge_detectors.py --image photo.jpg      an image of yours
    python examples/edge_detectors.py --out "" --backend numpy    numbers only

A kernel that is positive on one side and negative on the other answers where the image changes
from one side to the other, and with 0 where it is even.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tinygraph as tg
from tinygraph.data import nuclei
from tinygraph.errors import DataError, TinygraphError

Floats = NDArray[np.float32]

MATRIX = [
    [194, 194, 194, 120, 138],
    [1, 1, 1, 173, 132],
    [227, 179, 56, 16, 144],
    [34, 75, 52, 9, 175],
    [38, 52, 50, 8, 180],
]
DETECTORS = {
    "cross": [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
    "vertical edges": [[1, 0, -1], [1, 0, -1], [1, 0, -1]],
    "horizontal edges": [[1, 1, 1], [0, 0, 0], [-1, -1, -1]],
}


def detected(image: Floats, backend: str) -> dict[str, Floats]:
    """Each detector's answer [H-2,W-2] to an image [H,W]: one convolution, three kernels."""
    kernels = np.stack([*DETECTORS.values()], -1)[:, :, None].astype(np.float32)  # F,G,1,3
    convolution = tg.jit(tg.conv2d, backend=backend)
    answers = convolution(tg.tensor(image[None, ..., None]), tg.tensor(kernels)).numpy()[0]
    return {name: answers[..., k] for k, name in enumerate(DETECTORS)}


def print_matrix(values: NDArray[Any]) -> None:
    for row in values:
        print("  " + " ".join(f"{value:5.0f}" for value in row))


def print_numbers(name: str, image: Floats, answers: dict[str, Floats]) -> None:
    """How strongly each detector answers, and where most."""
    print(f"{name}: {image.shape[0]} x {image.shape[1]}, grey from {image.min():.0f} to", end=" ")
    print(f"{image.max():.0f}")
    print(f"  {'detector':<18} {'smallest':>8} {'largest':>8} {'mean size':>9}  largest at")
    for detector, answer in answers.items():
        size = np.abs(answer)
        row, column = np.unravel_index(size.argmax(), size.shape)
        print(
            f"  {detector:<18} {answer.min():8.0f} {answer.max():8.0f} {size.mean():9.1f}"
            f"  row {row + 1}, column {column + 1}"
        )


def save_figure(path: Path, pictures: Sequence[tuple[str, Floats, dict[str, Floats]]]) -> None:
    """A row for each image: itself, and the answers in blue (negative) to red (positive)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.3 * len(pictures)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(pictures), 1 + len(DETECTORS), squeeze=False)
    for row, (name, image, answers) in zip(axes, pictures):
        row[0].imshow(image, cmap="gray")
        row[0].set_title(name)
        for axis, (detector, answer) in zip(row[1:], answers.items()):
            most = max(float(np.percentile(np.abs(answer), 99.5)), 1.0)
            axis.imshow(answer, cmap="RdBu_r", vmin=-most, vmax=most)
            axis.set_title(detector)
        if image.size <= 100:
            for axis, values in zip(row, [image, *answers.values()]):
                for (i, j), value in np.ndenumerate(values):
                    axis.text(
                        j,
                        i,
                        f"{value:.0f}",
                        ha="center",
                        va="center",
                        color="black",
                        bbox={
                            "facecolor": "white",
                            "alpha": 0.7,
                            "edgecolor": "none",
                            "pad": 1,
                        },
                    )
    for axis in axes.flat:
        axis.set_axis_off()
    figure.savefig(path, dpi=110)


def chosen_image(path: Path | None, number: int) -> tuple[str, Floats]:
    """The user's image, or one of the shipped microscope images."""
    if path is not None:
        from _images import read_grey

        return path.name, read_grey(path)
    test = nuclei().test
    if not 0 <= number < len(test):
        raise DataError(f"there are {len(test)} test images, numbered from 0; {number} is none")
    return f"nuclei {number} ({test.kinds[number]})", test.images[number].astype(np.float32)


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="The edge detectors of lecture 3, on its matrix and on a microscope image."
    )
    parser.add_argument("--image", type=Path, metavar="FILE", help="an image of yours")
    parser.add_argument(
        "--number", type=int, default=0, help="which of the 30 shipped test images (default 0)"
    )
    parser.add_argument(
        "--out", default="edge_detectors.png", metavar="FILE", help='the figure; "" for none'
    )
    parser.add_argument("--backend", default="llvm", help="numpy or llvm (default llvm)")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    args = arguments(given)
    try:
        name, image = chosen_image(args.image, args.number)
        matrix = np.array(MATRIX, np.float32)
        small, large = detected(matrix, args.backend), detected(image, args.backend)
    except TinygraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("the matrix of lecture 3")
    print_matrix(matrix)
    for detector, answer in small.items():
        print(f"{detector}, kernel {DETECTORS[detector]}")
        print_matrix(answer)
    print_numbers(name, image, large)
    if args.out:
        try:
            save_figure(Path(args.out), [("the matrix", matrix, small), (name, image, large)])
        except (OSError, ValueError) as error:  # no such folder, no such kind of picture
            print(f"error: cannot write {args.out}: {error}", file=sys.stderr)
            return 1
        print(f"written: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
