"""Journals, sessions, conditions and tours are data: only `!` runs what somebody typed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinygraph

PACKAGE = Path(tinygraph.__file__).parent
FILES = [file for part in ("stepper", "journal") for file in (PACKAGE / part).rglob("*.py")]
PROMPT = PACKAGE / "stepper" / "prompt" / "python_line.py"
RUN = {"eval", "exec", "compile", "__import__"}
RUN_WHEN_READ = {"pickle", "marshal", "shelve", "copyreg", "dill", "joblib", "yaml", "runpy"}


def running(source: str) -> Iterator[str]:
    """What in a file runs a text, or reads a file that can run something."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RUN:
                yield name
            case ast.Import(names=names):
                yield from (x.name for x in names if x.name.split(".")[0] in RUN_WHEN_READ)
            case ast.ImportFrom(module=str(name)) if name.split(".")[0] in RUN_WHEN_READ:
                yield name
            case ast.keyword(arg="allow_pickle"):
                yield "allow_pickle"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_nothing_is_run(file: Path) -> None:
    found = {*running(file.read_text(encoding="utf-8"))}
    assert found == ({"eval", "exec", "compile"} if file == PROMPT else set())


@pytest.mark.parametrize(
    "source",
    ["eval(x)", "x = exec(y)", "import pickle", "from marshal import loads", "f(allow_pickle=1)"],
)
def test_it_would_be_seen(source: str) -> None:
    assert [*running(source)]
