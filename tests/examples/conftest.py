"""The examples as modules, and a small net that has seen little."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

SMALL = ["--base", "2", "--crop", "32", "--batch", "2"]
Main = Callable[..., int]


@pytest.fixture(scope="session")
def main() -> Main:
    """`main("--steps", 3, ...)` runs the example with a small net; returns the exit code."""
    import unet

    def run(*args: object) -> int:
        given = [str(arg) for arg in args]
        small = [] if {"--resume", "--predict"} & {*given} else SMALL
        return unet.main([*small, *given])

    return run


@pytest.fixture(scope="session")
def trained(main: Main, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of a short run."""
    folder = tmp_path_factory.mktemp("trained")
    assert main("--steps", 3, "--out", folder, "--json", folder / "run.json") == 0
    return folder
