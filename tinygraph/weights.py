"""Arrays in files: safetensors, with a JSON text beside them in the same file. No pickle.

A safetensors file is 8 bytes (the length of the header), a JSON header (name, dtype, shape and
place of each array; free text under `__metadata__`), and the arrays' bytes.
Source: https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.tensor import Parameter, Tensor, assign

DTYPES = {
    "F32": "float32",
    "F64": "float64",
    "I32": "int32",
    "U32": "uint32",
    "BOOL": "bool",
    "I64": "int64",
    "U8": "uint8",
    "F16": "float16",
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
NOTES = "tinygraph"
"""The key under `__metadata__` that holds our JSON."""


@dataclass(frozen=True)
class Archive:
    """What a file holds: arrays by name, and notes (anything that JSON can say)."""

    arrays: dict[str, np.ndarray]
    notes: Any = None


def save_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], notes: Any = None) -> None:
    """Writes arrays and notes. The file is there whole or not at all.

    A `DataError` where it cannot be written, on a full disk for example; a file that was there
    stays as it was.
    """
    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header: dict[str, Any] = {} if notes is None else {"__metadata__": {NOTES: json.dumps(notes)}}
    start = 0
    for name, array in plain.items():
        if str(array.dtype) not in CODES:
            raise DataError(f"{path}: no code for {name}, which is {array.dtype}")
        header[name] = {
            "dtype": CODES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [start, start + array.nbytes],
        }
        start += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the arrays begin at a multiple of 8
    with written_whole(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in plain.values():
            file.write(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def load_arrays(path: str | Path) -> Archive:
    """Reads what `save_arrays`, or another writer of safetensors, wrote.

    A `DataError` says what is wrong with the file.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    header, body = _header(path, data)
    notes = header.pop("__metadata__", None) or {}
    arrays = {name: _array(path, name, entry, body) for name, entry in header.items()}
    try:
        return Archive(arrays, json.loads(notes[NOTES]) if NOTES in notes else None)
    except (ValueError, TypeError):
        raise DataError(f"{path}: its notes are damaged") from None


def save_parameters(
    path: str | Path, parameters: Mapping[str, Parameter], notes: Any = None
) -> None:
    """Writes the values of parameters."""
    save_arrays(path, {name: p.numpy() for name, p in parameters.items()}, notes)


def load_parameters(path: str | Path, parameters: Mapping[str, Parameter]) -> Any:
    """Gives parameters the values in a file, all of them or, with a `DataError`, none.

    Returns the notes.
    """
    archive = load_arrays(path)
    assign_arrays(parameters, archive.arrays, str(path))
    return archive.notes


def assign_arrays(
    parameters: Mapping[str, Parameter], arrays: Mapping[str, np.ndarray], where: str
) -> None:
    """Gives parameters the values of arrays by name, all or none; `where` is for the message."""
    missing = [name for name in parameters if name not in arrays]
    unknown = [name for name in arrays if name not in parameters]
    if missing or unknown:
        lacks = f"lacks {_some(missing)}" if missing else ""
        has = f"has {_some(unknown)}, which the model has not" if unknown else ""
        raise DataError(f"{where} does not fit: it {' and '.join(filter(None, (lacks, has)))}")
    for name, parameter in parameters.items():
        array = arrays[name]
        if array.shape != parameter.shape or array.dtype != parameter.dtype.numpy:
            found = f"{array.dtype}[{','.join(map(str, array.shape))}]"
            raise DataError(
                f"{where} does not fit: {name} is {found} there, {parameter.type} in the model"
            )
    assign([*parameters.values()], [Tensor(None, np.array(arrays[name])) for name in parameters])


@contextmanager
def written_whole(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its name only when all is on the disk.

    A `DataError` where something fails; what was at `path` is then still there.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError as error:
        kept = "; the file there is as it was" if target.exists() else ""
        raise DataError(f"cannot write {target}: {error.strerror or error}{kept}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _header(path: str | Path, data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < 8:
        raise DataError(f"{path} is no safetensors file: it has {len(data)} bytes")
    (length,) = struct.unpack("<Q", data[:8])
    if length > len(data) - 8:
        raise DataError(f"{path} is cut off, or no safetensors file")
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise DataError(f"{path} is no safetensors file: its header is damaged")
    return header, data[8 + length :]


def _array(path: str | Path, name: str, entry: Any, body: bytes) -> np.ndarray:
    try:
        dtype = np.dtype(DTYPES[entry["dtype"]]).newbyteorder("<")
        shape = tuple(int(extent) for extent in entry["shape"])
        start, end = entry["data_offsets"]
        sound = min(shape, default=0) >= 0 and end - start == math.prod(shape) * dtype.itemsize
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path}: what it says of {name} makes no array") from None
    if not (sound and 0 <= start <= end <= len(body)):
        raise DataError(f"{path} is cut off or damaged at {name}")
    plain = np.frombuffer(body[start:end], dtype).reshape(shape)
    return plain.astype(dtype.newbyteorder("="))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
