"""Loading FILE or FILE:NAME."""

from __future__ import annotations

from pathlib import Path

import pytest

import tinygraph as tg
from tinygraph.loading import load


def written(folder: Path, text: str) -> str:
    path = folder / "user.py"
    path.write_text("import tinygraph as tg\n" + text)
    return str(path)


def test_the_file_is_not_main_and_may_import_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "a_neighbour_of_user.py").write_text("value = 3.0\n")
    text = "import a_neighbour_of_user\ny = tg.tensor(a_neighbour_of_user.value) + 1\n"
    text += "assert __name__ != '__main__'\n"
    assert float(load(written(tmp_path, text))) == 4


def test_the_last_scalar_or_jitted_function_is_taken(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "a = tg.ones(())\nf = tg.jit(lambda x: x, example=(a,))\n"
        "g = tg.jit(lambda x: x)\nv = tg.ones(3)\np = tg.parameter(1.0)\n",
    )
    assert load(file) is load.__globals__["sys"].modules["_tinygraph_file_user"].f
    assert load(f"{file}:v").shape == (3,)


def test_a_tensor_is_better_than_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, "v = tg.ones(3)\n")).shape == (3,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "defines no tensor, model or jitted function"),
        ("x = 1\ny = nothing\n", "fails at line 3: NameError: name 'nothing' is not defined"),
        ("x = = 1\n", "fails at line 2: SyntaxError"),
        ("import sys\nsys.exit(3)\n", "fails at line 3: SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(tg.DataError) as caught:
        load(written(tmp_path, text))
    assert message in str(caught.value)


def test_an_error_of_tinygraph_keeps_its_words(tmp_path: Path) -> None:
    with pytest.raises(tg.ShapeError, match=r"user\.py:2"):
        load(written(tmp_path, "tg.ones(3) + tg.ones(4)\n"))


def test_a_function_without_arguments_stands_for_what_it_makes(tmp_path: Path) -> None:
    file = tmp_path / "made.py"
    file.write_text(
        "import tinygraph as tg\n"
        "def loss(x=2.0):\n    return tg.tensor(x) * 3\n"
        "def wrong():\n    return 1 / 0\n"
        "def needs(x):\n    return x\n"
    )
    assert float(load(f"{file}:loss")) == 6.0
    assert load(f"{file}:needs")(4) == 4
    with pytest.raises(tg.DataError, match=r"made.py fails at line 5: ZeroDivisionError"):
        load(f"{file}:wrong")
