"""Event files as TensorBoard reads them, written by hand.

A file is a row of records: the length (8 bytes), its checksum, the data, their checksum (4 bytes
each). Each record is an `Event` in the wire format of protocol buffers: fields one after the other,
each a tag (number and kind) and a value.
Sources: TensorFlow's "TFRecord and tf.train.Example" (the framing), tensorboard's event.proto and
summary.proto (the fields), https://protobuf.dev/programming-guides/encoding (the wire format).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinygraph.callbacks.crc32c import masked_crc32c
from tinygraph.errors import DataError

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""Kinds of values on the wire."""


@dataclass(frozen=True)
class Histogram:
    """How many values lie below each limit, and above the one before."""

    values: np.ndarray
    bins: int = 30

    def encoded(self) -> bytes:
        """A HistogramProto."""
        values = np.asarray(self.values, np.float64).ravel()
        values = values[np.isfinite(values)]
        if not values.size:
            values = np.zeros(1)
        counts, edges = np.histogram(values, bins=self.bins)
        total = values.size
        numbers = (values.min(), values.max(), total, values.sum(), np.square(values).sum())
        fields = [double(k, float(x)) for k, x in enumerate(numbers, 1)]
        return b"".join([*fields, doubles(6, edges[1:].tolist()), doubles(7, counts.tolist())])


class EventFile:
    """A new file of events in `folder`; or one that is there, cut to `size` bytes, which goes on.

    Each event is given to the operating system when it is written.
    """

    def __init__(self, folder: str | Path, name: str = "", size: int = 0) -> None:
        now = time.time()
        new = f"events.out.tfevents.{now:.6f}.{socket.gethostname()}.{os.getpid()}"
        self.path = Path(folder) / (name or new)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if name:
                os.truncate(self.path, size)
            self._file = open(self.path, "ab")  # noqa: SIM115  it stays open until `close`
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror or error}") from None
        if not name:
            self._write(0, text(3, "brain.Event:2"))

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._file.tell()

    def scalars(self, step: int, values: Iterable[tuple[str, float]]) -> None:
        """Numbers by tag."""
        self._summary(step, [text(1, tag) + number(2, value) for tag, value in values])

    def histograms(self, step: int, values: Iterable[tuple[str, Histogram]]) -> None:
        """Histograms by tag."""
        encoded = [text(1, tag) + field(5, BYTES) + sized(h.encoded()) for tag, h in values]
        self._summary(step, encoded)

    def close(self) -> None:
        """Nothing more can be written."""
        self._file.close()

    def _summary(self, step: int, values: Sequence[bytes]) -> None:
        if values:
            summary = b"".join(field(1, BYTES) + sized(value) for value in values)
            self._write(step, field(5, BYTES) + sized(summary))

    def _write(self, step: int, what: bytes) -> None:
        try:
            self._file.write(record(double(1, time.time()) + varint_field(2, step) + what))
            self._file.flush()
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror or error}") from None


def record(data: bytes) -> bytes:
    """Data with its length and checksums."""
    length = struct.pack("<Q", len(data))
    checks = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
    return length + checks[0] + data + checks[1]


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth bit says that more follow."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def field(number: int, kind: int) -> bytes:
    """The tag of a field."""
    return varint(number << 3 | kind)


def sized(data: bytes) -> bytes:
    """Data with their length."""
    return varint(len(data)) + data


def varint_field(number: int, value: int) -> bytes:
    """An integer of at least 0."""
    return field(number, VARINT) + varint(value)


def double(number: int, value: float) -> bytes:
    """A float64."""
    return field(number, DOUBLE) + struct.pack("<d", value)


def doubles(number: int, values: Sequence[float]) -> bytes:
    """Several float64, packed."""
    return field(number, BYTES) + sized(struct.pack(f"<{len(values)}d", *values))


def number(field_number: int, value: float) -> bytes:
    """A float32; infinity for what is too large for it."""
    with np.errstate(over="ignore"):
        return field(field_number, FLOAT) + np.float32(value).astype("<f4").tobytes()


def text(number: int, value: str) -> bytes:
    """Words."""
    return field(number, BYTES) + sized(value.encode())
