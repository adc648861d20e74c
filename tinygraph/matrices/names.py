"""Names for the elements of a small layer: w01 for the weight at row 0, column 1, and so on."""

from __future__ import annotations

import itertools
import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Names = NDArray[np.object_]


def element_names(letter: str, space: Sequence[int], channels: int, mark: str) -> Names:
    """x0, x1 ... or x00, x01 ...; with several channels x0c0, x0c1 ...: an array [*space,channels].

    `mark` is the letter before the number of a channel.
    """
    names = np.empty((*space, channels), object)
    for at in np.ndindex(*names.shape):
        names[at] = letter + place_text(at[:-1], space) + _marked(mark, at[-1], channels)
    return names


def kernel_names(shape: Sequence[int], letter: str = "w") -> Names:
    """For a kernel [window...,C_in,C_out]: w01, with several channels w01c2o0."""
    *window, inputs, outputs = shape
    names = np.empty(tuple(shape), object)
    for *tap, c, o in np.ndindex(*names.shape):
        channels = _marked("c", c, inputs) + _marked("o", o, outputs)
        names[(*tap, c, o)] = letter + place_text(tap, window) + channels
    return names


def local_names(shape: Sequence[int], rank: int) -> Names:
    """For kernels [places...,window...,C_in,C_out]: the letter says the place: a0 a1, b0 b1 ..."""
    places = [*itertools.product(*map(range, shape[:rank]))]
    letters = string.ascii_lowercase
    if len(places) > len(letters):
        starts = [f"p{place_text(place, shape[:rank])}w" for place in places]
    else:
        starts = [*letters[: len(places)]]
    names = np.empty(tuple(shape), object)
    for place, start in zip(places, starts, strict=True):
        names[place] = kernel_names(shape[rank:], start)
    return names


def place_text(at: Sequence[int], extents: Sequence[int]) -> str:
    """The indices one after the other, with points between them where one has two digits."""
    return ("" if max(extents, default=0) <= 10 else ".").join(map(str, at))


def _marked(mark: str, number: int, count: int) -> str:
    return f"{mark}{number}" if count > 1 else ""
