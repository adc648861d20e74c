"""Prints the layers of a model: shapes, parameters and what each is connected to."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "name",
        metavar="NAME",
        nargs="?",
        help="a model of tg.models such as resnet18, or FILE[:NAME]; without one all are listed",
    )
    add("--classes", type=int, help="how many the model tells apart, where not its usual number")
    add("--image-size", type=int, metavar="N", help="height and width, where not the usual ones")


def run(args: argparse.Namespace) -> int:
    from tinygraph import models
    from tinygraph.errors import TinygraphError
    from tinygraph.loading import load, split
    from tinygraph.nn import Model

    if args.name is None:
        print(models.table())
        return 0
    if args.name in models.MODELS or not _is_file(split(args.name)[0]):
        given = {"classes": args.classes, "image_size": args.image_size}
        options = {name: value for name, value in given.items() if value is not None}
        model = models.build(args.name, None, **options)
    else:
        model = load(args.name)
        if not isinstance(model, Model):
            raise TinygraphError(f"{args.name} is a {type(model).__name__}, no model")
    model.summary()
    return 0


def _is_file(path: Path) -> bool:
    return path.suffix == ".py" or path.is_file()
