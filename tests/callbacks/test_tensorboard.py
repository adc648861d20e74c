"""Event files: read back by a decoder of our own, and by TensorBoard itself."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.callbacks import Callback, TensorBoard
from tinygraph.callbacks.crc32c import crc32c, masked_crc32c
from tinygraph.callbacks.event_file import EventFile, Histogram, record, varint
from tinygraph.training import Resume

rng = np.random.default_rng(0)
X = rng.normal(size=(24, 4)).astype(np.float32)
Y = (X @ rng.normal(size=(4, 1))).astype(np.float32)


def fit(folder: Path, *callbacks: Callback, **options: Any) -> Any:
    model = nn.Sequential([nn.Input((4,)), nn.Dense(1)])
    model.initialize(0)
    model.compile("sgd", "mse", ["mae"], backend="numpy")
    return model.fit(X, Y, verbose=0, batch_size=8, callbacks=callbacks, **options)


def test_crc32c() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of the CRC catalogue
    assert crc32c(b"") == 0
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43


@given(st.binary(max_size=64))
def test_masks_can_be_undone(data: bytes) -> None:
    turned = masked_crc32c(data) - 0xA282EAD8 & 0xFFFFFFFF
    assert (turned << 15 | turned >> 17) & 0xFFFFFFFF == crc32c(data)


@given(st.integers(0, 2**63))
def test_varints(value: int) -> None:
    found = 0
    for k, byte in enumerate(encoded := varint(value)):
        assert (byte >> 7) == (k < len(encoded) - 1)
        found |= (byte & 0x7F) << 7 * k
    assert found == value


def records(path: Path) -> list[bytes]:
    """The records of a file, with both checksums checked."""
    data, found = path.read_bytes(), []
    while data:
        length, check = struct.unpack("<QI", data[:12])
        assert check == masked_crc32c(data[:8])
        body, (check,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length :][:4])
        assert check == masked_crc32c(body)
        found.append(body)
        data = data[16 + length :]
    return found


def fields(data: bytes) -> list[tuple[int, Any]]:
    """(number, value) of each field of a message."""
    found, at = [], 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            value: Any = number()
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or number()
            value = data[at : at + size]
            at += size
        found.append((tag >> 3, value))
    return found


def scalars(path: Path) -> dict[str, list[tuple[int, float]]]:
    """By tag, (step, value), as our own decoder reads them."""
    found: dict[str, list[tuple[int, float]]] = {}
    for event in map(fields, records(path)):
        step = dict(event).get(2, 0)
        for _, summary in [f for f in event if f[0] == 5]:
            for _, value in fields(summary):
                parts = dict(fields(value))
                if 2 in parts:
                    (number,) = struct.unpack("<f", parts[2])
                    found.setdefault(parts[1].decode(), []).append((step, number))
    return found


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_fit_writes(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    history = fit(tmp_path, board, epochs=3, validation_data=(X, Y)).history
    train, held = (scalars(only(tmp_path / part)) for part in ("train", "validation"))
    assert sorted(train) == ["epoch_learning_rate", "epoch_loss", "epoch_mae"]
    assert sorted(held) == ["epoch_loss", "epoch_mae"]
    for found, name, key in ((train, "epoch_mae", "mae"), (held, "epoch_loss", "val_loss")):
        assert [step for step, _ in found[name]] == [0, 1, 2]
        np.testing.assert_allclose([v for _, v in found[name]], history[key], rtol=1e-6)
    first = dict(fields(records(only(tmp_path / "train"))[0]))
    assert first[3] == b"brain.Event:2"
    assert struct.unpack("<d", first[1])[0] > 1.6e9


def test_by_batch(tmp_path: Path) -> None:
    fit(tmp_path, TensorBoard(tmp_path, update_freq=2), epochs=2)
    found = scalars(only(tmp_path / "train"))
    assert [step for step, _ in found["batch_loss"]] == [2, 4, 6]


def test_tensorboard_itself_reads_them(tmp_path: Path, record_property: Any) -> None:
    from tensorboard.backend.event_processing import event_accumulator

    record_property("compared", "TensorBoard's own reader")
    history = fit(
        tmp_path,
        TensorBoard(tmp_path, histogram_freq=1, update_freq="batch"),
        epochs=3,
        validation_split=0.25,
    ).history
    reader = event_accumulator.EventAccumulator(
        str(tmp_path / "train"), size_guidance={"tensors": 0}
    )
    reader.Reload()
    assert reader.FirstEventTimestamp() > 1.6e9
    tags = reader.Tags()
    assert {"epoch_loss", "epoch_mae", "batch_loss"} <= {*tags["scalars"]}
    events = reader.Scalars("epoch_loss")
    assert [e.step for e in events] == [0, 1, 2]
    np.testing.assert_allclose([e.value for e in events], history["loss"], rtol=1e-6)
    assert len(reader.Scalars("batch_loss")) == 9
    kernel = reader.Histograms("dense/kernel")[-1].histogram_value
    assert kernel.num == 4
    assert sum(kernel.bucket) == 4
    assert kernel.min <= kernel.bucket_limit[0]


def test_histograms_of_odd_values(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    odd = [np.array([]), np.array([np.nan, 1.0, np.inf]), np.zeros((2, 2))]
    file.histograms(0, [(f"h{k}", Histogram(values)) for k, values in enumerate(odd)])
    file.close()
    assert len(records(file.path)) == 2


def test_numbers_too_large_for_a_float32(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.scalars(0, [("loss", 1e300), ("other", -1e300), ("small", 1e-300)])
    file.close()
    data = file.path.read_bytes()
    for number in (np.inf, -np.inf, 0.0):
        assert b"\x15" + np.float32(number).tobytes() in data


class Stop(Exception):
    pass


class StopIn(Callback):
    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise Stop


def test_a_resumed_run_goes_on_in_its_file(tmp_path: Path) -> None:
    logs, folder = tmp_path / "logs", Resume(tmp_path / "run")
    board = TensorBoard(logs, update_freq="batch")
    with pytest.raises(Stop):
        fit(tmp_path, board, StopIn(2), epochs=4, resume=folder)
    path = only(logs / "train")
    with path.open("ab") as file:  # what a killed run wrote after its checkpoint
        file.write(record(b"\x10\x63")[:-3])
    board = TensorBoard(logs, update_freq="batch")
    fit(tmp_path, board, StopIn(-1), epochs=4, resume=folder)
    found = scalars(only(logs / "train"))
    assert [step for step, _ in found["epoch_loss"]] == [0, 1, 2, 3]
    assert [step for step, _ in found["batch_loss"]] == list(range(1, 13))


def test_an_update_freq_that_is_none() -> None:
    with pytest.raises(tg.TinygraphError, match="update_freq"):
        TensorBoard(update_freq="sometimes")
