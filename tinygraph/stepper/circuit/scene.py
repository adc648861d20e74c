"""What a picture of a circuit shows, without places: boxes, the wires between them, numbers."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Kind = Literal["gate", "module", "copy", "leaf", "constant", "more", "output"]


@dataclass(eq=False)
class Box:
    """A gate, a folded module, a copy gate; or a word: a leaf, a constant, the output, "… more"."""

    title: str
    kind: Kind = "gate"
    name: str = ""
    """What commands call it; a copy gate has the name of what it copies."""
    role: str = ""
    """The lectures' word for it."""

    @property
    def is_word(self) -> bool:
        """Whether it is drawn without an outline."""
        return self.kind in ("leaf", "constant", "more", "output")

    @property
    def label(self) -> str:
        """The name that is written above its outline, where the title does not say it."""
        told = self.is_word or self.kind in ("copy", "module") or self.name == self.title
        return "" if told else self.name


@dataclass(eq=False)
class Line:
    """A wire from one box to another; what joins the same two boxes may be one line."""

    source: Box
    end: Box
    is_wide: bool = False
    """Whether what is written on it is a range of numbers rather than one."""
    about: Any = None
    """What the numbers are looked up by; None for a line without."""


@dataclass(eq=False)
class Diagram:
    """Boxes, each after those it reads, and lines in the order of the inputs that they are for.

    It holds nothing that changes from step to step, so it is made once for a level.
    """

    boxes: Sequence[Box]
    lines: Sequence[Line]
    memory: dict[Any, Any] = field(default_factory=dict)
    """What was found out about it, such as where its boxes go in a given room."""

    @cached_property
    def place(self) -> dict[Box, int]:
        """The number of each box."""
        return {box: k for k, box in enumerate(self.boxes)}

    @cached_property
    def into(self) -> dict[Box, list[Line]]:
        """The lines that end at each box."""
        found: dict[Box, list[Line]] = {box: [] for box in self.boxes}
        for line in self.lines:
            found[line.end].append(line)
        return found

    @cached_property
    def out(self) -> dict[Box, list[Line]]:
        """The lines that start at each box."""
        found: dict[Box, list[Line]] = {box: [] for box in self.boxes}
        for line in self.lines:
            found[line.source].append(line)
        return found


@dataclass(frozen=True)
class Written:
    """What stands above a wire and below it; empty where there is nothing ever."""

    value: str = ""
    gradient: str = ""


@dataclass(eq=False)
class Scene:
    """A diagram at one moment."""

    diagram: Diagram
    current: Box | None
    """The box in the middle of attention."""
    written: Callable[[Line, int], Written]
    """What stands on a line, in at most so many characters."""
    done: Container[Box] = ()
    """The boxes whose value is known."""
    wrong: Container[Box] = ()
    """The boxes of which a backend has other numbers than NumPy."""
    active: Callable[[Line], bool] = lambda line: False
    """Whether the last step went over this line."""
