"""Every error that tinygraph raises on purpose.

An error names the op, shows the types, says what would fit and, where there is one, the way out.
"""

from __future__ import annotations


class TinygraphError(Exception):
    """The base of all errors raised on purpose."""

    layer: str | None = None
    """The layer of a model that was called, where it was one: "unet/up1/concatenate"."""


class ShapeError(TinygraphError, ValueError):
    """Shapes that do not fit an op."""


class IndexingError(ShapeError, IndexError):
    """A position that a tensor does not have, or something that is no position."""


class DtypeError(TinygraphError, TypeError):
    """Element types that do not fit an op or each other."""


class GradientError(TinygraphError, ValueError):
    """A gradient that does not exist or cannot be asked for in this way."""


class TraceError(TinygraphError, TypeError):
    """Something that a traced function cannot do, such as branching on a traced value."""


class BackendUnavailable(TinygraphError, RuntimeError):
    """A backend that is not installed, or lacks a package; the message says how to install it."""


class CompileError(TinygraphError, RuntimeError):
    """A backend could not turn a program into machine code."""


class GrammarError(TinygraphError):
    """A text that a grammar does not know; it shows where."""

    def __init__(self, what: str, text: str, place: int) -> None:
        lines = text[:place].split("\n")
        line = text.split("\n")[len(lines) - 1]
        super().__init__(f"{what}\n    {line}\n    {' ' * len(lines[-1])}^")
        self.place = place


class DataError(TinygraphError, ValueError):
    """A file or array that cannot be used: unreadable, truncated, of the wrong kind."""


class NumericError(TinygraphError, ArithmeticError):
    """A number that makes going on pointless, such as a loss that became NaN."""
