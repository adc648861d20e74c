"""Dice, IoU, the baseline, and the batches."""

from __future__ import annotations

import numpy as np
import pytest

from tinygraph.data import nuclei


def test_scores_are_pooled() -> None:
    from _scores import Score, by_kind

    a = np.array([True, True, False, False])
    b = np.array([True, False, True, False])
    none = np.zeros(4, bool)
    assert Score.of([a], [b]) == Score(0.5, 1 / 3)
    assert Score.of([none], [none]) == Score(1, 1)
    scores = by_kind([a, a], [b, a], ["x", "y"])
    assert [*scores] == ["x", "y", "all"]
    assert scores["all"] == Score(0.75, 0.6)


def test_otsu_splits_two_heaps() -> None:
    from _prepare import otsu_threshold

    image = np.array([[10, 12, 11], [200, 205, 11]], np.uint8)
    assert 12 <= otsu_threshold(image) < 200
    assert otsu_threshold(np.full((3, 3), 7, np.uint8)) in range(256)


def test_the_baseline_on_the_test_images() -> None:
    from _scores import Score, otsu_mask

    test = nuclei().test
    truth = list(test.masks > 0)
    found = [otsu_mask(image, t) for image, t in zip(test.images, truth)]
    assert Score.of(found, truth).dice == pytest.approx(0.783, abs=0.001)


def test_batches_depend_on_seed_and_step_alone() -> None:
    from _batches import Batches

    batches = Batches.of(nuclei().validation, 3, 64, 7)
    first, again, other = batches.batch(4), batches.batch(4), batches.batch(5)
    for a, b in zip(first, again):
        np.testing.assert_array_equal(a, b)
    assert (first[0] != other[0]).any()
    x, y = first
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((3, 64, 64, 3), "float32", (3, 64, 64), "int32")
    assert {*np.unique(y)} <= {0, 1}
    assert np.isfinite(x).all()


@pytest.mark.parametrize("size", [40, 64, 100])
def test_zooming_keeps_image_and_mask_together(size: int) -> None:
    from _batches import zoomed

    mask = (np.add.outer(np.arange(size), 2 * np.arange(size)) > size).astype(np.uint8)
    image, small = zoomed(mask[..., None].astype(np.float32), mask, 64)
    assert image.shape == (64, 64, 1)
    assert ((image[..., 0] > 0.5) == small).mean() > 0.97


def test_the_threshold_that_fits_best() -> None:
    from _scores import best_threshold

    truth = np.array([True, True, False, False])
    votes = np.array([0.3, -0.6, -0.8, -2.0], np.float32)
    assert best_threshold([votes], [truth]) == (-0.75, 1.0)
    assert best_threshold([votes * 100], [truth])[0] == 0  # all the same: the middle one
