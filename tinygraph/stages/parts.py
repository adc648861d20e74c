"""What stages are made of: pieces of text that know which gates they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult


@dataclass(frozen=True)
class Part:
    """A line or a block of a stage."""

    text: str
    nodes: tuple[Node, ...] = ()
    """The gates that it belongs to; none for what belongs to all of them."""


@dataclass(frozen=True)
class Stage:
    """One form of the program."""

    name: str
    says: str
    parts: tuple[Part, ...]
    language: str = "graph"
    """What it is written in: graph, loops, llvm or assembly."""
    apart: str = "\n"
    """What stands between two parts."""

    @property
    def text(self) -> str:
        return self.apart.join(part.text for part in self.parts)

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}\n"

    @property
    def title(self) -> str:
        return f"=== {self.name}: {self.says} ===" if self.says else f"=== {self.name} ==="


@dataclass(frozen=True, eq=False)
class Stages:
    """The stages of something, each made when it is first asked for.

    Prints as text, in colour on a terminal; `stages["loops"]` is one of them.
    """

    names: tuple[str, ...]
    make: Callable[[str], Stage]
    shown: tuple[str, ...]
    """Those that are printed."""
    _made: dict[str, Stage] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Stage:
        if name not in self.names:
            raise TinygraphError(f"there is no stage {name!r}; there are {', '.join(self.names)}")
        if name not in self._made:
            self._made[name] = self.make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[Stage]:
        return (self[name] for name in self.shown)

    def __str__(self) -> str:
        return "\n".join(str(stage) for stage in self)

    def __repr__(self) -> str:
        return f"<stages {', '.join(self.names)}; print shows {', '.join(self.shown)}>"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from tinygraph.stages.colour import coloured

        for stage in self:
            yield from coloured(stage)


def chosen(names: Sequence[str], stage: str | None) -> tuple[str, ...]:
    """The stages to show: all, one, or all passes for "pass"."""
    if stage is None:
        return tuple(names)
    if stage == "pass":
        return tuple(name for name in names if name.startswith("pass:"))
    if stage not in names:
        raise TinygraphError(f"there is no stage {stage!r}; there are {', '.join(names)}")
    return (stage,)
