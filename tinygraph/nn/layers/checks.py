"""What layers say about inputs they cannot take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.errors import ShapeError
from tinygraph.functional.windows import padding_pairs, span
from tinygraph.graph import origin_here, place_of
from tinygraph.nn.layer import Layer

SPACE = {1: "L", 2: "H,W", 3: "D,H,W"}
"""What the spatial axes are called, by their number."""


def who(layer: Layer) -> str:
    """The layer for the beginning of a message: Conv2D conv2d."""
    return f"{type(layer).__name__} {layer.name}"


def here() -> str:
    """Where the user is, for the end of a message."""
    return place_of(origin_here())


def check_format(layer: Layer, data_format: str | None) -> None:
    """Refuses every order of axes but N,space...,C."""
    if data_format in (None, "channels_last"):
        return
    raise ShapeError(
        f"{who(layer)} takes channels last (N,H,W,C), got data_format={data_format!r}; "
        f"for data with channels first put Permute((2, 3, 1)) before it{here()}"
    )


def check_images(layer: Layer, shape: Any, rank: int) -> int:
    """The number of channels of N,space...,C; a `ShapeError` for any other shape."""
    if not isinstance(shape, tuple) or len(shape) != rank + 2 or shape[-1] is None:
        raise ShapeError(
            f"{who(layer)} needs [N,{SPACE[rank]},C] with a known C, got {shown(shape)}{here()}"
        )
    return shape[-1]


def check_fits(
    layer: Layer,
    shape: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Any,
    dilation: Sequence[int],
) -> None:
    """Refuses an image that is smaller than the window: the output would have no rows."""
    space = shape[1:-1]
    pairs = padding_pairs(who(layer), padding, space, window, strides, dilation)
    reach = [span(f, d) for f, d in zip(window, dilation, strict=True)]
    padded = [n + sum(p) for n, p in zip(space, pairs, strict=True)]
    if any(r > n for r, n in zip(reach, padded)):
        raise ShapeError(
            f"{who(layer)}: a window of {_times(reach)} does not fit into {shown(shape)}, which is "
            f"{_times(padded)} with its padding; take padding='same', a smaller window or a "
            f"larger image{here()}"
        )


def shown(shape: Any) -> str:
    """A shape as messages have it: [N,28,28,1], or a list of such."""
    if isinstance(shape, list):
        return " and ".join(map(shown, shape))
    words = [str(n) if n is not None else "N" if k == 0 else "?" for k, n in enumerate(shape)]
    return f"[{','.join(words)}]"


def _times(numbers: Sequence[int]) -> str:
    return " x ".join(map(str, numbers))
