"""What a window leaves out at the border of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygraph.functional import output_size
from tinygraph.functional.windows import padding_pairs


def unused_border(
    space: Sequence[int | None],
    window: Sequence[int],
    strides: Sequence[int],
    padding: Any,
    dilation: Sequence[int],
) -> str:
    """A sentence for `summary()`; empty where every element is used or the extent is free."""
    known = [extent or 1 for extent in space]
    pairs = padding_pairs("unused_border", padding, known, window, strides, dilation)
    axes = []
    for axis, extent in enumerate(space):
        if extent is None:
            continue
        size = output_size(extent, window[axis], strides[axis], (pairs[axis],), dilation[axis])
        if size.unused:
            axes.append(f"{size.unused} of {extent} (padding {size.fitting} would fit)")
    return f"leaves out at the end {' and '.join(dict.fromkeys(axes))}" if axes else ""
