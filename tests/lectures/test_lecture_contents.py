"""lecture_contents.py: its tests exist; all networks are in it, and all tests of lectures."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from lecture_contents import ROWS, Row

from tinygraph.models import MODELS

TESTS = Path(__file__).parents[1]
BENCHMARKS = {"mlp_big"}


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(name.removeprefix("test_") for name in found if name.startswith("test_"))


def missing(row: Row) -> list[str]:
    """The ids of a row that stand for no test."""
    found = []
    for test in row.tests:
        file, _, name = test.partition("::")
        folder, _, stem = file.rpartition("/")
        path = TESTS / folder / f"test_{stem}.py"
        if not path.exists() or name not in names_in(path):
            found.append(test)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_row(row: Row) -> None:
    assert row.tests
    assert not missing(row)
    assert {*row.lectures} <= {1, 2, 3, 4, 5}


def test_what_is_not_there_is_missed() -> None:
    ids = (
        "lectures/lecture_contents::row",
        "lectures/lecture_contents::nothing",
        "lectures/nothing::row",
    )
    assert missing(Row("", (), ids)) == [*ids[1:]]


def test_every_network_has_a_row_that_knows_its_lectures() -> None:
    listed = [name for row in ROWS for name in row.models]
    assert len(listed) == len({*listed})
    assert {*listed} == {*MODELS} - BENCHMARKS
    for row in ROWS:
        if row.models:
            assert {n for name in row.models for n in MODELS[name].lectures} == {*row.lectures}


def test_every_file_of_lecture_tests_is_named() -> None:
    named = {test.partition("::")[0] for row in ROWS for test in row.tests}
    files = {path.stem.removeprefix("test_") for path in TESTS.glob("lectures/test_*.py")}
    assert {f"lectures/{name}" for name in files - {"lecture_contents"}} <= named


def test_every_lecture_has_rows() -> None:
    assert {lecture for row in ROWS for lecture in row.lectures} == {1, 2, 3, 4, 5}
