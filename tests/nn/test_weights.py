"""Weights in files: round trips, other readers, damage and full disks."""

from __future__ import annotations

import builtins
import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygraph as tg
from tinygraph import models, nn
from tinygraph.weights import load_arrays, save_arrays

ARRAYS = {
    "a/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "scalar": np.array(3, np.int32),
    "wide": np.array([1.5, np.nan, -0.0]),
    "key": np.array([1, 2**32 - 1], np.uint32),
    "mask": np.array([True, False]),
    "empty": np.zeros((0, 4), np.float32),
}


def test_round_trip_bit_for_bit(tmp_path: Path) -> None:
    notes = {"steps": 3, "losses": [0.1, 1e-30], "name": "ä"}
    save_arrays(tmp_path / "x.safetensors", ARRAYS, notes)
    archive = load_arrays(tmp_path / "x.safetensors")
    assert archive.notes == notes
    assert [*archive.arrays] == [*ARRAYS]
    for name, array in ARRAYS.items():
        found = archive.arrays[name]
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()
    assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]


def test_the_safetensors_package_reads_and_writes_the_same(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    save_arrays(tmp_path / "ours", ARRAYS)
    for name, array in safetensors.load_file(tmp_path / "ours").items():
        np.testing.assert_array_equal(array, ARRAYS[name])
    safetensors.save_file(ARRAYS, tmp_path / "theirs")
    for name, array in load_arrays(tmp_path / "theirs").arrays.items():
        np.testing.assert_array_equal(array, ARRAYS[name])


def test_models_save_and_load(tmp_path: Path) -> None:
    first, second = models.build("mlp_small", 1), models.build("mlp_small", 2)
    first.save_weights(tmp_path / "w")
    second.load_weights(tmp_path / "w")
    for p, q in zip(first.parameters, second.parameters):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


def other_model() -> nn.Model:
    return nn.Sequential([nn.Input((784,)), nn.Dense(16), nn.Dense(17), nn.Dense(10)])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: nn.Sequential([nn.Input((784,)), nn.Dense(7)]),
            r"which the model has not; dense/kernel is float32\[784,16\] there, "
            r"float32\[784,7\] in the model",
        ),
        (other_model, r"dense_1/kernel is float32\[16,16\] there, float32\[16,17\] in the model"),
        (models.mnist_cnn, r"lacks conv2d/kernel, .* and has dense_1/kernel.* which the model has"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path: Path, model: Any, message: str) -> None:
    models.build("mlp_small").save_weights(tmp_path / "w")
    other = model()
    before = [p.numpy().copy() for p in other.parameters]
    with pytest.raises(tg.DataError, match=message):
        other.load_weights(tmp_path / "w")
    for p, values in zip(other.parameters, before):
        np.testing.assert_array_equal(p.numpy(), values)


@pytest.mark.parametrize("keep", [0, 5, 8, 40, -1, -20])
def test_a_truncated_file(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "w"
    save_arrays(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(tg.DataError, match=r"w (is cut off|is no safetensors file)"):
        load_arrays(path)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"nonsense",
        b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}',
        b'{"a": 3}',
        b'{"__metadata__": {"tinygraph": "{"}}',
        b'{"__metadata__": 3}',
    ],
)
def test_a_damaged_header(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "w"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(tg.DataError, match=str(path)):
        load_arrays(path)


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(tg.DataError, match=r"cannot read .*: No such file"):
        load_arrays(tmp_path / "w")
    with pytest.raises(tg.DataError, match=r"cannot write .*: No such file"):
        save_arrays(tmp_path / "no" / "w", ARRAYS)


def test_several_threads_write_to_one_place(tmp_path: Path) -> None:
    path, arrays = tmp_path / "w", {"x": np.arange(20_000.0)}

    def write(_: int) -> None:
        save_arrays(path, arrays)

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(write, range(40))] == [None] * 40
    np.testing.assert_array_equal(load_arrays(path).arrays["x"], arrays["x"])
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w"
    save_arrays(path, ARRAYS)
    before = path.read_bytes()
    plain_open = builtins.open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *error: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> None:
            self.file.write(data[:4])
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        opened = plain_open(file, mode, *args, **kwargs)
        return Full(opened) if mode == "wb" else opened

    monkeypatch.setattr(builtins, "open", full)
    with pytest.raises(tg.DataError, match="No space left on device; the file there is as it was"):
        save_arrays(path, {"a": np.ones(1000)})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w"]


def test_a_file_from_a_pickle_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.ones(3))
    with pytest.raises(tg.DataError, match="cut off, or no safetensors"):
        load_arrays(tmp_path / "w.npy")
