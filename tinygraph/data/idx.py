"""IDX files, in which MNIST and its relatives come: a header and numbers, plain or gzipped.

Two zero bytes, a code for the element type, the number of axes, the extents as big-endian 32-bit
integers, then the elements.
Source: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/ ("file formats").
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from tinygraph.errors import DataError

__all__ = ["read_idx"]

CODES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
PIECE = 1 << 24


def read_idx(path: str | Path) -> NDArray[Any]:
    """The array in an IDX file, gzipped or not, whatever it is called.

    A `DataError` where the file cannot be read, is no IDX file, is cut off or damaged, or goes on
    after its last element.
    """
    try:
        with open(path, "rb") as plain:
            zipped = plain.read(2) == GZIP
            plain.seek(0)
            if not zipped:
                return _read(plain, path)
            with gzip.open(plain) as file:
                return _read(cast(IO[bytes], file), path)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}") from None


def _read(file: IO[bytes], path: str | Path) -> NDArray[Any]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in CODES:
        raise DataError(f"{path} is no IDX file: it begins with {magic.hex(' ') or 'nothing'}")
    extents = file.read(4 * magic[3])
    if len(extents) < 4 * magic[3]:
        raise DataError(f"{path} is cut off in its header")
    shape = tuple(int(extent) for extent in np.frombuffer(extents, ">u4"))
    dtype = np.dtype(CODES[magic[2]])
    needed = math.prod(shape) * dtype.itemsize
    data = _at_most(file, needed + 1)
    if len(data) < needed:
        raise DataError(
            f"{path} is cut off: {list(shape)} needs {needed} bytes, it has {len(data)}"
        )
    if len(data) > needed:
        raise DataError(f"{path} is damaged: it goes on after its {needed} bytes of {list(shape)}")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _at_most(file: IO[bytes], count: int) -> bytes:
    """Up to so many bytes, piece by piece: a header that lies about the size costs nothing."""
    pieces, left = [], count
    while left and (piece := file.read(min(left, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
