"""Says what is installed, what is missing and the command that installs it, and tries each
backend."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clear-cache", action="store_true", help="remove compiled kernels first")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 if something needed is missing or a backend does not work."""
    from rich.console import Console

    from tinygraph.doctor import clear_caches, examine

    console = Console(highlight=False, soft_wrap=True)
    if args.clear_cache:
        for name, entries in clear_caches().items():
            console.print(f"{name}: {entries} cache entries removed", markup=False)
    topic, wrong = "", 0
    for finding in examine():
        if finding.topic != topic:
            topic = finding.topic
            console.print(topic, style="bold", markup=False)
        missing = finding.good and finding.remedy
        mark, style = ("ok", "green") if finding.good else ("!!", "bold red")
        console.print(f"  {'--' if missing else mark} ", style=style, end="")
        remedy = f"   ->  {finding.remedy}" if finding.remedy else ""
        console.print(f"{finding.name:<18} {finding.state}{remedy}", markup=False)
        wrong += not finding.good
    return 1 if wrong else 0
