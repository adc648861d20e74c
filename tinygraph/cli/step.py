"""Walks through a computation gate by gate: forward, backward, and back in time."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from tinygraph.cli.stages import FILE

if TYPE_CHECKING:
    from tinygraph.stepper.session import Session
    from tinygraph.stepper.subject import Subject


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE[:NAME]", nargs="?", help=f"{FILE}; or a model of tg.models")
    add(
        "--tour",
        metavar="NAME",
        nargs="?",
        const="neuron",
        help="learn it: neuron (the commands, three minutes), backpropagation, or a FILE with a "
        "tour of yours; list names them",
    )
    add("--script", metavar="FILE", help="commands to run first, one or several (;) a line")
    add("--plain", action="store_true", help="sentences, for a screen reader")
    add("--width", type=int, metavar="N", help="columns; those of the terminal, else 80")
    add("--height", type=int, metavar="N", help="rows; those of the terminal, else 24")
    add("--backend", metavar="B", help="also compare what this backend computes, step by step")
    add("--seed", type=int, default=0, help="of a model's random inputs")
    add("--journal", metavar="OUT", help="only write every step to this file, as JSON lines")
    add("--diff", metavar="JOURNAL", help="only say what a journal written earlier has different")


def run(args: argparse.Namespace) -> int:
    from tinygraph.errors import TinygraphError

    if args.tour == "list":
        from tinygraph.stepper.tour import listing

        print(*listing(), sep="\n")
        return 0
    if (args.file is None) == (args.tour is None):
        raise TinygraphError("takes FILE[:NAME], what to step, or --tour to learn it")
    for name, least in (("width", 20), ("height", 6), ("seed", 0)):
        if (getattr(args, name) or least) < least:
            raise TinygraphError(f"--{name} is at least {least}, got {getattr(args, name)}")
    if args.journal is not None:
        return _write_journal(args)
    if args.diff is not None:
        return _diff(args)
    _talk(args)
    return 0


def _talk(args: argparse.Namespace) -> None:
    from tinygraph.stepper.prompt import repl

    script = _script(args.script)
    session = _session(args)
    repl.run(session, script, plain=args.plain, width=args.width, height=args.height)


def _session(args: argparse.Namespace) -> Session:
    from tinygraph.errors import TinygraphError

    if args.tour is not None:
        if args.backend is not None:
            raise TinygraphError("--backend compares a FILE[:NAME]")
        from tinygraph.stepper.tour import begin

        return begin(args.tour, plain=args.plain)
    subject = _subject(args)
    session = subject.session()
    if args.backend is not None:
        _compare(session, args)
    return session


def _compare(session: Session, args: argparse.Namespace) -> None:
    """Computes everything with the backend, too, and says what it has different."""
    from tinygraph.cli.progress import progress
    from tinygraph.journal.against import against

    if args.plain:
        session.comparison = against(session.journal, args.backend)
    else:
        with progress() as say:
            session.comparison = against(
                session.journal,
                args.backend,
                on_progress=lambda done, of: say(f"computing with {args.backend}", done / of),
            )
    first = session.comparison.first
    session.notes = (*session.notes, *session.comparison.lines())
    if first is not None:
        session.notes += (f"`goto {first.number + 1}` leads to the first that disagrees",)


def _subject(args: argparse.Namespace) -> Subject:
    from pathlib import Path

    from tinygraph import models
    from tinygraph.cli.progress import waiting
    from tinygraph.loading import load_named
    from tinygraph.nn import Model
    from tinygraph.stepper.subject import example_inputs, subject_of
    from tinygraph.tensor import Tensor

    with nullcontext() if args.plain else waiting("running"):
        if args.file in models.MODELS and not Path(args.file).exists():
            name, found = args.file, models.build(args.file, args.seed)
        else:
            name, found = load_named(args.file)
        inputs = [example_inputs(found, args.seed)] if isinstance(found, Model) else []
        subject = subject_of(found, *inputs)
    unnamed = isinstance(found, Tensor) and found.name is None
    return replace(subject, title=name) if unnamed else subject


def _write_journal(args: argparse.Namespace) -> int:
    from tinygraph.errors import TinygraphError
    from tinygraph.journal.saved import save_journal

    if args.file is None:
        raise TinygraphError("--journal writes the steps of a FILE[:NAME]")
    journal = _subject(args).journal
    save_journal(journal, args.journal, what=args.file)
    print(f"{args.journal}: {len(journal)} steps")
    return 0


def _diff(args: argparse.Namespace) -> int:
    """Prints how this run differs from a written one; 1 where it does, as other diffs give."""
    from tinygraph.errors import TinygraphError
    from tinygraph.journal import load_journal

    if args.file is None:
        raise TinygraphError("--diff compares the steps of a FILE[:NAME]")
    found = load_journal(args.diff).diff(_subject(args).journal)
    print(found)
    return 0 if found.same else 1


def _script(file: str | None) -> list[str] | None:
    from pathlib import Path

    from tinygraph.errors import DataError

    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from error
