"""MNIST and Fashion-MNIST, from the four files that the user has."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygraph.data.examples import Examples, TrainTest
from tinygraph.data.idx import read_idx
from tinygraph.data.places import missing, place_of
from tinygraph.data.shipped import FASHION_CLASSES
from tinygraph.errors import DataError

__all__ = ["fashion_mnist", "mnist"]

FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
COUNTS = {"x_train": 60_000, "y_train": 60_000, "x_test": 10_000, "y_test": 10_000}
MNIST_MD5 = {
    "x_train": "6bbc9ace898e44ae57da46a324031adb",
    "y_train": "a25bea736e30d166cdddb491f175f624",
    "x_test": "2646ac647ad5339dbf082846283269ea",
    "y_test": "27ae3e4e09519cfbb04c329615203637",
}
FASHION_MD5 = {
    "x_train": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
    "y_train": "9018921c3c673c538a1fc5bad174d6f9",
    "x_test": "8181f5470baa50b63fa0f6fddb340f0a",
    "y_test": "15d484375f8d13e6eb1aabb0c3f46965",
}
"""MD5 digests of the published files, unpacked: how a copy was packed does not matter."""


def mnist(path: str | Path | None = None, verify: bool = True) -> TrainTest:
    """60,000 handwritten digits to train and 10,000 to test.

    x uint8 [N,28,28] from 0 to 255, y uint8 [N] from 0 to 9.

    Nothing is downloaded. The four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
    t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each with or without .gz, must lie in
    ~/.local/share/tinygraph/mnist (elsewhere where the system is not Linux: the error for missing
    files says where) or in the folder `path`. They are published at
    http://yann.lecun.com/exdb/mnist/ and https://ossci-datasets.s3.amazonaws.com/mnist/

    What is in the files is compared with the published checksums; `verify=False` takes any of the
    same form, such as an excerpt. A `DataError` for missing, damaged or other files.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
    recognition" (1998).
    """
    get = (
        "get the four files, with or without .gz, from http://yann.lecun.com/exdb/mnist/ or "
        "https://ossci-datasets.s3.amazonaws.com/mnist/"
    )
    return _read("MNIST", "mnist", path, get, verify, MNIST_MD5, tuple("0123456789"))


def fashion_mnist(path: str | Path | None = None, verify: bool = True) -> TrainTest:
    """60,000 pictures of clothes to train and 10,000 to test, in the form of `mnist`.

    The four files have the names of MNIST's and must lie in ~/.local/share/tinygraph/fashion_mnist
    or in the folder `path`. They are published at
    https://github.com/zalandoresearch/fashion-mnist (licence: MIT). `tg.data.fashion_mini()` is an
    excerpt that comes with tinygraph.

    Source: Xiao, Rasul and Vollgraf, arXiv:1708.07747 (2017); Zalando SE.
    """
    get = (
        "get the four files, with or without .gz, from "
        "https://github.com/zalandoresearch/fashion-mnist"
    )
    return _read("Fashion-MNIST", "fashion_mnist", path, get, verify, FASHION_MD5, FASHION_CLASSES)


def _read(
    what: str,
    name: str,
    path: str | Path | None,
    get: str,
    verify: bool,
    digests: dict[str, str],
    classes: tuple[str, ...],
) -> TrainTest:
    folder = place_of(name, path)
    found = {part: _find(folder, file) for part, file in FILES.items()}
    lacks = [FILES[part] for part, file in found.items() if file is None]
    if lacks:
        raise missing(what, folder, lacks, get, path is not None)
    files = {part: file for part, file in found.items() if file is not None}
    arrays = {part: read_idx(file) for part, file in files.items()}
    for part, file in files.items():
        _check_form(file, what, arrays[part], COUNTS[part] if verify else None)
        if verify:
            _check_digest(file, what, arrays[part], digests[part])
    parts = {
        part: Examples(arrays[f"x_{part}"], arrays[f"y_{part}"], classes)
        for part in ("train", "test")
    }
    for part, (x, y) in parts.items():
        if len(x) != len(y):
            raise DataError(f"{what}: {folder} has {len(x)} images but {len(y)} labels to {part}")
        if y.max() >= len(classes):
            raise DataError(
                f"{files[f'y_{part}']}: label {y.max()} does not lie between 0 and "
                f"{len(classes) - 1}"
            )
    return TrainTest(**parts)


def _find(folder: Path, name: str) -> Path | None:
    """The file with or without .gz, also with the dot that unpackers make of the first dash."""
    dotted = name.replace("-idx", ".idx")
    for each in (name, dotted, f"{name}.gz", f"{dotted}.gz"):
        if (folder / each).is_file():
            return folder / each
    return None


def _check_form(file: Path, what: str, array: NDArray[Any], count: int | None) -> None:
    """That the file holds images or labels, whichever its name says."""
    shape = ("N", "H", "W") if count is None else (count, 28, 28)
    wanted = shape[: 3 if "idx3" in file.name else 1]
    fits = array.shape == wanted if count is not None else array.ndim == len(wanted)
    if fits and array.dtype == np.uint8 and array.size:
        return
    says, has = (",".join(map(str, each)) for each in (wanted, array.shape))
    hint = "" if count is None else "; verify=False takes an excerpt"
    raise DataError(
        f"{file} is not what its name says: {what} has uint8[{says}] there, it holds "
        f"{array.dtype}[{has}]{hint}"
    )


def _check_digest(file: Path, what: str, array: NDArray[np.uint8], published: str) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    digest = hashlib.md5(header, usedforsecurity=False)
    digest.update(array.data)
    if digest.hexdigest() != published:
        raise DataError(
            f"{file} is damaged or is not {what}: unpacked, its MD5 is {digest.hexdigest()}, the "
            f"published one {published}; get it again, or verify=False takes it as it is"
        )
