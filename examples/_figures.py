"""Figures: made without a screen, and written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tinygraph.weights import written_whole


def new_figure(rows: int, columns: int, width: float, height: float, **options: Any) -> Any:
    """A figure of so many inches and its axes [rows,columns]."""
    figure, axes = _pyplot().subplots(
        rows, columns, figsize=(width, height), squeeze=False, layout="constrained", **options
    )
    return figure, axes


def save_figure(figure: Any, path: Path) -> None:
    """Writes a PNG, and closes the figure."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=110)
    _pyplot().close(figure)
    with written_whole(path) as file:
        file.write(data.getvalue())


def show_image(axis: Any, image: Any, title: str = "", **options: Any) -> Any:
    """A grey image [H,W] or [H,W,1], or a coloured one [H,W,3], without ticks."""
    picture = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    options = {"cmap": "gray", "interpolation": "nearest", **options}
    shown = axis.imshow(picture, **options)
    axis.set_title(title, fontsize=9)
    axis.set(xticks=[], yticks=[])
    return shown


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt
