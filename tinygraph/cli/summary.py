"""Prints the layers of a model: shapes, parameters and what each is connected to."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", help="a model of tg.models such as classic_unet, or FILE[:NAME]"
    )


def run(args: argparse.Namespace) -> int:
    from tinygraph import models
    from tinygraph.errors import TinygraphError
    from tinygraph.loading import load, split
    from tinygraph.nn import Model

    if args.name in models.MODELS or not _is_file(split(args.name)[0]):
        model = models.build(args.name)
    else:
        model = load(args.name)
        if not isinstance(model, Model):
            raise TinygraphError(f"{args.name} is a {type(model).__name__}, no model")
    model.summary()
    return 0


def _is_file(path: Path) -> bool:
    return path.suffix == ".py" or path.is_file()
