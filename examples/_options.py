"""The command line of unet.py."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from _checkpoint import CHECKPOINT, WEIGHTS, Settings, read_settings
from _lesson import go_on_with

from tinygraph.errors import DataError


def parsed(argv: Sequence[str] | None, description: str) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Settings()
    add = parser.add_argument
    add("--backend", choices=["numpy", "llvm"], help=f"what computes ({default.backend})")
    add("--steps", type=_positive, help=f"steps of training ({default.steps})")
    add("--seed", type=int, help=f"decides all random choices ({default.seed})")
    add("--rate", type=float, help=f"highest learning rate ({default.rate:g})")
    add("--batch", type=_positive, help=f"windows in a batch ({default.batch})")
    add("--crop", type=_window, help=f"pixels along a window ({default.crop})")
    add("--base", type=_positive, help=f"channels of the first level ({default.base})")
    add("--threads", type=_positive, help="how many (all cores); changes no bit of the result")
    add("--out", type=Path, default=Path("unet-out"), metavar="DIR", help="where to write")
    add("--json", type=Path, metavar="FILE", help="write the numbers of the run as JSON")
    add("--resume", action="store_true", help="go on with the run that was stopped in --out")
    add("--predict", type=Path, metavar="IMAGE_OR_FOLDER", help="write masks instead of training")
    add("--weights", type=Path, metavar="FILE", help=f"for --predict (DIR/{WEIGHTS})")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"needs at least 1, got {number}")
    return number


def _window(text: str) -> int:
    number, unit = int(text), 2 ** Settings().depth
    if not unit <= number <= 256 or number % unit:
        raise argparse.ArgumentTypeError(f"needs a multiple of {unit} up to 256, got {number}")
    return number


def settings_for(args: argparse.Namespace) -> Settings:
    """The settings of the command line; of the stopped run for --resume."""
    given = {f.name: getattr(args, f.name, None) for f in fields(Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    if not args.resume:
        return replace(Settings(), **given)
    settings = read_settings(args.out)
    for name, value in given.items():
        if value != getattr(settings, name):
            raise DataError(
                f"the run in {args.out} has --{name} {getattr(settings, name)}, not {value}: "
                f"resume without --{name}, or start anew without --resume"
            )
    return settings


def how_to_go_on(args: argparse.Namespace) -> str:
    """How to go on after Ctrl-C."""
    if args.predict is not None:
        return "the masks written so far stay"
    said = go_on_with("--out", args.out, CHECKPOINT)
    if args.json is None or not (args.out / CHECKPOINT).exists():
        return said
    return f"{said} {shlex.join(['--json', str(args.json)])}"
