"""Sets that come with tinygraph or are made: digits, Fashion-MNIST excerpt, smileys, splits."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

import tinygraph as tg
from tinygraph.data import Examples, TrainTest
from tinygraph.data.synthetic import face, ring
from tinygraph.errors import DataError, ShapeError
from tinygraph.nn import datasets


@pytest.mark.parametrize(
    ("read", "train", "test", "extent", "largest"),
    [(tg.data.digits, 1437, 360, 8, 16), (tg.data.fashion_mini, 2000, 500, 28, 255)],
)
def test_shipped(read: Any, train: int, test: int, extent: int, largest: int) -> None:
    data = read()
    assert isinstance(data, TrainTest)
    for part, count in ((data.train, train), (data.test, test)):
        assert part.x.shape == (count, extent, extent)
        assert part.y.shape == (count,)
        assert part.x.dtype == part.y.dtype == np.uint8
        assert part.x.max() == part.largest == largest
        assert set(part.y) == set(range(10))
        assert not part.x.flags.writeable
    assert len(data.train.classes) == 10


def test_digits_part_in_the_same_way_every_time_and_class_by_class() -> None:
    first, again = tg.data.digits(), tg.data.digits()
    assert np.array_equal(first.test.x, again.test.x)
    assert set(np.bincount(first.test.y)) <= {35, 36, 37}
    both = np.concatenate([first.train.x, first.test.x]).astype(int)
    assert both.shape[0] == 1797
    assert both.sum() == 561718  # of all pixels in the file


@pytest.mark.parametrize("folder", ["digits", "fashion_mini", "nuclei"])
def test_licences_lie_beside_the_data(folder: str) -> None:
    licence = (files("tinygraph.data") / folder / "LICENCE.txt").read_text()
    assert any(name in licence for name in ("CC BY 4.0", "MIT licence", "CC0 1.0"))


def test_examples_unpack_print_scale_and_slice() -> None:
    (x, y), (x_test, _) = tg.data.fashion_mini()
    assert x.shape == (2000, 28, 28)
    assert len(x_test) == 500
    train = tg.data.fashion_mini().train
    assert repr(train) == ("2000 examples: x uint8[2000,28,28], y uint8[2000], 10 classes")
    assert str(train) == repr(train)
    assert repr(tg.data.nuclei()).startswith("train: 90 images (")
    floats, labels = train.scaled()
    assert floats.shape == (2000, 28, 28, 1)
    assert floats.dtype == np.float32
    assert labels.dtype == np.int32
    assert floats.min() == 0
    assert floats.max() == 1
    assert np.array_equal(np.rint(floats[..., 0] * 255), x)
    assert np.array_equal(train[5:9].y, y[5:9])
    assert np.array_equal(train[np.array([3, 1])].x, x[[3, 1]])
    assert train[7].x.shape == (1, 28, 28)
    assert train[:3].classes == train.classes


def test_keras_door() -> None:
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mini.load_data()
    assert x_train.shape == (2000, 28, 28)
    assert y_train.shape == (2000,)
    assert x_test.shape == (500, 28, 28)
    assert y_test.dtype == np.uint8
    assert len(datasets.digits.load_data()[0][0]) == 1437


# Smileys.


def test_smileys_shapes_and_labels() -> None:
    data = tg.data.smileys(train=20, validation=10, test=6)
    assert [len(part) for part in data] == [20, 10, 6]
    for part in data:
        assert part.x.shape == (len(part), 32, 32, 1)
        assert part.x.dtype == np.float32
        assert part.y.dtype == np.int32
        assert part.y.sum() == len(part) / 2
    assert "20 examples" in str(data)


@given(face_size=st.integers(7, 15), extra=st.integers(0, 9), seed=st.integers(0, 1000))
def test_test_faces_lie_where_no_training_face_did(face_size: int, extra: int, seed: int) -> None:
    size = 2 * (face_size + 2) + extra
    data = tg.data.smileys(30, 10, 30, size=size, face_size=face_size, noise=0, seed=seed)
    where = [(part.x[..., 0] > 0).any(0) for part in data]
    assert not (where[0] & where[2]).any()
    assert not (where[1] & where[2]).any()
    for part in data:
        there = part.x.any((1, 2, 3))
        assert np.array_equal(there, part.y == 1)
        assert part.x.sum((1, 2, 3))[there] == pytest.approx(face(face_size).sum(), rel=1e-5)


def test_faces_come_to_all_places_of_their_half() -> None:
    data = tg.data.smileys(train=3000, test=3000, noise=0)
    corner = face(11) > 0.9
    assert corner.any()
    for part, columns in ((data.train, range(2, 6)), (data.test, range(16, 20))):
        x = part.x[part.y == 1][..., 0] > 0
        tops = x.any(2).argmax(1)
        lefts = x.any(1).argmax(1)
        assert set(tops) == set(range(2, 20))
        assert set(lefts) == set(columns)


def test_smileys_are_seeded_and_parts_differ() -> None:
    first, again, other = (tg.data.smileys(30, 30, 30, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.train.x, again.train.x)
    assert not np.array_equal(first.train.x, other.train.x)
    assert not np.array_equal(first.train.x, first.validation.x)
    # more of one part changes no other
    assert np.array_equal(tg.data.smileys(60, 30, 30, seed=1).test.x, first.test.x)


def test_noise_is_as_asked() -> None:
    data = tg.data.smileys(train=200, noise=0.3)
    empty = data.train.x[data.train.y == 0]
    assert empty.std() == pytest.approx(0.3, rel=0.02)
    assert empty.mean() == pytest.approx(0, abs=0.01)


def test_rings() -> None:
    data = tg.data.smiley_rings(train=40, validation=8, test=40, noise=0)
    for part in data:
        assert part.x.shape == part.y.shape == (len(part), 32, 32, 1)
        assert part.y.dtype == np.float32
        there = part.y.any((1, 2, 3))
        assert there.sum() == len(part) * 3 / 4
        assert part.y.sum((1, 2, 3))[there] == pytest.approx(ring(11).sum(), rel=1e-5)
        assert np.array_equal(part.x.any((1, 2, 3)), there)
    assert not (data.train.y.any(0) & data.test.y.any(0)).any()
    sharp = tg.data.smiley_rings(train=40, noise=0, blur=0).train
    assert (sharp.x >= sharp.y).all()  # the ring is part of the face


def test_blur_is_a_normal_curve() -> None:
    sharp = tg.data.smiley_rings(8, 8, 8, noise=0, blur=0).train.x
    blurred = tg.data.smiley_rings(8, 8, 8, noise=0, blur=1.5).train.x
    options: dict[str, Any] = {
        "sigma": (0, 1.5, 1.5, 0),
        "mode": "constant",
        "radius": (0, 5, 5, 0),
    }
    assert np.allclose(blurred, gaussian_filter(sharp, **options), atol=1e-5)


def test_ring_scaled_keeps_its_target() -> None:
    x, y = tg.data.smiley_rings(4, 4, 4).train.scaled()
    assert x.dtype == y.dtype == np.float32
    assert y.max() > 0.9


def test_a_face_is_symmetric_and_is_more_than_its_ring() -> None:
    for size in (7, 9, 11, 12, 15, 20):
        picture = face(size)
        assert picture.shape == (size, size)
        assert np.allclose(picture, picture[:, ::-1])
        assert (picture >= ring(size)).all()
        assert picture.sum() > ring(size).sum() + 3
        assert np.allclose(ring(size), ring(size).T)
        assert not np.allclose(picture, picture[::-1])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"face_size": 17}, "size=38 or more fits"),
        ({"face_size": 5}, "at least 7 pixels"),
        ({"noise": -1}, "noise must not be less"),
        ({"test": 0}, "at least one image"),
    ],
)
@pytest.mark.parametrize("make", [tg.data.smileys, tg.data.smiley_rings])
def test_smileys_say_what_is_wrong(make: Any, options: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        make(**options)


# Splitting.


@given(n=st.integers(2, 60), fraction=st.floats(0.05, 0.95), seed=st.integers(0, 99))
def test_split_parts_all_examples(n: int, fraction: float, seed: int) -> None:
    count = round(fraction * n)
    x = np.arange(n) * 10
    if not 0 < count < n:
        with pytest.raises(DataError, match="both need some"):
            tg.data.split(x, validation=fraction)
        return
    (x_train, y_train), (x_val, y_val) = tg.data.split(
        x, np.arange(n), validation=fraction, seed=seed
    )
    assert len(x_val) == count
    assert np.array_equal(x_train, y_train * 10)
    assert np.array_equal(x_val, y_val * 10)
    assert sorted([*y_train, *y_val]) == list(range(n))


def test_split_depends_on_its_seed() -> None:
    x = np.arange(50)
    first, again, other = (tg.data.split(x, seed=s)[1][0] for s in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=5).filter(lambda c: sum(c) > 3),
    validation=st.integers(1, 3),
)
def test_split_by_labels_gives_each_class_its_share(counts: list[int], validation: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    total = len(labels)
    (train,), (held,) = tg.data.split(np.arange(total), validation=validation, labels=labels)
    assert len(held) == validation
    assert len(train) == total - validation
    for label, count in enumerate(counts):
        share = count * validation / total
        assert abs((labels[held] == label).sum() - share) <= 1


def test_split_takes_structures_and_counts() -> None:
    parts = {"a": np.arange(10), "b": [np.arange(10) + 1, np.arange(10) + 2]}
    (train,), (held,) = tg.data.split(parts, validation=3)
    assert len(train["a"]) == 7
    assert np.array_equal(held["b"][1], held["a"] + 2)


def test_split_says_what_is_wrong() -> None:
    x = np.arange(10)
    for wrong in (0, 10, 0.01, 1.5, -0.2):
        with pytest.raises(DataError, match="validation"):
            tg.data.split(x, validation=wrong)
    with pytest.raises(ShapeError, match=r"labels must be \[10\]"):
        tg.data.split(x, labels=np.arange(9))
    with pytest.raises(ShapeError, match="part 1 has 10, part 2 has 9"):
        tg.data.split(x, np.arange(9))
    with pytest.raises(DataError, match="no data"):
        tg.data.split()


def test_examples_are_read_only() -> None:
    mine = np.zeros((2, 3, 3))
    examples = Examples(mine, np.zeros(2))
    mine[0] = 1  # what was given stays as it was
    with pytest.raises(ValueError, match="read-only"):
        examples.x[0] = 1
