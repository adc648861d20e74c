"""Prints what becomes of a computation on its way to machine code, stage by stage."""

from __future__ import annotations

import argparse

from tinygraph.cli.progress import waiting

FILE = "a Python file, or FILE:NAME for a tensor, model or jitted function in it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", help=FILE)
    add("--stage", metavar="S", help="graph, pass, pass:NAME, regions, loops, schedule, llvm ...")
    add("--only", metavar="NODE", help="follow one gate (conv_3) or module (up1/conv2d) down")
    add("--backend", metavar="B", help="the function's own by default, else llvm")


def run(args: argparse.Namespace) -> int:
    from rich.console import Console

    from tinygraph.loading import load
    from tinygraph.stages import stages

    with waiting("compiling"):
        shown = stages(load(args.file), args.backend, args.stage, args.only)
        for _ in shown:  # makes them all
            pass
    console = Console()
    if console.is_terminal:
        console.print(shown, soft_wrap=True)
    else:
        print(shown)
    return 0
