"""Times a workload: the whole training step or the forward pass of a model, on random data."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from tinygraph.cli.progress import progress

if TYPE_CHECKING:
    from tinygraph.bench import Profile

NUMBERS = {
    "ms": 8,
    "%": 5,
    "GFLOP/s": 7,
    "% of peak": 9,
    "GB/s": 6,
    "flop/byte": 9,
    "tasks": 5,
}
"""The profile's columns of numbers, with their widths."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("workload", metavar="WORKLOAD", help="a model of tg.models, such as classic_unet")
    add(
        "--mode",
        choices=["train", "infer", "step"],
        default="train",
        help="step: how quick the stepper is on one training step",
    )
    add("--batch", type=int, metavar="N", help="images at once (default: the usual for it)")
    add("--size", type=int, metavar="N", help="height and width of images (default: the model's)")
    add("--backend", default="llvm", metavar="B", help="llvm (default), numpy or another installed")
    add("--threads", type=int, metavar="T", help="default: one for each core")
    add("--seconds", type=float, default=5.0, metavar="S", help="how long to time (default 5)")
    add("--json", action="store_true", help="one line of JSON on the standard output")
    add("--profile", action="store_true", help="also time and speed of each kernel")
    add("--against", choices=["torch"], help="time PyTorch too, block by block in turn")
    add("--rows", type=int, default=40, metavar="N", help="of the profile's table (default 40)")


def run(args: argparse.Namespace) -> int:
    if args.mode == "step":
        return _stepping(args)
    from tinygraph.bench import Workload, bench, compare, profile

    workload = Workload(
        args.workload, args.mode, args.batch, args.backend, args.threads, image_size=args.size
    )
    with progress() as note:
        timed = compare if args.against else bench
        figures = timed(workload, args.seconds, note).as_dict()
        details = profile(workload) if args.profile else None
    if details is not None:
        figures["peak_gflops"] = round(details.peak_gflops, 1)
    if args.json:
        rows = {"profile": details.as_dicts()} if details else {}
        print(json.dumps(figures | rows), flush=True)
    else:
        show_figures(figures)
    if details is not None:
        show_profile(details, args.rows, to_stderr=args.json)
    return 0


def _stepping(args: argparse.Namespace) -> int:
    from tinygraph.stepper.measure import measure_stepping

    with progress() as note:
        figures = measure_stepping(args.workload, args.batch or 1, args.size, note)
    if args.json:
        print(json.dumps(figures), flush=True)
    else:
        show_figures(figures)
    return 0


def show_figures(figures: dict[str, Any]) -> None:
    """The figures as a table of two columns."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, value in figures.items():
        table.add_row(name, "unknown" if value is None else str(value))
    Console(highlight=False).print(table)


def show_profile(details: Profile, most: int, to_stderr: bool) -> None:
    """The slowest kernels as a table."""
    from rich.console import Console
    from rich.table import Table

    shown = details.rows[:most]
    table = Table(
        title=f"{len(details.rows)} kernels, {details.ms:.3f} ms; "
        f"100 % of peak are {details.peak_gflops:.0f} GFLOP/s (measured)",
        box=None,
        padding=(0, 1),
        title_justify="left",
        expand=True,
    )
    for name, width in NUMBERS.items():
        table.add_column(name, justify="right", min_width=width, no_wrap=True)
    table.add_column("kernel", min_width=12, no_wrap=True)
    table.add_column("module", ratio=2, no_wrap=True)
    table.add_column("nodes", ratio=3, no_wrap=True)
    for row in shown:
        numbers = (
            f"{row.ms:.3f}",
            f"{100 * row.share:.1f}",
            f"{row.gflops:.1f}",
            f"{100 * row.of_peak:.1f}",
            f"{row.gbs:.1f}",
            f"{row.intensity:.1f}",
            str(row.tasks),
        )
        table.add_row(*numbers, row.kernel, row.module, row.nodes)
    rest = details.rows[most:]
    if rest:
        table.add_row(f"{sum(row.ms for row in rest):.3f}", *[""] * 6, f"{len(rest)} more")
    console = Console(stderr=to_stderr, highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)
