"""Lecture 5's two convolutional nets for images of 28x28 pixels.

    python examples/mnist_convnet.py                            an excerpt of Fashion-MNIST
    python examples/mnist_convnet.py --net mnist_conv_net       the net with strides, no pools
    python examples/mnist_convnet.py --data mnist               your copy of MNIST

`--data digits` enlarges digits of 8x8 pixels to 24x24, with a border of two pixels. The training
images of the second net are moved, and clothes mirrored, anew in each epoch, as it has no dropout
against learning them by heart; `--no-augment` shows what that is worth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from _classify import Floats, Recipe, classify_options, read, train_and_report
from _lesson import run
from rich.console import Console

from tinygraph.augment import Flip, Translate
from tinygraph.models import mnist_conv_net, mnist_convnet

NETS = {"mnist_convnet": mnist_convnet, "mnist_conv_net": mnist_conv_net}
EPOCHS = {"digits": 15, "fashion": 30, "mnist": 6}
MOVED = Translate(0.05, 0.05, border="constant")
AUGMENT = {"digits": [MOVED], "fashion": [Flip(), MOVED], "mnist": [MOVED]}
"""What is done to the training images. A mirrored shoe is a shoe, a mirrored digit is none."""
AUGMENTED = ("mnist_conv_net",)
"""The other has dropout, and in so few epochs gets no better by both."""

SIDE = 28


def enlarged(x: Floats) -> Floats:
    """Images [N,28,28,1] as they are; smaller ones with larger pixels and a border of zeros."""
    times, rest = divmod(SIDE, x.shape[1])
    border = ((rest + 1) // 2, rest // 2)
    large = x.repeat(times, 1).repeat(times, 2)
    return np.pad(large, ((0, 0), border, border, (0, 0)))


def lesson(args: argparse.Namespace, console: Console) -> bool:
    """Trains the net; False if Ctrl-C ended that early."""
    data = read(args)
    images = enlarged(data.train.scaled()[0]), enlarged(data.test.scaled()[0])
    wanted = args.net in AUGMENTED if args.augment is None else args.augment
    augment = AUGMENT[args.data] if wanted else []
    recipe = Recipe(EPOCHS[args.data], rate=1e-3, augment=augment)
    return train_and_report(NETS[args.net](), recipe, data, images, args, console)


def main(given: Sequence[str] | None = None) -> int:
    parser = classify_options(__doc__, "mnist-convnet-out")
    parser.add_argument(
        "--net", choices=NETS, default="mnist_convnet", help="which one (mnist_convnet)"
    )
    parser.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="move the training images, and mirror clothes (only for the net without dropout)",
    )
    return run(lesson, parser.parse_args(given))


if __name__ == "__main__":
    sys.exit(main())
