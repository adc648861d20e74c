"""The data sets that come with tinygraph."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from tinygraph.data import Nuclei, Split, nuclei


@pytest.fixture(scope="module")
def data() -> Nuclei:
    return nuclei()


@pytest.fixture(params=["train", "validation", "test"])
def split(data: Nuclei, request: pytest.FixtureRequest) -> Split:
    return getattr(data, request.param)


def test_sizes(data: Nuclei) -> None:
    assert (len(data.train), len(data.validation), len(data.test)) == (90, 15, 30)


def test_shapes_and_types(split: Split) -> None:
    for array in (split.images, split.masks, split.labels):
        assert array.shape == (len(split), 256, 256)
        assert array.dtype == np.uint8
    for array in (split.kinds, split.ids):
        assert array.shape == (len(split),)
        assert array.dtype.kind == "U"


def test_masks_are_the_labelled_pixels(split: Split) -> None:
    assert np.array_equal(split.masks == 1, split.labels > 0)
    assert split.masks.max() == 1
    assert 0.02 < split.masks.mean() < 0.5


def test_kinds(data: Nuclei) -> None:
    kinds = {"fluorescence", "stained", "brightfield", "tissue"}
    for split in (data.train, data.validation, data.test):
        assert set(split.kinds) <= kinds
    assert set(data.train.kinds) == kinds


def test_no_image_is_in_two_splits(data: Nuclei) -> None:
    ids = np.concatenate([data.train.ids, data.validation.ids, data.test.ids])
    assert len(set(ids)) == len(ids) == 135


def test_arrays_are_read_only(split: Split) -> None:
    for array in vars(split).values():
        assert not array.flags.writeable


def test_prints(data: Nuclei) -> None:
    lines = str(data).splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "train: 90 images",
        "validation: 15 images",
        "test: 30 images",
    ]


def test_licence_lies_beside_the_data() -> None:
    text = (files("tinygraph.data") / "nuclei" / "LICENCE.txt").read_text()
    assert "CC0 1.0" in text
