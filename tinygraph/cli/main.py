"""Choosing the command, and turning errors into one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from tinygraph.errors import TinygraphError

COMMANDS = {
    "stages": "what becomes of it on the way to machine code",
    "step": "walk through a graph gate by gate, forward and backward",
    "draw": "a picture of a graph",
    "summary": "the layers of a model",
    "bench": "how fast a workload runs",
    "doctor": "what is installed and works",
}
"""Each is a module of this package with `add_arguments(parser)` and `run(args)`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code: 0, 2 for an error in what it was given, 130 after
    Ctrl-C."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except TinygraphError as error:
        print(f"tinygraph {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygraph", description="See, measure and check computation graphs."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, says in COMMANDS.items():
        module = import_module(f"tinygraph.cli.{name}")
        command = commands.add_parser(name, help=says, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
