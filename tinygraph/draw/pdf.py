"""PDF without Graphviz: a layout that graphviz-pure made, drawn once more with matplotlib."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from tinygraph.errors import TinygraphError


def pdf_of(layout: bytes) -> bytes:
    """The PDF of a layout in Graphviz's JSON format, which lists what to draw, in points."""
    try:
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure
    except ImportError:
        raise TinygraphError(
            'PDF needs matplotlib (pip install "tinygraph[examples]") or Graphviz itself; '
            "svg and png need neither"
        ) from None
    graph = json.loads(layout)
    x0, y0, x1, y1 = map(float, graph["bb"].split(","))
    margin = 4.0
    width, height = x1 - x0 + 2 * margin, y1 - y0 + 2 * margin
    figure = Figure(figsize=(width / 72, height / 72))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(x0 - margin, x1 + margin), ylim=(y0 - margin, y1 + margin))
    axes.axis("off")
    for steps in _parts(graph):
        pen = _Pen(axes)
        for step in steps:
            pen.draw(step)
    out = io.BytesIO()
    figure.savefig(out, format="pdf", metadata={"CreationDate": None})
    return out.getvalue()


def _parts(graph: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Everything to draw, from the back to the front: clusters, then edges, then nodes."""
    objects = graph.get("objects", [])
    clusters = [item for item in objects if "nodes" in item or "subgraphs" in item]
    nodes = [item for item in objects if item not in clusters]
    for item in (graph, *clusters, *graph.get("edges", []), *nodes):
        for key in ("_draw_", "_ldraw_", "_hdraw_", "_hldraw_", "_tdraw_", "_tldraw_"):
            yield item.get(key, [])


def _font() -> str:
    """The installed font that is most like the one the layout was made with."""
    from matplotlib.font_manager import fontManager

    there = {font.name for font in fontManager.ttflist}
    alike = ("Arimo", "Helvetica", "Arial", "Liberation Sans", "Nimbus Sans")
    return next((name for name in alike if name in there), "DejaVu Sans")


class _Pen:
    """Draws the steps of one thing; remembers colours, line style and font between them."""

    def __init__(self, axes: Any) -> None:
        self.axes = axes
        self.font = _font()
        self.line, self.fill = "black", "none"
        self.width, self.dashes = 1.0, "solid"
        self.size, self.bold = 14.0, False

    def draw(self, step: dict[str, Any]) -> None:
        match step["op"]:
            case "c":
                self.line = step["color"]
            case "C":
                self.fill = step["color"]
            case "F":
                self.size = step["size"]
            case "t":
                self.bold = bool(step["fontchar"] & 1)
            case "S":
                self._style(step["style"])
            case "E" | "e":
                self._ellipse(step["rect"], step["op"] == "E")
            case "P" | "p":
                self._path(step["points"], step["op"] == "P", closed=True)
            case "L":
                self._path(step["points"], False)
            case "B" | "b":
                self._path(step["points"], step["op"] == "B", curved=True)
            case "T":
                self._text(step)

    def _style(self, style: str) -> None:
        if style.startswith("setlinewidth("):
            self.width = float(style[len("setlinewidth(") : -1])
        elif style in ("solid", "dashed", "dotted"):
            self.dashes = style

    def _look(self, filled: bool) -> dict[str, Any]:
        face = self.fill if filled else "none"
        return {
            "edgecolor": self.line,
            "facecolor": face,
            "linewidth": self.width,
            "linestyle": self.dashes,
        }

    def _ellipse(self, rect: Sequence[float], filled: bool) -> None:
        from matplotlib.patches import Ellipse

        x, y, w, h = rect
        self.axes.add_patch(Ellipse((x, y), 2 * w, 2 * h, **self._look(filled)))

    def _path(
        self, points: Sequence[Any], filled: bool, closed: bool = False, curved: bool = False
    ) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        joint = Path.CURVE4 if curved else Path.LINETO
        corners = [*points, points[0]] if closed else list(points)
        codes = [Path.MOVETO, *[joint] * (len(points) - 1), *[Path.CLOSEPOLY] * closed]
        self.axes.add_patch(PathPatch(Path(corners, codes), **self._look(filled)))

    def _text(self, step: dict[str, Any]) -> None:
        from matplotlib.font_manager import FontProperties
        from matplotlib.textpath import text_to_path

        if not step["text"].strip():
            return
        x, y = step["pt"]
        side = {"l": "left", "c": "center", "r": "right"}[step["align"]]
        weight = "bold" if self.bold else "normal"
        font = FontProperties(family=self.font, weight=weight, size=self.size)
        width, _, _ = text_to_path.get_text_width_height_descent(step["text"], font, False)
        if width > step["width"]:
            font.set_size(self.size * step["width"] / width)
        # Words of users may hold dollar signs, which are no formulas here.
        look = {"fontproperties": font, "color": self.line, "parse_math": False}
        self.axes.text(x, y, step["text"], ha=side, va="baseline", **look)
