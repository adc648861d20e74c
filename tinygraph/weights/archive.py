"""Arrays in files: safetensors, with a JSON text beside them in the same file. No pickle.

A safetensors file is 8 bytes (the length of the header), a JSON header (name, dtype, shape and
place of each array; free text under `__metadata__`), and the arrays' bytes.
Source: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.weights.files import written_whole

FOREIGN = {b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes", b"PK\x03\x04": "a zip archive"}
"""What files of other kinds begin with: Keras's .h5, and its .keras, PyTorch's .pt or an npz."""
FOREIGN_SUFFIXES = (".h5", ".hdf5", ".keras")

DTYPES = {
    "F32": "float32",
    "F64": "float64",
    "I32": "int32",
    "U32": "uint32",
    "BOOL": "bool",
    "I64": "int64",
    "U64": "uint64",
    "I16": "int16",
    "U16": "uint16",
    "I8": "int8",
    "U8": "uint8",
    "F16": "float16",
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
HALF = "BF16"
"""The upper half of a float32, which NumPy does not have: read as float32."""
NOTES, DIGEST = "tinygraph", "tinygraph_digest"
"""The keys under `__metadata__` that hold our JSON, and the digest of it and of all arrays."""


@dataclass(frozen=True)
class Archive:
    """What a file holds: arrays by name, and notes (anything that JSON can say)."""

    arrays: dict[str, np.ndarray]
    notes: Any = None


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], notes: Any = None) -> None:
    """Writes arrays and notes. The file is there whole or not at all.

    A `DataError` where it cannot be written, on a full disk for example; a file that was there
    stays as it was; and where the path has a suffix that says HDF5 or Keras, which it would not be.
    """
    require_our_suffix(path)
    entries: dict[str, Any] = {}
    parts: list[np.ndarray] = []
    start = 0
    for name, array in arrays.items():
        plain = np.asarray(array, order="C")
        if str(plain.dtype) not in CODES:
            raise DataError(f"{path}: no code for {name}, which is {plain.dtype}")
        if name == "__metadata__":
            raise DataError(f"{path}: an array cannot be called {name}")
        entries[name] = {
            "dtype": CODES[str(plain.dtype)],
            "shape": list(plain.shape),
            "data_offsets": [start, start + plain.nbytes],
        }
        start += plain.nbytes
        little = plain.astype(plain.dtype.newbyteorder("<"), copy=False)
        parts.append(little.reshape(-1).view(np.uint8))
    text = json.dumps(notes, default=_plain)
    said = {NOTES: text, DIGEST: _digest(text, entries, parts)}
    header = json.dumps({"__metadata__": said, **entries}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the arrays begin at a multiple of 8
    with written_whole(path) as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for part in parts:
            file.write(part.data)


def require_our_suffix(path: str | Path) -> None:
    """A `DataError` for a path that says the file is Keras's, which it would not be."""
    suffix = Path(path).suffix
    if suffix.lower() in FOREIGN_SUFFIXES:
        raise DataError(
            f"{path}: {suffix} stands for a format of Keras's, which tinygraph does not write; "
            f"it writes safetensors, as in {Path(path).with_suffix('.safetensors')}"
        )


def _plain(value: Any) -> Any:
    """NumPy's numbers among the notes as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise DataError(f"notes hold what JSON can say, got {value!r}")


def load_arrays(path: str | Path) -> Archive:
    """Reads what `save_arrays`, or another writer of safetensors, wrote.

    A `DataError` says what is wrong with the file. What we wrote carries a digest, so that no
    changed bit goes unnoticed.
    """
    try:
        data = memoryview(Path(path).read_bytes())
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    for start, kind in FOREIGN.items():
        if data[: len(start)] == start:
            raise DataError(
                f"{path} is {kind}, no safetensors file. Weights of a net in Keras come over as an "
                "npz: there np.savez('net.npz', *net.get_weights()), here "
                "tg.weights.from_keras(model, 'net.npz'); for PyTorch's see tg.weights.from_pytorch"
            )
    entries, body = _header(path, data)
    said = entries.pop("__metadata__", None) or {}
    arrays = {name: _array(path, name, entry, body) for name, entry in entries.items()}
    if not isinstance(said, dict):
        raise DataError(f"{path}: its notes are damaged")
    if NOTES not in said and DIGEST not in said:
        return Archive(arrays)  # somebody else's
    text, digest = said.get(NOTES), said.get(DIGEST)
    unsigned = said.keys() == {NOTES}  # the first files had no digest
    if not isinstance(text, str) or not (unsigned or digest == _digest(text, entries, [body])):
        raise DataError(f"{path} is damaged: it is not what was written, by its digest")
    try:
        return Archive(arrays, json.loads(text))
    except (ValueError, RecursionError):
        raise DataError(f"{path}: its notes are damaged") from None


def _digest(notes: str, entries: Mapping[str, Any], parts: list[Any]) -> str:
    """Of everything a file says, however its JSON is spaced."""
    digest = hashlib.blake2b(digest_size=16)
    said = json.dumps([notes, entries], sort_keys=True).encode()
    digest.update(struct.pack("<Q", len(said)) + said)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _header(path: str | Path, data: memoryview) -> tuple[dict[str, Any], memoryview]:
    if len(data) < 8:
        raise DataError(f"{path} is no safetensors file: it has {len(data)} bytes")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise DataError(f"{path} is cut off, or no safetensors file")
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise DataError(f"{path} is no safetensors file: its header is damaged")
    return header, data[8 + length :]


def _array(path: str | Path, name: str, entry: Any, body: memoryview) -> np.ndarray:
    try:
        code, shape = entry["dtype"], tuple(entry["shape"])
        start, end = entry["data_offsets"]
        dtype = np.dtype("uint16" if code == HALF else DTYPES[code]).newbyteorder("<")
        whole = all(type(n) is int and n >= 0 for n in (*shape, start, end))
        sound = whole and end - start == math.prod(shape) * dtype.itemsize
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path}: what it says of {name} makes no array") from None
    if not (sound and start <= end <= len(body)):
        raise DataError(f"{path} is cut off or damaged at {name}")
    try:
        if code == "BOOL":
            return np.frombuffer(body[start:end], np.uint8).reshape(shape) != 0
        plain = np.frombuffer(body[start:end], dtype).reshape(shape)
    except (ValueError, OverflowError):  # more axes, or longer ones, than NumPy has
        raise DataError(f"{path}: what it says of {name} makes no array") from None
    if code == HALF:
        return (plain.astype(np.uint32) << 16).view(np.float32)
    return plain.astype(dtype.newbyteorder("="))
