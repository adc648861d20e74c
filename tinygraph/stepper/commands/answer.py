"""What a command gives back: lines to show, and what the prompt does next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Lines to show below the screen: text, or anything that rich can print.

    With `redraw` the screen is drawn again first, because what it shows has changed. With `ends`
    the session is over.
    """

    lines: Sequence[Any] = ()
    redraw: bool = False
    ends: bool = False
