"""Runs the pages: every ```python block, in order, one namespace a page.

What a block prints is compared with the ```text block that follows it, if one does; a line `...`
there stands for any lines.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from tinygraph.graph import OPS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, and the page's lines it starts after and ends at."""

    language: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    found, lines, i = [], page.splitlines(), 0
    while i < len(lines):
        opening = re.match(r"( *)(`{3,})\s*([\w+-]*)", lines[i])
        i += 1
        if opening is None:
            continue
        indent, fence, language = opening.groups()
        start = i
        while i < len(lines) and lines[i].strip() != fence:
            i += 1
        if i == len(lines):
            raise ValueError(f"the block that opens at line {start} is never closed")
        text = "".join(line.removeprefix(indent) + "\n" for line in lines[start:i])
        i += 1
        found.append(Block(language, text, start, i))
    return found


def examples(page: str) -> list[tuple[Block, str | None]]:
    """Each python block, with the text that it must print."""
    found, lines, pairs = blocks(page), page.splitlines(), []
    for block, after in zip(found, [*found[1:], None]):
        if block.language != "python":
            continue
        follows = after is not None and not "".join(lines[block.end : after.start - 1]).strip()
        pairs.append((block, after.text if follows and after.language == "text" else None))
    return pairs


def matches(expected: str, printed: str) -> bool:
    """Equal, after stripping; a line `...` in `expected` stands for any lines, also none."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n"
        for line in expected.strip().splitlines()
    )
    text = "".join(line.rstrip() + "\n" for line in printed.strip().splitlines())
    return re.fullmatch(pattern, text) is not None


def run(page: Path) -> None:
    """Runs the page's blocks; line numbers in tracebacks are those of the page."""
    namespace = ModuleType("page").__dict__
    for block, expected in examples(page.read_text(encoding="utf-8")):
        source = "\n" * block.start + block.text
        code = compile(source, str(page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, namespace)
        printed = out.getvalue()
        if expected is None or matches(expected, printed):
            continue
        diff = difflib.unified_diff(
            expected.strip().splitlines(),
            printed.strip().splitlines(),
            "the page says",
            "the code prints",
            lineterm="",
        )
        where = f"{page.name}:{block.start + 1}"
        pytest.fail("\n".join([f"{where} prints something else", *diff]), pytrace=False)


def update(page: Path) -> None:
    """Writes what the blocks print into the text blocks after them, but for those with `...`."""
    text = page.read_text(encoding="utf-8")
    lines, namespace, edits = text.splitlines(), ModuleType("page").__dict__, []
    found = blocks(text)
    for block, expected in examples(text):
        code = compile("\n" * block.start + block.text, str(page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, namespace)
        if expected is not None and not matches(expected, out.getvalue()) and "..." not in expected:
            after = next(b for b in found if b.start > block.end)
            printed = [line.rstrip() for line in out.getvalue().strip().splitlines()]
            edits.append((slice(after.start, after.end - 1), printed))
    for place, printed in reversed(edits):
        lines[place] = printed
    if edits:
        page.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    steps = [update, run] if request.config.getoption("--update-golden") else [run]
    known = set(OPS)
    try:
        for step in steps:
            folder = tmp_path / step.__name__  # where the page writes its files
            folder.mkdir()
            monkeypatch.chdir(folder)
            step(page)
    finally:
        for name in set(OPS) - known:  # a page's own ops are no business of other tests
            del OPS[name]


PAGE = """\
```python
x = 2
print(x)
```

```text
2
```

Words, then a block whose text is not the output of the one before.

    ```python
    print(x + 3)
    ```

More words.

```text
not compared
```
"""


def test_examples_pair_a_block_with_the_text_right_after_it() -> None:
    first, second = examples(PAGE)
    assert first == (Block("python", "x = 2\nprint(x)\n", 1, 4), "2\n")
    assert second == (Block("python", "print(x + 3)\n", 12, 14), None)


def test_a_page_that_says_something_else_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    run(page)
    page.write_text(PAGE.replace("```text\n2", "```text\n3"))
    with pytest.raises(pytest.fail.Exception, match=r"page.md:2 prints something else"):
        run(page)


def test_a_block_that_is_never_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="line 1 is never closed"):
        blocks("```python\nprint(1)\n")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb", "a\nb\n", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nb", "a\nb", True),
        ("a\n...", "a", True),
        ("a\n...\nd", "a\nb", False),
        ("a.b", "axb", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_matches(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) is same
