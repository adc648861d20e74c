"""Data sets from files that users have: IDX, image folders, pets; and what is wrong with them."""

from __future__ import annotations

import builtins
import gzip
import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tinygraph as tg
from tinygraph.data import mnist_files
from tinygraph.data.mnist_files import FILES
from tinygraph.errors import DataError, TinygraphError
from tinygraph.nn import datasets

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    code = CODES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@given(
    dtype=st.sampled_from(sorted(CODES)),
    shape=st.lists(st.integers(0, 5), min_size=0, max_size=4),
    zipped=st.booleans(),
)
def test_read_idx(
    dtype: str, shape: list[int], zipped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    array = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    path = tmp_path_factory.mktemp("idx") / "some"
    path.write_bytes(gzip.compress(idx_bytes(array)) if zipped else idx_bytes(array))
    found = tg.data.read_idx(path)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


SOUND = idx_bytes(np.arange(24, dtype=np.uint8).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "begins with nothing"),
        (b"\0\0", "no IDX file: it begins with 00 00"),
        (b"\x89PNG\r\n", "no IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x07\x01\0\0\0\0", "no IDX file"),
        (SOUND[:10], "cut off in its header"),
        (SOUND[:-1], r"cut off: \[2, 3, 4\] needs 24 bytes, it has 23"),
        (SOUND + b"\0", "goes on after its 24 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12 + b"\0", "cut off"),
        (gzip.compress(SOUND)[:-9], "cannot read"),
        (gzip.compress(SOUND)[:-8] + b"\0" * 8, "cannot read .*CRC"),
        (gzip.compress(SOUND[:-1]), "cut off"),
        (b"\x1f\x8b\x08\0 and so on", "cannot read"),
    ],
)
def test_damaged_idx_files(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(data)
    with pytest.raises(DataError, match=says) as caught:
        tg.data.read_idx(path)
    assert str(path) in str(caught.value)


@given(cut=st.integers(0, 200), flip=st.integers(0, 200))
def test_no_damaged_gzip_is_taken_for_whole(
    cut: int, flip: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Cut off anywhere, or with a byte changed: an error, or, where only the name or the time in
    the gzip header changed, the array itself."""
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (5, 6), dtype=np.uint8)
    whole = gzip.compress(idx_bytes(array), mtime=0)
    path = tmp_path_factory.mktemp("idx") / "some.gz"
    path.write_bytes(whole[: cut % len(whole)])
    with pytest.raises(DataError):
        tg.data.read_idx(path)
    changed = bytearray(whole)
    changed[flip % len(whole)] ^= 0x41
    path.write_bytes(changed)
    try:
        found = tg.data.read_idx(path)
    except DataError:
        return
    assert np.array_equal(found, array)


def test_idx_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        tg.data.read_idx(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        tg.data.read_idx(tmp_path)


# MNIST.


@pytest.fixture
def mnist_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "x_train": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "y_train": rng.integers(0, 10, 20).astype(np.uint8),
        "x_test": rng.integers(0, 256, (5, 28, 28), dtype=np.uint8),
        "y_test": rng.integers(0, 10, 5).astype(np.uint8),
    }


def write_mnist(folder: Path, arrays: dict[str, np.ndarray], form: str = "plain") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, array in arrays.items():
        name, data = FILES[part], idx_bytes(array)
        if form == "dotted":
            name = name.replace("-idx", ".idx")
        if form == "gz":
            name, data = f"{name}.gz", gzip.compress(data, 1)
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("form", ["plain", "dotted", "gz"])
@pytest.mark.parametrize("read", [tg.data.mnist, tg.data.fashion_mnist])
def test_mnist_excerpt(
    tmp_path: Path, mnist_arrays: dict[str, np.ndarray], form: str, read: Any
) -> None:
    write_mnist(tmp_path, mnist_arrays, form)
    (x_train, y_train), (x_test, y_test) = read(tmp_path, verify=False)
    for found, part in zip((x_train, y_train, x_test, y_test), mnist_arrays):
        assert found.dtype == np.uint8
        assert np.array_equal(found, mnist_arrays[part])


def test_keras_door_to_mnist(tmp_path: Path, mnist_arrays: dict[str, np.ndarray]) -> None:
    write_mnist(tmp_path, mnist_arrays)
    for door in (datasets.mnist, datasets.fashion_mnist):
        (x_train, _), (_, y_test) = door.load_data(tmp_path, verify=False)
        assert np.array_equal(x_train, mnist_arrays["x_train"])
        assert np.array_equal(y_test, mnist_arrays["y_test"])


def test_where_mnist_lies(
    tmp_path: Path, mnist_arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    folder = tmp_path / "tinygraph" / "mnist"
    with pytest.raises(DataError) as caught:
        tg.data.mnist()
    for needed in (str(folder), *FILES.values(), "http://yann.lecun.com/exdb/mnist/", "path="):
        assert needed in str(caught.value)
    assert not folder.exists()
    write_mnist(folder, mnist_arrays)
    assert len(tg.data.mnist(verify=False).train) == 20
    (folder / FILES["y_test"]).unlink()
    with pytest.raises(DataError, match=r": t10k-labels-idx1-ubyte is missing"):
        tg.data.mnist(verify=False)


def test_fashion_mnist_says_where_it_is_published(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"github\.com/zalandoresearch/fashion-mnist"):
        tg.data.fashion_mnist(tmp_path)


@pytest.mark.parametrize("form", ["plain", "gz"])
def test_mnist_is_compared_with_the_published_checksums(
    tmp_path: Path,
    mnist_arrays: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    """As if MNIST were small: first with the true checksums, then with those of these files, of
    which one then changes by a bit."""
    sizes = {part: len(array) for part, array in mnist_arrays.items()}
    monkeypatch.setattr(mnist_files, "COUNTS", sizes)
    write_mnist(tmp_path, mnist_arrays, form)
    for read, published in (
        (tg.data.mnist, "6bbc9ace898e44ae57da46a324031adb"),
        (tg.data.fashion_mnist, "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
    ):
        with pytest.raises(DataError, match=f"train-images.*the published one {published}"):
            read(tmp_path)
    digests = {p: hashlib.md5(idx_bytes(array)).hexdigest() for p, array in mnist_arrays.items()}
    monkeypatch.setattr(mnist_files, "MNIST_MD5", digests)
    assert len(tg.data.mnist(tmp_path).train) == 20
    changed = mnist_arrays["y_test"] ^ np.array([0, 0, 1, 0, 0], np.uint8)
    write_mnist(tmp_path, {"y_test": changed}, form)
    with pytest.raises(DataError, match=r"t10k-labels.* is damaged or is not MNIST"):
        tg.data.mnist(tmp_path)
    assert np.array_equal(tg.data.mnist(tmp_path, verify=False).test.y, changed)


def test_mnist_of_another_shape(tmp_path: Path, mnist_arrays: dict[str, np.ndarray]) -> None:
    write_mnist(tmp_path, mnist_arrays)
    with pytest.raises(DataError, match=r"uint8\[60000,28,28\] there, it holds uint8\[20,28,28\]"):
        tg.data.mnist(tmp_path)


@pytest.mark.parametrize(
    ("part", "array", "says"),
    [
        ("y_train", np.zeros(19, np.uint8), "20 images but 19 labels to train"),
        ("y_test", np.full(5, 10, np.uint8), "label 10 does not lie between 0 and 9"),
        ("x_test", np.zeros(5, np.uint8), r"uint8\[N,H,W\] there, it holds uint8\[5\]"),
        ("y_test", np.zeros(5, np.int32), r"uint8\[N\] there, it holds int32\[5\]"),
        ("x_train", np.zeros((0, 28, 28), np.uint8), r"it holds uint8\[0,28,28\]"),
    ],
)
def test_mnist_files_that_do_not_fit(
    tmp_path: Path, mnist_arrays: dict[str, np.ndarray], part: str, array: np.ndarray, says: str
) -> None:
    write_mnist(tmp_path, {**mnist_arrays, part: array})
    with pytest.raises(DataError, match=says):
        tg.data.mnist(tmp_path, verify=False)


# Image folders.


def save(path: Path, array: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_class_a_sub_folder(tmp_path: Path, rng: np.random.Generator) -> None:
    pictures = rng.integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)
    for k, name in enumerate(["dog/b.png", "cat/z.PNG", "dog/a.bmp", "cat/y.tif"]):
        save(tmp_path / name, pictures[k])
    (tmp_path / "cat" / ".hidden.png").write_text("nothing")
    (tmp_path / "cat" / "notes.txt").write_text("nothing")
    (tmp_path / ".git").mkdir()
    data = tg.data.image_folder(tmp_path)
    assert data.classes == ("cat", "dog")
    assert data.y.tolist() == [0, 0, 1, 1]
    assert data.y.dtype == np.int32
    assert np.array_equal(data.x, pictures[[3, 1, 2, 0]])
    grey = tg.data.image_folder(tmp_path, channels=1)
    assert grey.x.shape == (4, 6, 5, 1)
    luma = pictures[3] @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey.x[0, ..., 0] - luma).max() <= 1


def test_images_beside_their_masks(tmp_path: Path, rng: np.random.Generator) -> None:
    pictures = rng.integers(0, 256, (3, 8, 8), dtype=np.uint8)
    masks = rng.integers(0, 2, (3, 8, 8), dtype=np.uint8)
    for k in range(3):
        save(tmp_path / "images" / f"{k}.png", pictures[k])
        save(tmp_path / "masks" / f"{k}.bmp", masks[k] * 255)
    data = tg.data.image_folder(tmp_path, channels=1)
    assert np.array_equal(data.x[..., 0], pictures)
    assert np.array_equal(data.y, masks)
    named = tg.data.image_folder(tmp_path, channels=1, images="images", masks="masks")
    assert np.array_equal(named.y, masks)


def test_masks_keep_their_labels(tmp_path: Path, rng: np.random.Generator) -> None:
    labels = rng.integers(0, 5, (8, 8), dtype=np.uint8)
    for name in ("grey", "palette"):
        save(tmp_path / "photos" / f"{name}.png", labels)
    save(tmp_path / "labels" / "grey.png", labels)
    palette = Image.fromarray(labels)
    palette.putpalette([7, 7, 7] * 256)
    palette.save(tmp_path / "labels" / "palette.png")
    data = tg.data.image_folder(tmp_path, images="photos", masks="labels")
    assert np.array_equal(data.y, [labels, labels])


def test_size(tmp_path: Path) -> None:
    image = np.kron(np.array([[0, 200], [100, 50]], np.uint8), np.ones((8, 8), np.uint8))
    save(tmp_path / "images" / "a.png", image)
    save(tmp_path / "images" / "b.png", image[:, :12])
    save(tmp_path / "masks" / "a.png", image)
    save(tmp_path / "masks" / "b.png", image[:, :12])
    data = tg.data.image_folder(tmp_path, size=(8, 4), channels=1)
    assert data.x.shape == (2, 8, 4, 1)
    assert data.y.shape == (2, 8, 4)
    assert set(np.unique(data.y)) == {0, 50, 100, 200}  # no mixtures of labels
    assert data.x[0, 0, 0] == 0
    assert data.x[0, 7, 3] == 50
    assert tg.data.image_folder(tmp_path, size=6).x.shape == (2, 6, 6, 3)
    with pytest.raises(DataError, match=r"a.png is 16x16, .*b.png is 16x12; size="):
        tg.data.image_folder(tmp_path)
    with pytest.raises(DataError, match="at least one pixel"):
        tg.data.image_folder(tmp_path, size=0)


def test_modes(tmp_path: Path) -> None:
    """16 bits, palette, alpha, black-and-white, CMYK: all become RGB."""
    value = np.full((4, 4), 130, np.uint8)
    rgb = np.stack([value, value // 2, value // 3], -1)
    save(tmp_path / "a" / "16.png", value.astype(np.uint16) * 257)
    save(tmp_path / "b" / "alpha.png", rgb, "RGBA")
    save(tmp_path / "c" / "bits.png", (value > 0).astype(np.uint8) * 255, "1")
    save(tmp_path / "d" / "cmyk.tif", rgb, "CMYK")
    save(tmp_path / "e" / "palette.gif", value)
    data = tg.data.image_folder(tmp_path)
    assert (data.x[0] == 130).all()
    assert np.array_equal(data.x[1], rgb)
    assert (data.x[2] == 255).all()
    assert np.abs(data.x[3].astype(int) - rgb).max() <= 2
    assert (data.x[4] == 130).all()


def test_cameras_that_lay_on_their_side(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 255, 255]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is on the right: turn by 270 degrees
    (tmp_path / "a").mkdir()
    image.save(tmp_path / "a" / "a.png", exif=exif)
    assert tg.data.image_folder(tmp_path, channels=1).x[0, :, :, 0].tolist() == [[0], [255], [255]]


def png(array: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(array).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.png", b"", "it is no image"),
        ("a.png", b"hello", "it is no image"),
        ("a.png", png(np.arange(200, dtype=np.uint8).reshape(10, 20))[:-40], "cannot read"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "cannot read"),
    ],
)
def test_damaged_images(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / "class").mkdir()
    path = tmp_path / "class" / name
    path.write_bytes(data)
    with pytest.raises(DataError, match=says) as caught:
        tg.data.image_folder(tmp_path)
    assert str(path) in str(caught.value)


def test_images_that_have_no_known_range(tmp_path: Path) -> None:
    save(tmp_path / "class" / "a.tif", np.zeros((3, 3), np.float32))
    with pytest.raises(DataError, match="its pixels are floats"):
        tg.data.image_folder(tmp_path)


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    picture = np.zeros((4, 4), np.uint8)
    with pytest.raises(DataError, match="there is no folder"):
        tg.data.image_folder(tmp_path / "none")
    with pytest.raises(DataError, match="no sub-folders"):
        tg.data.image_folder(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match=r"there are no images in .*images"):
        tg.data.image_folder(tmp_path)
    with pytest.raises(DataError, match=r"there is no folder .*labels"):
        tg.data.image_folder(tmp_path, masks="labels")
    save(tmp_path / "images" / "a.png", picture)
    save(tmp_path / "images" / "b.png", picture)
    save(tmp_path / "masks" / "a.png", picture)
    with pytest.raises(DataError, match=r"no mask for b.png"):
        tg.data.image_folder(tmp_path)
    save(tmp_path / "masks" / "b.png", picture[:3])
    with pytest.raises(DataError, match=r"b.png is 3x4, but its image .*b.png 4x4"):
        tg.data.image_folder(tmp_path)
    save(tmp_path / "masks" / "b.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DataError, match="one number a pixel, this image is RGB"):
        tg.data.image_folder(tmp_path)
    save(tmp_path / "masks" / "b.png", np.full((4, 4), 300, np.uint16))
    with pytest.raises(DataError, match="labels go to 300"):
        tg.data.image_folder(tmp_path)
    with pytest.raises(DataError, match="channels must be 1"):
        tg.data.image_folder(tmp_path, channels=2)  # type: ignore[arg-type]


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TinygraphError, match=r'pip install "tinygraph\[examples\]"'):
        tg.data.image_folder(tmp_path)


# Oxford pets.


@pytest.fixture
def pets(tmp_path: Path, rng: np.random.Generator) -> Path:
    for k, name in enumerate(["Abyssinian_1", "Abyssinian_2", "beagle_1", "pug_7"]):
        save(tmp_path / "images" / f"{name}.jpg", rng.integers(0, 256, (20 + k, 30, 3), np.uint8))
        trimap = rng.integers(1, 4, (20 + k, 30), np.uint8)
        save(tmp_path / "annotations" / "trimaps" / f"{name}.png", trimap)
    # what the archives hold besides
    (tmp_path / "images" / "Abyssinian_101.mat").write_bytes(b"")
    (tmp_path / "annotations" / "trimaps" / "._Abyssinian_1.png").write_bytes(b"")
    return tmp_path


def test_pets(pets: Path) -> None:
    data = tg.data.oxford_pets(pets, size=16, verify=False)
    assert data.x.shape == (4, 16, 16, 3)
    assert data.y.shape == (4, 16, 16)
    assert data.y.dtype == np.uint8
    assert set(np.unique(data.y)) == {0, 1, 2}
    assert data.classes == ("pet", "background", "outline")


def test_pets_limit_is_drawn_by_chance(pets: Path) -> None:
    def some(seed: int) -> bytes:
        return tg.data.oxford_pets(pets, size=8, limit=2, seed=seed, verify=False).x.tobytes()

    assert some(0) == some(0)
    assert len({some(seed) for seed in range(8)}) > 1
    with pytest.raises(DataError, match="limit must be from 1 to 4"):
        tg.data.oxford_pets(pets, limit=5, verify=False)


def test_pets_that_are_not_there(tmp_path: Path, pets: Path) -> None:
    with pytest.raises(DataError) as caught:
        tg.data.oxford_pets(tmp_path / "elsewhere")
    for needed in (
        str(tmp_path / "elsewhere"),
        "images/, annotations/trimaps/ are missing",
        "https://www.robots.ox.ac.uk/~vgg/data/pets/",
        "5c4f3ee8e5d25df40f4fd59a7f44e54c",
    ):
        assert needed in str(caught.value)
    with pytest.raises(DataError, match="has 7390 images with a trimap, there are 4"):
        tg.data.oxford_pets(pets)
    save(pets / "annotations" / "trimaps" / "pug_7.png", np.zeros((23, 30), np.uint8))
    with pytest.raises(DataError, match="holds 0 to 3, but it should be 1 to 3"):
        tg.data.oxford_pets(pets, size=8, verify=False)
