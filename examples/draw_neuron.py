"""Draws the neuron of lecture 5 with all its numbers, into docs/images or the folder given.

python examples/draw_neuron.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import tinygraph as tg

IMAGES = Path(__file__).parent.parent / "docs" / "images"


def neuron() -> tg.Tensor:
    """sigmoid(w0*x0 + w1*x1 + b) for the lecture's inputs and weights."""
    x0, x1 = tg.tensor(-1.0, name="x0"), tg.tensor(-2.0, name="x1")
    w0, w1 = tg.parameter(2.0, name="w0"), tg.parameter(-3.0, name="w1")
    b = tg.parameter(-3.0, name="b")
    return tg.sigmoid(w0 * x0 + w1 * x1 + b)


def main(folder: Path = IMAGES) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    picture = tg.draw(neuron())
    for name in ("neuron.svg", "neuron.png"):
        print(picture.save(folder / name))
    print(tg.draw(neuron(), backward=True).save(folder / "neuron_backward.svg"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
