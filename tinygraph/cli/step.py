"""Walks through a computation gate by gate: forward, backward, and back in time."""

from __future__ import annotations

import argparse

from tinygraph.cli.stages import FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", help=FILE)
    add("--script", metavar="FILE", help="commands to run first, one or several (;) a line")
    add("--plain", action="store_true", help="sentences, for a screen reader")
    add("--width", type=int, metavar="N", help="columns; those of the terminal, else 80")
    add("--height", type=int, metavar="N", help="rows; those of the terminal, else 24")


def run(args: argparse.Namespace) -> int:
    from tinygraph.cli.progress import waiting
    from tinygraph.loading import load
    from tinygraph.stepper import repl
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import subject_of

    with waiting("running"):
        subject = subject_of(load(args.file))
    session = Session(subject.journal, subject.title, subject.notes)
    repl.run(
        session,
        _script(args.script),
        plain=args.plain,
        width=args.width,
        height=args.height,
    )
    return 0


def _script(file: str | None) -> list[str] | None:
    from pathlib import Path

    from tinygraph.errors import DataError

    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from error
