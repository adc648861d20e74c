"""Writes a picture of a computation, or of a model's layers: .svg, .png, .pdf or .dot."""

from __future__ import annotations

import argparse

from tinygraph.cli.stages import FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", help=f"{FILE}; or a model of tg.models such as resnet18")
    add("-o", "--out", metavar="PICTURE", help="default: the name of FILE, as .svg")
    add("--backward", action="store_true", help="also the gates of the gradients")
    add("--no-values", action="store_true", help="compute nothing, show no numbers")
    details = ["auto", "gates", "layers", "modules"]
    add("--detail", choices=details, default="auto", help="what is folded")
    add(
        "--direction",
        choices=["auto", "LR", "TB"],
        default="auto",
        help="left to right or top down",
    )


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from tinygraph import models
    from tinygraph.draw import draw
    from tinygraph.loading import load, split
    from tinygraph.nn import Model
    from tinygraph.stages.subject import graph_of
    from tinygraph.tensor import Tensor

    file = split(args.file)[0]
    is_model = not file.suffix and not file.exists()
    subject = models.build(args.file, None) if is_model else load(args.file)
    drawing = draw(
        subject if isinstance(subject, Tensor | Model) else graph_of(subject),
        backward=args.backward,
        values=False if args.no_values else None,
        detail=args.detail,
        direction=args.direction,
    )
    path = args.out or (Path(args.file) if is_model else file).with_suffix(".svg").name
    print(drawing.save(path))
    return 0
