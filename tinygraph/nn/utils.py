"""`keras.utils`: labels as vectors, pictures of models, seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinygraph.errors import DataError, TinygraphError
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.seeds import set_random_seed as set_random_seed
from tinygraph.weights import written_whole


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot vectors for labels: whole numbers [...] -> float32 [..., num_classes].

    `num_classes` is the largest label + 1 unless given. A last axis of extent 1 is left out first.
    A `DataError` names a label that is no whole number, or is out of range.
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0 and num_classes is None:
        raise DataError(f"to_categorical needs num_classes where there are no labels{_here()}")
    if labels.dtype.kind not in "iub":
        broken = labels[~(labels == np.round(labels))] if labels.dtype.kind == "f" else labels[:1]
        if broken.size or labels.dtype.kind != "f":
            raise DataError(
                f"to_categorical needs whole numbers as labels, got {broken.flat[0]!r}{_here()}"
            )
    numbers = labels.astype(np.int64)
    count = int(numbers.max()) + 1 if num_classes is None else num_classes
    wrong = numbers[(numbers < 0) | (numbers >= count)]
    if wrong.size:
        raise DataError(
            f"to_categorical: the label {wrong.flat[0]} is not among 0 to {count - 1}{_here()}"
        )
    result = np.zeros((*numbers.shape, count), np.float32)
    np.put_along_axis(result, numbers[..., None], 1, -1)
    return result


def plot_model(
    model: Any,
    to_file: str | Path | None = "model.png",
    rankdir: str = "TB",
    dpi: int = 144,
    *,
    show_shapes: bool = True,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    show_layer_activations: bool = True,
    expand_nested: bool = False,
) -> Any:
    """A picture of a model: its layers, or blocks of them, with the shapes that come out.

    Writes `to_file` (.png, .svg, .pdf or .dot; nothing for None) and returns the `Drawing`, which
    a notebook shows. `rankdir` "TB" goes from top to bottom, "LR" from left to right. It is
    `tg.draw(model)`, which can do more. Keras's other arguments may be there and change nothing:
    shapes, names and activations are always shown.
    """
    from tinygraph.draw import draw

    if rankdir not in ("TB", "LR"):
        raise TinygraphError(f"plot_model: rankdir is 'TB' or 'LR', got {rankdir!r}{_here()}")
    direction = "TB" if rankdir == "TB" else "LR"
    drawing = draw(model, direction=direction)
    if to_file is not None and Path(to_file).suffix.lower() == ".png":
        with written_whole(Path(to_file)) as file:
            file.write(drawing.png(dpi))
    elif to_file is not None:
        drawing.save(to_file)
    return drawing


def _here() -> str:
    return place_of(origin_here())
