"""examples/unet.py --predict: images of every kind and size, and files that are none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

RNG = np.random.default_rng(0)


def blobs(height: int, width: int) -> np.ndarray:
    """Bright discs on dark ground, uint8."""
    i, j = np.mgrid[:height, :width]
    image = 20 + RNG.normal(0, 3, (height, width))
    for _ in range(12):
        y, x = RNG.integers(0, height), RNG.integers(0, width)
        image[(i - y) ** 2 + (j - x) ** 2 < 64] = 150
    return image.clip(0, 255).astype(np.uint8)


def pictures() -> dict[str, Image.Image]:
    grey = blobs(70, 100)
    colour = np.stack([grey, grey // 2, 255 - grey], -1)
    alpha = np.dstack([colour, np.full_like(grey, 7)])
    return {
        "grey.png": Image.fromarray(grey),
        "colour.jpg": Image.fromarray(colour),
        "alpha.png": Image.fromarray(alpha),
        "grey_alpha.png": Image.fromarray(np.dstack([grey, grey])),
        "palette.gif": Image.fromarray(colour).convert("P"),
        "deep.png": Image.fromarray(grey.astype(np.uint16) * 200),
        "float.tif": Image.fromarray(grey.astype(np.float32) / 1000),
        "wide.tif": Image.fromarray(grey.astype(np.int32) * 70000),
        "cmyk.jpg": Image.fromarray(alpha, "CMYK"),
        "bits.png": Image.fromarray(grey > 100),
        "dot.png": Image.fromarray(grey[:1, :1]),
        "line.png": Image.fromarray(grey[:1]),
        "flat.png": Image.fromarray(np.zeros_like(grey)),
        "large.png": Image.fromarray(blobs(300, 530)),
    }


def test_a_folder_of_every_kind(main: Any, trained: Path, tmp_path: Path) -> None:
    images = pictures()
    (tmp_path / "in").mkdir()
    for name, image in images.items():
        image.save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no image")
    weights = trained / "weights.safetensors"
    args = ("--predict", tmp_path / "in", "--weights", weights, "--out", tmp_path / "out")
    assert main(*args) == 0
    for name, image in images.items():
        with Image.open((tmp_path / "out" / name).with_suffix(".png")) as mask:
            assert mask.mode == "L"
            assert mask.size == image.size
            assert {*np.unique(np.asarray(mask))} <= {0, 255}
    assert len([*(tmp_path / "out").iterdir()]) == len(images)


def test_one_image_with_the_weights_of_the_folder(
    main: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(blobs(64, 64)).save(tmp_path / "cells.png")
    assert main("--predict", tmp_path / "cells.png", "--out", trained) == 0
    assert f"{trained / 'cells.png'}: " in capsys.readouterr().out
    (trained / "cells.png").unlink()


def test_tiles_join() -> None:
    """Each pixel is judged once, in a tile that sees at least the margin around it."""
    from _images import MARGIN, TILE, tile_starts

    for extent in (TILE, TILE + 1, 448, 449, 1000):
        owner = np.full(extent, -1)
        for start, top in tile_starts(extent):
            owner[start + top : start + TILE] = start
        at = np.arange(extent)
        assert owner.min() >= 0
        assert ((at - owner >= MARGIN) | (owner == 0)).all()
        assert ((owner + TILE - at > MARGIN) | (owner + TILE == extent)).all()


def test_a_net_that_sees_nothing_but_the_pixel_gives_the_pixel() -> None:
    from _images import votes
    from _prepare import prepared

    image = blobs(300, 400)
    found = votes(image, lambda x: x[..., 0])
    np.testing.assert_array_equal(found, prepared(image)[..., 0])


@pytest.mark.parametrize("scale", [1.0, 200.0, 1e-3])
def test_views_do_not_depend_on_range_nor_sign(scale: float) -> None:
    from _prepare import prepared

    image = blobs(80, 90).astype(np.float64)
    views = prepared(image)
    assert views.shape == (80, 90, 3)
    np.testing.assert_allclose(prepared(image * scale + 3), views, atol=0.02)
    np.testing.assert_allclose(prepared(-image), views, atol=0.02)


def test_two_images_of_one_name_keep_their_endings(
    main: Any, trained: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "a.bmp"):
        Image.fromarray(blobs(40, 40)).save(tmp_path / "in" / name)
    weights = trained / "weights.safetensors"
    out = tmp_path / "out"
    assert main("--predict", tmp_path / "in", "--weights", weights, "--out", out) == 0
    assert {p.name for p in out.iterdir()} == {"a.png.png", "a.bmp.png"}


def test_an_unreadable_image_is_named_and_the_others_done(
    main: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(blobs(40, 40)).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"this is no image")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "nan.tif").touch()
    Image.fromarray(np.full((9, 9), np.nan, np.float32)).save(tmp_path / "nan.tif")
    weights, out = trained / "weights.safetensors", tmp_path / "out"
    assert main("--predict", tmp_path, "--weights", weights, "--out", out) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].split("/")[-1] for line in said] == ["bad.png", "cut.png", "nan.tif"]
    assert "it is no image" in said[0]
    assert [p.name for p in out.iterdir()] == ["good.png"]


def test_masks_never_replace_images(
    main: Any, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "cells.png"
    Image.fromarray(blobs(40, 40)).save(image)
    before = image.read_bytes()
    weights = trained / "weights.safetensors"
    assert main("--predict", tmp_path, "--weights", weights, "--out", tmp_path) == 1
    assert "would replace an image: give another --out" in capsys.readouterr().err
    assert image.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "weights", "message"),
    [
        ("nothing.png", "TRAINED", "there is no file or folder"),
        (".", "TRAINED", "there are no images in"),
        ("cells.png", "nothing.safetensors", "cannot read .*No such file"),
        ("cells.png", "cells.png", "cut off, or no safetensors file"),
        ("cells.png", "other.safetensors", "was not written by examples/unet.py"),
    ],
)
def test_errors(
    main: Any,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str,
    weights: str,
    message: str,
) -> None:
    from tinygraph.weights import save_arrays

    (tmp_path / "empty").mkdir()
    Image.fromarray(blobs(40, 40)).save(tmp_path / "cells.png")
    save_arrays(tmp_path / "other.safetensors", {"a": np.ones(3)})
    image = tmp_path / "empty" if source == "." else tmp_path / source
    file = trained / "weights.safetensors" if weights == "TRAINED" else tmp_path / weights
    assert main("--predict", image, "--weights", file, "--out", tmp_path / "out") == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert re.search(message, said)
