"""Images to segment, as pets_unet.py needs them: the nuclei of tinygraph, or your Oxford pets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _batches import CONTRAST, ZOOM
from _prepare import LIMIT, VIEWS, prepared
from numpy.typing import NDArray

import tinygraph as tg
from tinygraph.augment import Colour, Compose, Crop, Flip, QuarterTurn, Rotate, Zoom
from tinygraph.data import Batches, Examples, Split

Images = NDArray[Any]


@dataclass(frozen=True)
class Task:
    """What is to be found in which images.

    batches      to train with: x float32 [N,H,W,3], y int32 [N,H,W], augmented
    validation   the same of the images to validate with, as they are
    test         as `validation`
    pictures     uint8 [N,H,W] or [N,H,W,3], the test images as one looks at them
    kinds        str [N], what kind of image each test image is
    classes      names of the classes of pixels
    main         the class that is looked for
    sides        1 if images may be looked at from two sides (mirrored), 2 if from four
    """

    batches: Batches
    validation: tuple[Images, Images]
    test: tuple[Images, Images]
    pictures: Images
    kinds: list[str]
    classes: tuple[str, ...]
    main: int
    sides: int


def nuclei_task(batch: int, crop: int, seed: int) -> Task:
    """Windows of crop x crop pixels of the nuclei to train with; whole images otherwise."""
    data = tg.data.nuclei()
    often = drawn_often(data.train)
    x, y = _views(data.train)
    steps = [
        Crop(crop),
        Flip(0.5, 0.5),
        QuarterTurn(),
        Rotate(15),
        Zoom(ZOOM),
        other_contrast,
    ]
    batches = Batches(
        x[often],
        y[often],
        batch_size=batch,
        shuffle=True,
        seed=seed,
        augment=Compose(steps),
        drop_last=True,
    )
    kinds = [str(kind) for kind in data.test.kinds]
    validation, test = _views(data.validation), _views(data.test)
    classes = ("background", "nucleus")
    return Task(batches, validation, test, data.test.images, kinds, classes, main=1, sides=2)


def drawn_often(split: Split) -> NDArray[np.intp]:
    """Which images make an epoch: those of rare kinds more often, by the root of the rareness."""
    kinds, counts = np.unique(split.kinds, return_counts=True)
    wanted = np.rint(np.sqrt(counts * counts.max())).astype(int)
    each = [np.flatnonzero(split.kinds == kind) for kind in kinds]
    return np.concatenate([np.resize(which, count) for which, count in zip(each, wanted)])


def other_contrast(image: Images, mask: Any, rng: np.random.Generator) -> tuple[Images, Any]:
    """Each view brighter or darker, and of more or less contrast."""
    factor = np.exp(rng.uniform(-CONTRAST, CONTRAST, VIEWS))
    shift = rng.normal(0, CONTRAST / 3, VIEWS)
    return np.clip(image * factor + shift, -LIMIT - 1, LIMIT + 1).astype(np.float32), mask


def _views(split: Split) -> tuple[Images, Images]:
    return np.stack([prepared(image) for image in split.images]), split.masks.astype(np.int32)


def pets_task(batch: int, seed: int, path: Path | None, limit: int | None) -> Task:
    """Photographs of 160x160 pixels; of seven one validates and one tests.

    With a limit the set need not be whole.
    """
    data = tg.data.oxford_pets(path, limit=limit, seed=seed, verify=limit is None)
    (x, y), (x_test, y_test) = tg.data.split(data.x, data.y, validation=1 / 7, seed=seed)
    (x, y), validation = tg.data.split(x, y, validation=1 / 6, seed=seed)
    steps = [Flip(), Rotate(10), Zoom(0.2), Colour(0.1, 0.2, 0.2), as_floats]
    batches = Batches(
        x,
        y,
        batch_size=min(batch, len(x)),
        shuffle=True,
        seed=seed,
        augment=Compose(steps),
        drop_last=True,
    )
    test = scaled(Examples(x_test, y_test))
    kinds = ["photographs"] * len(x_test)
    return Task(
        batches, scaled(Examples(*validation)), test, x_test, kinds, data.classes, main=0, sides=1
    )


def as_floats(image: Images, mask: Any, rng: np.random.Generator) -> tuple[Images, Any]:
    """From 0 to 1, and labels as the loss takes them."""
    return np.divide(image, 255, dtype=np.float32), np.asarray(mask, np.int32)


def scaled(examples: Examples) -> tuple[Images, Images]:
    """The same for all examples of a part."""
    return examples.scaled()
