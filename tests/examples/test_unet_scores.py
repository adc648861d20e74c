"""Dice, IoU and Otsu's threshold."""

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
