"""Lecture 5's perceptron: two hidden layers of 16, ten classes.

python examples/mnist_mlp.py                    an excerpt of Fashion-MNIST
python examples/mnist_mlp.py --data digits      digits of 8x8 pixels
python examples/mnist_mlp.py --data mnist       your copy of MNIST
python examples/mnist_mlp.py --hidden 64        one hidden layer of 64
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from _classify import Recipe, classify_options, read, train_and_report
from _lesson import positive, run
from rich.console import Console

from tinygraph import nn
from tinygraph.models import mnist_mlp

EPOCHS = {"digits": 100, "fashion": 60, "mnist": 12}


def build(hidden: Sequence[int] | None, size: int) -> nn.Model:
    """The lecture's, or one with other hidden layers."""
    if hidden is None:
        return mnist_mlp(10, size)
    inner = [nn.Dense(units, activation="relu") for units in hidden]
    layers = [nn.Input((size, size)), nn.Flatten(), *inner, nn.Dense(10, activation="softmax")]
    return nn.Sequential(layers, name="mlp")


def lesson(args: argparse.Namespace, console: Console) -> bool:
    """Trains the perceptron; False if Ctrl-C ended that early."""
    data = read(args)
    images = data.train.scaled()[0], data.test.scaled()[0]
    model = build(args.hidden, images[0].shape[1])
    recipe = Recipe(EPOCHS[args.data], rate=3e-3)
    return train_and_report(model, recipe, data, images, args, console)


def main(given: Sequence[str] | None = None) -> int:
    parser = classify_options(__doc__, "mnist-mlp-out")
    parser.add_argument(
        "--hidden", type=positive, nargs="+", metavar="UNITS", help="hidden layers (16 16)"
    )
    return run(lesson, parser.parse_args(given))


if __name__ == "__main__":
    sys.exit(main())
