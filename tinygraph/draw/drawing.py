"""Drawing: a picture as DOT text, and what can be made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygraph.draw.pdf import pdf_of
from tinygraph.draw.render import layout_program, render
from tinygraph.errors import TinygraphError
from tinygraph.weights import written_whole


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture of a graph. A notebook shows it; `save` writes it; `source` is its DOT text."""

    source: str
    gates: int
    """How many gates the graph has."""
    shown: int
    """How many of them are drawn one by one."""
    what: str = "gate"
    """What was counted: gates, or the layers of a model."""

    def svg(self) -> str:
        """The picture as SVG text."""
        return render(self.source, "svg").decode()

    def png(self, dpi: int = 144) -> bytes:
        """The picture as the bytes of a PNG file."""
        return render(self.source, "png", dpi=dpi)

    def pdf(self) -> bytes:
        """The picture as the bytes of a PDF file.

        Where `dot` is not installed this needs matplotlib.
        """
        if Path(layout_program()).stem == "dot":
            return render(self.source, "pdf")
        return pdf_of(render(self.source, "json"))

    def save(self, path: str | Path) -> Path:
        """Writes an .svg, .png, .pdf or .dot file, whole or not at all."""
        path = Path(path)
        makers: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg().encode(),
            ".png": self.png,
            ".pdf": self.pdf,
            ".dot": self.source.encode,
            ".gv": self.source.encode,
        }
        make = makers.get(path.suffix.lower())
        if make is None:
            raise TinygraphError(f"a picture is written as {', '.join(makers)}, got {path.name!r}")
        data = make()
        with written_whole(path) as file:
            file.write(data)
        return path

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        folded = f", {self.gates - self.shown:,} of them folded" if self.shown < self.gates else ""
        gates = f"{self.gates:,} {self.what}{'s' if self.gates != 1 else ''}"
        return f"<Drawing of {gates}{folded}; .save('picture.svg') writes it>"

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
