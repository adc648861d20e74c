"""Files that cannot be read or written: said in a line, and what was there before survives."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg

UNET = Path(__file__).parents[2] / "examples" / "unet.py"
SMALL = ["--base", "1", "--crop", "16", "--batch", "1", "--steps", "2"]


def unet(*args: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Runs examples/unet.py; with `limit` no file can have more bytes, as on a full disk."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, str(UNET), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        preexec_fn=limited,
    )


def failed(done: subprocess.CompletedProcess[str], *says: str) -> None:
    """It ended with a message, no traceback, no crash."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    for text in says:
        assert text in done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of a net that has hardly learned anything."""
    folder = tmp_path_factory.mktemp("unet")
    done = unet(*SMALL, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> bytes:
    """The bytes of an image file."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "picture.png")
    return (tmp_path / "picture.png").read_bytes()


def test_unreadable_images_are_named_and_the_others_done(
    trained: Path, tmp_path: Path, picture: bytes
) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    (images / "good.png").write_bytes(picture)
    (images / "text.png").write_text("this is no image")
    (images / "empty.png").write_bytes(b"")
    (images / "half.png").write_bytes(picture[: len(picture) // 2])
    (images / "folder.png").mkdir()
    weights = trained / "weights.safetensors"
    done = unet("--predict", images, "--weights", weights, "--out", masks)
    failed(done, *(f"cannot read {images / name}" for name in ("text.png", "empty.png")))
    failed(done, *(f"cannot read {images / name}" for name in ("half.png", "folder.png")))
    assert [path.name for path in masks.iterdir()] == ["good.png"]


def test_a_missing_image_and_missing_weights(trained: Path, tmp_path: Path) -> None:
    weights = ["--weights", trained / "weights.safetensors"]
    missing = tmp_path / "none.png"
    failed(unet("--predict", missing, *weights, "--out", tmp_path), "no file or folder", "none.png")
    failed(unet("--predict", missing, "--out", tmp_path), "cannot read", "weights.safetensors")


def test_weights_that_are_no_weights(tmp_path: Path, picture: bytes) -> None:
    image = tmp_path / "picture.png"
    for content in (b"", b"abc", picture, b"\x10" + bytes(7) + b'{"a": [1, 2, 3]}'):
        (tmp_path / "odd").write_bytes(content)
        failed(unet("--predict", image, "--weights", tmp_path / "odd", "--out", tmp_path), "odd")


def test_a_loss_that_is_no_number_ends_the_training(trained: Path, tmp_path: Path) -> None:
    before = unet("--steps", 3, *SMALL[:-2], "--rate", "1e30", "--out", tmp_path)
    failed(before, "error: the loss of step 2 is nan", "--rate")


def test_a_full_disk_during_training_loses_nothing_saved(trained: Path) -> None:
    names = ["weights.safetensors", "checkpoint.safetensors", "picture.png"]
    before = {name: (trained / name).read_bytes() for name in names}
    done = unet(*SMALL, "--seed", 1, "--out", trained, limit=2000)
    failed(done, "error: cannot write", "checkpoint.safetensors")
    os.replace(trained / "earlier-checkpoint.safetensors", trained / "checkpoint.safetensors")
    assert {name: (trained / name).read_bytes() for name in names} == before
    assert not list(trained.glob("*.part"))
    assert not list(trained.glob(".*.part"))


def net() -> tg.nn.Model:
    x = tg.nn.Input((3,))
    return tg.nn.Model(x, tg.nn.Dense(40)(x))


SAVE = """
import resource, sys
import tinygraph as tg
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
x = tg.nn.Input((3,))
try:
    tg.nn.Model(x, tg.nn.Dense(40)(x)).save_weights(sys.argv[1])
except tg.DataError as error:
    print(error)
"""


def test_weights_survive_a_disk_that_is_full(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    net().save_weights(path)
    before = path.read_bytes()
    command = [sys.executable, "-c", SAVE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith(f"cannot write {path}: "), done.stderr
    assert "the file there is as it was" in done.stdout
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("what", ["weights", "a drawing"])
def test_a_disk_that_says_so_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = tmp_path / ("net.safetensors" if what == "weights" else "net.svg")

    def save() -> None:
        if what == "weights":
            net().save_weights(path)
        else:
            tg.draw(tg.tensor(1.0) + 2).save(path)

    save()
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(tg.DataError, match=r"cannot write .*: No space left.*as it was"):
        save()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_no_error_for_the_cache(tmp_path: Path) -> None:
    code = (
        "import resource, tinygraph as tg\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "print(tg.jit(lambda x: tg.exp(x) * 2)(tg.zeros((3,))).tolist())"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.stdout == "[2.0, 2.0, 2.0]\n", done.stderr
    assert not list((tmp_path / "tinygraph").glob("*"))
