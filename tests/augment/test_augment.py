"""tg.augment: identities, exact moves, image and mask alike, dtype and range kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygraph.augment import (
    Colour,
    Compose,
    Crop,
    Flip,
    Geometric,
    LocalWarp,
    Noise,
    QuarterTurn,
    Rotate,
    Shear,
    Sometimes,
    Transformation,
    Translate,
    Zoom,
)
from tinygraph.data import Batches
from tinygraph.errors import DataError, DtypeError, ShapeError

IDENTITIES = [
    Flip(0, 0),
    Rotate(0),
    Shear(0, 0),
    Translate(0, 0),
    Zoom(0),
    Zoom((1, 1)),
    LocalWarp(0),
    Colour(),
    Colour(contrast=(1, 1), saturation=(1, 1)),
    Noise(0),
    Sometimes(Rotate(90), 0),
    Compose([]),
    Compose([Flip(0), Rotate(0), Colour(), Zoom(0)]),
]
MOVERS: list[Transformation] = [
    Flip(0.5, 0.5),
    QuarterTurn(),
    Rotate(40),
    Shear(20, 20),
    Translate(0.3, 0.3),
    Zoom(0.5),
    LocalWarp(2, 8),
    Compose([Rotate(30), LocalWarp(2, 8), Shear(10), Flip()]),
]
CHANGERS: list[Transformation] = [Colour(0.3, 0.5), Noise(0.2)]
EVERY = [*MOVERS, *CHANGERS, Crop(8)]

names = pytest.mark.parametrize


def name_of(step: Any) -> str:
    return type(step).__name__


def an_image(shape: tuple[int, ...], dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.random(shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@names("dtype", ["uint8", "uint16", "float32", "float64"])
@names("shape", [(9, 12), (12, 9, 1), (8, 8, 3)])
@names("step", IDENTITIES, ids=name_of)
def test_nothing_changes_nothing(step: Transformation, shape: tuple[int, ...], dtype: str) -> None:
    if isinstance(step, Colour) and step.saturation != 0 and shape[-1] != 3:
        with pytest.raises(ShapeError, match="RGB"):
            step(an_image(shape, dtype), None, rng())
        return
    image, mask = an_image(shape, dtype), an_image(shape[:2])
    changed, moved = step(image, mask, rng())
    assert changed.dtype == image.dtype
    assert np.array_equal(changed, image)
    assert np.array_equal(moved, mask)  # type: ignore[arg-type]


@given(
    size=st.integers(1, 12), turns=st.integers(-4, 4), channels=st.sampled_from([(), (1,), (3,)])
)
def test_quarter_turns_are_exact(size: int, turns: int, channels: tuple[int, ...]) -> None:
    image, mask = an_image((size, size, *channels), "float32"), an_image((size, size))
    angle = 90.0 * turns
    changed, moved = Rotate((angle, angle))(image, mask, rng())
    assert np.array_equal(changed, np.rot90(image, turns))
    assert np.array_equal(moved, np.rot90(mask, turns))  # type: ignore[arg-type]


@given(height=st.integers(1, 12), width=st.integers(1, 12))
def test_half_turns_and_flips_are_exact_whatever_the_size(height: int, width: int) -> None:
    image, mask = an_image((height, width, 2), "float64"), an_image((height, width))
    for step, right in [
        (Rotate((180, 180)), image[::-1, ::-1]),
        (Rotate((-180, -180)), image[::-1, ::-1]),
        (Flip(1, 0), image[:, ::-1]),
        (Flip(0, 1), image[::-1]),
        (Flip(1, 1), image[::-1, ::-1]),
        (Compose([Flip(1, 0), Rotate((180, 180))]), image[::-1]),
    ]:
        changed, moved = step(image, mask, rng())
        assert np.array_equal(changed, right)
        assert np.array_equal(np.sort(mask, axis=None), np.sort(moved, axis=None))


def test_quarter_turn_gives_all_four_and_two_for_oblongs() -> None:
    for shape, kinds in (((5, 5), 4), ((5, 7), 2)):
        image = an_image(shape)
        seen = {QuarterTurn()(image, None, rng(k))[0].tobytes() for k in range(40)}
        turned = {np.rot90(image, k).tobytes() for k in range(4) if kinds == 4 or k % 2 == 0}
        assert seen == turned


def test_flip_happens_about_half_the_time() -> None:
    image = np.array([[0, 1]], np.uint8)
    draws = np.random.default_rng(0)
    mirrored = sum(int(Flip()(image, None, draws)[0][0, 0]) for _ in range(400))
    assert 160 < mirrored < 240


def test_translate_moves_by_whole_pixels() -> None:
    image = an_image((10, 20))
    still = {"border": "constant", "fill": 7}
    changed, _ = Translate((0.2, 0.2), (-0.1, -0.1), **still)(image, None, rng())  # type: ignore[arg-type]
    assert np.array_equal(changed[2:, :-2], image[:-2, 2:])
    assert (changed[:2] == 7).all()
    assert (changed[:, -2:] == 7).all()
    mirrored, _ = Translate((0.2, 0.2), 0)(image, None, rng())
    assert np.array_equal(mirrored, np.pad(image, ((2, 0), (0, 0)), "reflect")[:10])


def test_shear_slides_rows_over_each_other() -> None:
    """45 degrees: each row one pixel further than the one above it."""
    image = an_image((5, 5))
    changed, _ = Shear((45, 45), 0, border="constant")(image, None, rng())
    for row in range(5):
        shift = row - 2
        expected = np.zeros(5)
        source = np.arange(5) + shift
        inside = (source >= 0) & (source < 5)
        expected[inside] = image[row, source[inside]]
        assert np.array_equal(changed[row], expected)


def test_zoom_by_three_shows_the_middle_pixel_three_times() -> None:
    image = np.zeros((9, 9), np.uint8)
    image[4, 4] = 1
    _, mask = Zoom((3, 3))(image, image, rng())
    assert mask is not None
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = 1
    assert np.array_equal(mask, expected)


def test_bilinear_is_the_weighted_mean_of_four() -> None:
    image = np.array([[0, 1, 0], [2, 4, 6], [0, 3, 0]], np.float64)
    changed, _ = Zoom((2, 2))(image, None, rng())
    expected = np.array([[1.75, 2.5, 2.75], [3, 4, 5], [2.25, 3.5, 3.25]])
    assert np.allclose(changed, expected, rtol=0, atol=1e-12)


@names("border", ["reflect", "constant"])
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 2**32 - 1))
def test_sampling_is_numpys_padding_and_a_naive_loop(
    border: Any, height: int, width: int, seed: int
) -> None:
    """Rotation and zoom, pixel by pixel in Python, on an image padded by NumPy."""
    image = an_image((height, width), "float64", seed % 1000)
    step = Compose([Rotate(180, border=border, fill=0.5), Zoom(0.5, border=border, fill=0.5)])
    changed, _ = step(image, None, rng(seed))
    draws = rng(seed)
    angle = np.radians(-180 + 360 * draws.random())
    size = np.exp(-np.log(1.5) + 2 * np.log(1.5) * draws.random())
    far = 20
    padding: Any = {"mode": "reflect"} if border == "reflect" else {"constant_values": 0.5}
    padded = np.pad(image, far, **padding)
    for i in range(height):
        for j in range(width):
            r, c = (i - (height - 1) / 2) / size, (j - (width - 1) / 2) / size
            y = np.cos(angle) * r + np.sin(angle) * c + (height - 1) / 2 + far
            x = -np.sin(angle) * r + np.cos(angle) * c + (width - 1) / 2 + far
            a, b = int(np.floor(y)), int(np.floor(x))
            v, u = y - a, x - b
            top = padded[a, b] * (1 - u) + padded[a, b + 1] * u
            low = padded[a + 1, b] * (1 - u) + padded[a + 1, b + 1] * u
            assert changed[i, j] == pytest.approx(top * (1 - v) + low * v, abs=1e-9)


@names("border", ["reflect", "constant"])
@names("step", MOVERS, ids=name_of)
def test_image_and_mask_move_alike(step: Transformation, border: Any) -> None:
    """The image says at each pixel where it comes from, the mask does too: they agree to half a
    pixel, the error of the nearest one."""
    height, width = 40, 40
    rows = np.arange(height)[:, None] + np.zeros((1, width))
    image = np.stack([rows, rows.T], -1)
    mask = image.astype(np.int64)
    for seed in range(8):
        changed, moved = with_border(step, border)(image, mask, rng(seed))
        assert moved is not None
        assert moved.dtype == mask.dtype
        inside = (changed >= 0) & (moved >= 0)
        assert inside.mean() > (0.3 if border == "constant" else 0.999)
        assert np.abs(changed - moved)[inside].max() <= 0.5 + 1e-9


def with_border(step: Any, border: Any) -> Any:
    if isinstance(step, Compose):
        return Compose([with_border(each, border) for each in step.steps])
    beyond = {"border": border, "fill": -1e9, "mask_fill": -1}
    return type(step)(**{**vars(step), **beyond})


@names("step", EVERY, ids=name_of)
@names("dtype", ["uint8", "uint16", "float32", "float64"])
@names("shape", [(17, 23), (23, 17, 1), (16, 16, 3)])
def test_dtype_and_range_are_kept(step: Transformation, dtype: str, shape: tuple[int, ...]) -> None:
    image = an_image(shape, dtype)
    top = 1 if dtype.startswith("f") else np.iinfo(dtype).max
    mask = an_image(shape[:2]) > 128
    before = image.copy(), mask.copy()
    for seed in range(3):
        changed, moved = step(image, mask, rng(seed))
        assert changed.dtype == image.dtype
        assert moved is not None
        assert moved.dtype == mask.dtype
        assert changed.shape[2:] == image.shape[2:]
        assert moved.shape == changed.shape[:2]
        if not isinstance(step, Crop):
            assert changed.shape == image.shape
        assert changed.min() >= 0
        assert changed.max() <= top
    assert np.array_equal(image, before[0])
    assert np.array_equal(mask, before[1])


@names("step", EVERY, ids=name_of)
def test_same_numbers_same_result(step: Transformation) -> None:
    image, mask = an_image((16, 16)), an_image((16, 16))
    first, again, other = (step(image, mask, rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])  # type: ignore[arg-type]
    if not isinstance(step, (Flip, QuarterTurn)):
        assert not np.array_equal(first[0], other[0])


@names("step", EVERY, ids=name_of)
def test_without_a_mask_the_image_is_the_same(step: Transformation) -> None:
    image = an_image((16, 16))
    alone, none = step(image, None, rng(1))
    beside, _ = step(image, image, rng(1))
    assert none is None
    assert np.array_equal(alone, beside)


def test_masks_get_no_new_labels() -> None:
    mask = np.kron(np.arange(16).reshape(4, 4) * 10, np.ones((8, 8), int)).astype(np.uint8)
    for step in MOVERS:
        _, moved = step(mask, mask, rng(2))
        assert moved is not None
        assert set(np.unique(moved)) <= set(np.unique(mask))


def test_constant_border_has_a_fill_for_each() -> None:
    image, mask = np.full((9, 9), 100, np.uint8), np.ones((9, 9), np.int32)
    step = Zoom((0.3, 0.3), border="constant", fill=50, mask_fill=-1)
    changed, moved = step(image, mask, rng())
    assert moved is not None
    assert changed[0, 0] == 50
    assert changed[4, 4] == 100
    assert moved[0, 0] == -1
    assert moved[4, 4] == 1


def test_joined_moves_are_read_once() -> None:
    """There and back again is the image itself, which reading twice would blur."""
    image = an_image((21, 21), "float64")
    back = Compose([Rotate((30, 30)), Rotate((-30, -30))])
    changed, _ = back(image, None, rng())
    assert np.allclose(changed, image, atol=1e-12)
    apart = Rotate((-30, -30))(Rotate((30, 30))(image, None, rng())[0], None, rng())[0]
    assert np.abs(apart - image)[5:-5, 5:-5].max() > 0.05


def test_steps_come_in_the_order_they_are_written() -> None:
    image = an_image((8, 8))
    both = Compose([Flip(1, 0), Rotate((90, 90))])
    assert np.array_equal(both(image, None, rng())[0], np.rot90(image[:, ::-1]))
    other = Compose([Rotate((90, 90)), Flip(1, 0)])
    assert np.array_equal(other(image, None, rng())[0], np.rot90(image)[:, ::-1])
    mixed = Compose([Flip(1, 0), lambda i, m, r: (i[:4], m), Rotate((180, 180)), Crop(2)])
    assert mixed(image, None, rng())[0].shape == (2, 2)


def test_sometimes() -> None:
    image = an_image((4, 4))
    step = Sometimes(Flip(1), 0.25)
    draws = np.random.default_rng(0)
    count = sum(not np.array_equal(step(image, None, draws)[0], image) for _ in range(400))
    assert 70 < count < 130


def test_warp_is_smooth_and_as_strong_as_asked() -> None:
    field = LocalWarp(strength=4, scale=16).field(200, 300, rng(1))
    assert field.shape == (200, 300, 2)
    assert field.std() == pytest.approx(4, rel=0.15)
    steps = np.abs(np.diff(field, axis=0)).max(), np.abs(np.diff(field, axis=1)).max()
    assert 0.2 < max(steps) < 1.5
    bends = np.abs(np.diff(field, 2, axis=0)).max()
    assert bends < 0.2  # no kinks: the second difference is of the order strength / scale**2


def test_warp_moves_pixels_by_its_field() -> None:
    warp = LocalWarp(strength=1.5, scale=8)
    field = warp.field(30, 30, rng(5))
    rows = np.arange(30)[:, None] + np.zeros((1, 30))
    image = np.stack([rows, rows.T], -1)
    changed, _ = warp(image, None, rng(5))
    inside = slice(8, -8)
    assert np.allclose((changed - image)[inside, inside], field[inside, inside], atol=1e-9)


def test_colour_by_hand() -> None:
    image = np.array([[[0.2, 0.4, 0.6]]])
    bright, _ = Colour(brightness=(0.1, 0.1))(image, None, rng())
    assert np.allclose(bright, [[[0.3, 0.5, 0.7]]])
    strong, _ = Colour(contrast=(2, 2))(image, None, rng())
    assert np.allclose(strong, [[[0, 0.4, 0.8]]])
    grey = 0.299 * 0.2 + 0.587 * 0.4 + 0.114 * 0.6
    double, _ = Colour(saturation=(1.5, 1.5))(image, None, rng())
    assert np.allclose(double, grey + 1.5 * (image - grey), atol=1e-9)
    full, _ = Colour(hue=(1, 1))(image, None, rng())
    assert np.allclose(full, image, atol=1e-9)


def test_hue_keeps_brightness_and_grey() -> None:
    image = an_image((6, 6, 3), "float64") * 0.4 + 0.3
    turned, _ = Colour(hue=(0.1, 0.1))(image, None, rng())
    luma = np.array([0.299, 0.587, 0.114])
    assert np.allclose(turned @ luma, image @ luma, atol=1e-9)
    assert np.abs(turned - image).max() > 0.02
    grey = np.repeat(image[..., :1], 3, -1)
    assert np.allclose(Colour(hue=0.5)(grey, None, rng())[0], grey, atol=1e-9)


def test_colour_is_cut_off_at_the_range() -> None:
    image = np.array([[10, 250]], np.uint8)
    assert Colour(brightness=(0.5, 0.5))(image, None, rng())[0].tolist() == [[138, 255]]
    wide = np.array([[-1.0, 3.0]])
    changed, _ = Colour(brightness=(0.5, 0.5), limits=(-1, 3))(wide, None, rng())
    assert changed.tolist() == [[1, 3]]


def test_noise_is_as_strong_as_asked() -> None:
    image = np.full((100, 100), 0.5)
    changed, _ = Noise(0.1)(image, None, rng())
    assert changed.std() == pytest.approx(0.1, rel=0.05)
    assert changed.mean() == pytest.approx(0.5, abs=0.005)
    grey = np.full((100, 100), 128, np.uint8)
    assert Noise(0.1)(grey, None, rng())[0].std() == pytest.approx(25.5, rel=0.05)


def test_crop_gives_every_window() -> None:
    image = np.arange(12).reshape(3, 4)
    seen = {int(Crop(2)(image, None, rng(k))[0][0, 0]) for k in range(100)}
    assert seen == {0, 1, 2, 4, 5, 6}
    window, mask = Crop(1, 4)(image, image, rng())
    assert window.shape == (1, 4)
    assert np.array_equal(window, mask)  # type: ignore[arg-type]


def test_in_batches_nothing_but_seed_epoch_and_example_counts() -> None:
    images = np.stack([an_image((12, 12), seed=k) for k in range(9)])
    masks = images // 128
    step = Compose([Flip(), Rotate(20), LocalWarp(1, 6), Colour(0.1, 0.1), Noise(0.05)])

    def seen(**options: Any) -> list[np.ndarray]:
        batches = Batches(images, masks, augment=step, seed=5, **options)
        batches.epoch = 3
        x, y = (np.concatenate(part) for part in zip(*batches))
        return [x, y]

    first = seen(batch_size=4)
    for options in ({"batch_size": 9}, {"batch_size": 1, "workers": 3}, {"batch_size": 2}):
        assert all(np.array_equal(a, b) for a, b in zip(first, seen(**options)))


class Invert(Transformation):
    """A transformation from outside."""

    def change(self, image: Any, mask: Any, rng: Any) -> Any:
        return 255 - image, mask


class Upwards(Geometric):
    """A move from outside, joined with ours."""

    def draw(self, height: int, width: int, rng: np.random.Generator) -> Any:
        return lambda points: points + np.array([1.0, 0.0])[:, None, None]


def test_transformations_from_outside() -> None:
    image = an_image((6, 6))
    changed, _ = Compose([Upwards(), Flip(1), Invert()])(image, None, rng())
    assert np.array_equal(changed[:-1], 255 - image[1:, ::-1])


def test_transformations_print_and_compare() -> None:
    assert repr(Rotate(10)) == ("Rotate(border='reflect', fill=0.0, mask_fill=0.0, degrees=10)")
    assert Rotate(10) == Rotate(10) != Rotate(11)
    assert Compose([Flip()]) == Compose([Flip()])


def filled(**fills: float) -> Any:
    bytes_ = np.zeros((3, 3), np.uint8)
    return Zoom((0.3, 0.3), border="constant", **fills)(bytes_, bytes_, rng())


@names(
    ("make", "error", "says"),
    [
        (lambda: Rotate(-5), DataError, "degrees must be a number >= 0 or a pair"),
        (lambda: Rotate((5, 1)), DataError, "degrees"),
        (lambda: Rotate(float("nan")), DataError, "degrees"),
        (lambda: Rotate("x"), DataError, "degrees must be a number .* got 'x'"),  # type: ignore
        (lambda: Rotate((1, 2, 3)), DataError, "degrees must be"),  # type: ignore[arg-type]
        (lambda: Rotate(("a", "b")), DataError, "degrees must be"),  # type: ignore[arg-type]
        (lambda: Zoom(None), DataError, "factor must be"),  # type: ignore[arg-type]
        (lambda: Flip("x"), DataError, "horizontal is a probability"),  # type: ignore[arg-type]
        (lambda: Shear(95), DataError, "between -90 and 90"),
        (lambda: Zoom((0, 1)), DataError, "greater than 0"),
        (lambda: Zoom(-0.5), DataError, "factor"),
        (lambda: Flip(2), DataError, "horizontal is a probability"),
        (lambda: Sometimes(Flip(), -1), DataError, "is a probability"),
        (lambda: LocalWarp(5, 10), DataError, "folds over itself"),
        (lambda: LocalWarp(1, 0), DataError, "scale > 0"),
        (lambda: Flip(border="wrap"), DataError, '"reflect" or "constant"'),  # type: ignore[arg-type]
        (lambda: filled(fill=300), DataError, "fill=300 does not fit into uint8"),
        (lambda: filled(mask_fill=-1), DataError, "mask_fill=-1 does not fit into uint8"),
        (lambda: Noise(-1), DataError, "must not be less than 0"),
        (lambda: Crop(0), DataError, "at least one pixel"),
        (lambda: Compose([3]), DataError, "got 3"),  # type: ignore[list-item]
        (lambda: Crop(9)(np.zeros((8, 8)), None, rng()), ShapeError, "9x9 pixels is larger"),
        (lambda: Flip()(np.zeros(3), None, rng()), ShapeError, r"Flip needs an image \[H,W\]"),
        (lambda: Flip()(np.zeros((0, 3)), None, rng()), ShapeError, "Flip needs an image"),
        (lambda: Flip()(np.zeros((3, 3), bool), None, rng()), DtypeError, "image of numbers"),
        (
            lambda: Flip()(np.zeros((3, 3)), np.zeros((3, 4)), rng()),
            ShapeError,
            r"image \[3, 3\] and a mask \[3, 4\]",
        ),
        (
            lambda: Colour(hue=0.1)(np.zeros((3, 3)), None, rng()),
            ShapeError,
            "hue need an RGB image",
        ),
        (
            lambda: Colour(0.1)(np.full((3, 3), 7.0), None, rng()),
            DataError,
            "values from 7.0 to 7.0.*limits=",
        ),
        (lambda: Noise()(np.full((3, 3), np.nan), None, rng()), DataError, "values from nan"),
    ],
)
def test_what_is_wrong_is_said(make: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        make()


AMOUNTS = st.floats(0, 1)
BORDERS = st.sampled_from(["reflect", "constant"])
STEPS = st.one_of(
    st.builds(Flip, AMOUNTS, AMOUNTS),
    st.builds(QuarterTurn),
    st.builds(lambda a, border: Rotate(a * 360, border=border), AMOUNTS, BORDERS),
    st.builds(lambda a, b, border: Shear(a * 60, b * 60, border=border), AMOUNTS, AMOUNTS, BORDERS),
    st.builds(lambda a, b: Translate(a * 2, b * 2), AMOUNTS, AMOUNTS),
    st.builds(lambda a, border: Zoom(a * 5, border=border), AMOUNTS, BORDERS),
    st.builds(lambda a, b: LocalWarp(a * (b * 20 + 1) / 3, b * 20 + 1), AMOUNTS, AMOUNTS),
    st.builds(lambda a, b: Colour(a, b), AMOUNTS, AMOUNTS),
    st.builds(Noise, AMOUNTS),
)


@given(
    steps=st.lists(STEPS, max_size=5),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    channels=st.sampled_from([(), (1,), (3,), (5,)]),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_steps_for_any_image(
    steps: list[Any],
    height: int,
    width: int,
    channels: tuple[int, ...],
    dtype: str,
    seed: int,
) -> None:
    image, mask = an_image((height, width, *channels), dtype), an_image((height, width)) % 5
    changed, moved = Compose(steps)(image, mask, rng(seed))
    again, _ = Compose(steps)(image, None, rng(seed))
    assert changed.dtype == image.dtype
    assert changed.shape == image.shape
    assert changed.flags.c_contiguous
    assert changed.min() >= 0
    assert changed.max() <= (1 if dtype.startswith("f") else np.iinfo(dtype).max)
    assert moved is not None
    assert moved.dtype == mask.dtype
    assert moved.shape == mask.shape
    assert set(np.unique(moved)) <= {0, *np.unique(mask)}
    assert np.array_equal(changed, again)
