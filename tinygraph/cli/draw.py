"""Writes a picture of a computation: .svg, .png, .pdf or .dot."""

from __future__ import annotations

import argparse

from tinygraph.cli.stages import FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", help=FILE)
    add("-o", "--out", metavar="PICTURE", help="default: the name of FILE, as .svg")
    add("--backward", action="store_true", help="also the gates of the gradients")
    add("--no-values", action="store_true", help="compute nothing, show no numbers")
    add("--detail", choices=["auto", "gates", "modules"], default="auto", help="what is folded")
    add(
        "--direction",
        choices=["auto", "LR", "TB"],
        default="auto",
        help="left to right or top down",
    )


def run(args: argparse.Namespace) -> int:
    from tinygraph.draw import draw
    from tinygraph.loading import load, split
    from tinygraph.stages.subject import graph_of
    from tinygraph.tensor import Tensor

    subject = load(args.file)
    drawing = draw(
        subject if isinstance(subject, Tensor) else graph_of(subject),
        backward=args.backward,
        values=False if args.no_values else None,
        detail=args.detail,
        direction=args.direction,
    )
    path = args.out or split(args.file)[0].with_suffix(".svg").name
    print(drawing.save(path))
    return 0
