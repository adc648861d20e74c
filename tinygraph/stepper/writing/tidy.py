"""A text cut to one line of some width."""

from __future__ import annotations

from rich.cells import cell_len


def tidy(text: str, width: int, *, middle: bool = False) -> str:
    """One line of at most `width` columns: what cannot be printed is replaced, what is too long is
    cut, at the end or in the middle."""
    line = "".join(c if c.isprintable() and cell_len(c) else "\ufffd" for c in text)
    if cell_len(line) <= width:
        return line
    if width < 1:
        return ""
    behind = (width - 1) // 2 if middle else 0
    return _first(line, width - 1 - behind) + "…" + _first(line[::-1], behind)[::-1]


def _first(text: str, width: int) -> str:
    """As many characters as fit."""
    used = 0
    for k, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[:k]
    return text
