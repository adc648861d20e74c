"""Walks through a computation gate by gate: forward, backward, and back in time."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tinygraph.cli.stages import FILE

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", nargs="?", help=FILE)
    add(
        "--tour",
        metavar="NAME",
        nargs="?",
        const="neuron",
        help="learn it: neuron (the commands, three minutes), backpropagation; list names them",
    )
    add("--script", metavar="FILE", help="commands to run first, one or several (;) a line")
    add("--plain", action="store_true", help="sentences, for a screen reader")
    add("--width", type=int, metavar="N", help="columns; those of the terminal, else 80")
    add("--height", type=int, metavar="N", help="rows; those of the terminal, else 24")


def run(args: argparse.Namespace) -> int:
    from tinygraph.stepper import repl

    if args.tour == "list":
        from tinygraph.stepper.tour import listing

        print(*listing(), sep="\n")
        return 0
    repl.run(
        _session(args),
        _script(args.script),
        plain=args.plain,
        width=args.width,
        height=args.height,
    )
    return 0


def _session(args: argparse.Namespace) -> Session:
    from tinygraph.cli.progress import waiting
    from tinygraph.errors import TinygraphError
    from tinygraph.loading import load
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import subject_of

    if (args.file is None) == (args.tour is None):
        raise TinygraphError("takes FILE[:NAME], what to step, or --tour to learn it")
    if args.tour is not None:
        from tinygraph.stepper.tour import begin

        return begin(args.tour, plain=args.plain)
    with waiting("running"):
        subject = subject_of(load(args.file))
    return Session(subject.journal, subject.title, subject.notes)


def _script(file: str | None) -> list[str] | None:
    from pathlib import Path

    from tinygraph.errors import DataError

    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from error
