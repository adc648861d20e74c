"""From DOT text to a picture: by Graphviz's `dot` where it is installed, else by graphviz-pure."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tinygraph.errors import TinygraphError

SECONDS = 120
"""A layout that takes longer is given up."""


def render(
    source: str, format: str, *, dpi: int | None = None, program: str | None = None
) -> bytes:
    """What a layout program makes of DOT text: "svg", "png", "json" and what else it offers.

    `program` is the path of one; otherwise the one that `layout_program` finds.
    """
    program = program or layout_program()
    options = [f"-T{format}", *([f"-Gdpi={dpi}"] if dpi else [])]
    try:
        done = subprocess.run(
            [program, *options], input=source.encode(), capture_output=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise TinygraphError(
            f"{Path(program).name} took more than {SECONDS} s for this picture; "
            "draw less with detail='modules' or a smaller max_gates="
        ) from None
    except OSError as error:
        raise TinygraphError(f"{program} does not run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise TinygraphError(f"{Path(program).name} could not make {format} of the graph: {said}")
    return done.stdout


def layout_program() -> str:
    """The path of `dot`, or else of graphviz-pure."""
    found = shutil.which("dot") or pure_program()
    if found is None:
        raise TinygraphError(
            "no program that draws graphs is installed: pip install graphviz-pure "
            "(or Graphviz itself); .source and .save('picture.dot') work without"
        )
    return found


def pure_program() -> str | None:
    """The path of graphviz-pure, also where the folder of its environment is not in PATH."""
    try:
        files = distribution("graphviz-pure").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "graphviz-pure" and Path(str(file.locate())).is_file():
            return str(Path(str(file.locate())).resolve())
    return shutil.which("graphviz-pure")
