"""Links between the pages lead somewhere: to a file that is there, and to a heading in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: str) -> str:
    """The page without its code."""
    without = re.sub(r"^( *)(`{3,}).*?^\1\2\s*$", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda found: found[0] if "](" not in found[0] else "", without)


def anchors(page: str) -> set[str]:
    """What GitHub calls the headings: lower case, without punctuation, spaces as hyphens."""
    titles = re.findall(r"^#+ +(.*?) *$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        known = (
            anchors(target.read_text(encoding="utf-8")) if target.is_file() and anchor else set()
        )
        if not target.exists() or (anchor and anchor not in known):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links(page: Path) -> None:
    assert not broken(page)


def test_what_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = """\
# A page: with `code`

[here](#a-page-with-code) [there](other.md#a-part) [web](https://example.org/x#y)
`[no link](x.md)`

```text
[no link](y.md)
# no heading
```

[lost](nowhere.md) [wrong](other.md#parts) ![lost](picture.png) [no heading](#no-heading)
"""
    page.write_text(text, encoding="utf-8")
    (tmp_path / "other.md").write_text("## A part\n", encoding="utf-8")
    assert broken(page) == ["nowhere.md", "other.md#parts", "picture.png", "#no-heading"]


def test_every_example_is_listed() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    examples = {path.name for path in ROOT.glob("examples/[!_]*.py")}
    assert {name for name in examples if f"`{name}`" not in page} == set()


def test_every_page_is_linked_from_the_first() -> None:
    """From README.md one gets to every page."""
    reached, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        reached.add(page)
        links = LINK.findall(prose(page.read_text(encoding="utf-8")))
        names = {link.partition("#")[0] for link in links if not re.match(r"[a-z]+:", link)}
        pages = {(page.parent / name).resolve() for name in names if name.endswith(".md")}
        new |= {target for target in pages if target.exists()} - reached
    assert {page.name for page in PAGES} - {page.name for page in reached} == set()
