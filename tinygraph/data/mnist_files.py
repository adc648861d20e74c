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
COUNTS = {"train": 60_000, "test": 10_000}
MNIST_MD5 = {
    "x_train": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "y_train": "d53e105ee54ea40749a09fcbcd1e9432",
    "x_test": "9fb629c4189551a2d022fa330f9573f3",
    "y_test": "ec29112dd5afa0611ce80d1b7f02629c",
}
FASHION_MD5 = {
    "x_train": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "y_train": "25c81989df183df01b3e8a0aad5dffbe",
    "x_test": "bef4ecab320f06d8554ea6380940ec79",
    "y_test": "bb300cfdad3c16e7a12a480ee83cd310",
}
"""MD5 digests of the gzipped files as published; there are none for unpacked ones."""


def mnist(path: str | Path | None = None, verify: bool = True) -> TrainTest:
    """60,000 handwritten digits to train and 10,000 to test.

    x uint8 [N,28,28] from 0 to 255, y uint8 [N] from 0 to 9.

    Nothing is downloaded. The four files train-images-idx3-ubyte, train-labels-idx1-ubyte,
    t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each with or without .gz, must lie in
    ~/.local/share/tinygraph/mnist (elsewhere where the system is not Linux: the error for missing
    files says where) or in the folder `path`. They are published at
    http://yann.lecun.com/exdb/mnist/ and https://ossci-datasets.s3.amazonaws.com/mnist/

    Gzipped files are compared with the published checksums, all with the published shapes;
    `verify=False` takes files of any shape, such as an excerpt. A `DataError` for missing, damaged
    or other files.

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
    if verify:
        for part, file in files.items():
            _check_digest(file, what, digests[part])
    arrays = {part: read_idx(file) for part, file in files.items()}
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        count = COUNTS[part] if verify else None
        _check(files[f"x_{part}"], what, x, 3, count)
        _check(files[f"y_{part}"], what, y, 1, count)
        if len(x) != len(y):
            raise DataError(f"{what}: {folder} has {len(x)} images but {len(y)} labels to {part}")
        if y.max() >= len(classes):
            raise DataError(
                f"{files[f'y_{part}']}: label {y.max()} does not lie between 0 and "
                f"{len(classes) - 1}"
            )
    return TrainTest(
        *(Examples(arrays[f"x_{part}"], arrays[f"y_{part}"], classes) for part in COUNTS)
    )


def _find(folder: Path, name: str) -> Path | None:
    """The file with or without .gz, also with the dot that unpackers make of the first dash."""
    dotted = name.replace("-idx", ".idx")
    for each in (name, dotted, f"{name}.gz", f"{dotted}.gz"):
        if (folder / each).is_file():
            return folder / each
    return None


def _check_digest(file: Path, what: str, published: str) -> None:
    if file.suffix != ".gz":
        return
    try:
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}") from None
    if digest != published:
        raise DataError(
            f"{file} is damaged or is not {what}: its MD5 is {digest}, the published one "
            f"{published}; get it again, or verify=False takes it as it is"
        )


def _check(file: Path, what: str, array: NDArray[Any], axes: int, count: int | None) -> None:
    """That the file holds what its name says."""
    fits = array.dtype == np.uint8 and array.ndim == axes and array.size > 0
    if count is not None:
        fits = fits and array.shape == (count, 28, 28)[:axes]
    if fits:
        return
    extents = ",".join(map(str, array.shape))
    wanted = {3: "N,H,W", 1: "N"}[axes]
    if count is not None:
        wanted = {3: f"{count},28,28", 1: f"{count}"}[axes]
    hint = "; verify=False takes an excerpt" if count is not None else ""
    raise DataError(
        f"{file} is not what its name says: {what} has uint8[{wanted}] there, it holds "
        f"{array.dtype}[{extents}]{hint}"
    )
