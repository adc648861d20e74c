"""Files whose bytes were changed or cut off: a DataError or the right model, no third thing."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph import nn
from tinygraph.nn.models import load_model
from tinygraph.weights import load_arrays, save_arrays


def net(seed: int = 0) -> nn.Model:
    layers = [nn.Input((3,)), nn.Dense(2, "relu"), nn.BatchNormalization(), nn.Dropout(0.5)]
    model = nn.Sequential(layers)
    model.initialize(seed)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved")
    net(1).save(path / "model")
    net(1).save_weights(path / "weights")
    safetensors = pytest.importorskip("safetensors.numpy")
    safetensors.save_file({n: p.numpy() for n, p in net(1).named_parameters().items()}, path / "st")
    return path


@st.composite
def damage(draw: st.DrawFn) -> list[tuple[str, float, int]]:
    """What is done to a file: kinds, places (parts of its length), numbers."""
    kinds = st.sampled_from(["flip", "flip", "flip", "cut", "drop", "insert"])
    # often in the header, which is most of a small file's first half
    places = st.one_of(st.floats(0, 1, exclude_max=True), st.floats(0, 0.02))
    return draw(st.lists(st.tuples(kinds, places, st.integers(1, 255)), min_size=1, max_size=4))


def damaged(data: bytes, what: list[tuple[str, float, int]]) -> bytes:
    for kind, part, number in what:
        place = int(part * len(data))
        if kind == "flip" and data:
            data = data[:place] + bytes([data[place] ^ number]) + data[place + 1 :]
        elif kind == "cut":
            data = data[:place]
        elif kind == "drop":
            data = data[:place] + data[place + number :]
        elif kind == "insert":
            data = data[:place] + bytes([number]) + data[place:]
    return data


def values(model: nn.Model) -> dict[str, bytes]:
    return {name: p.numpy().tobytes() for name, p in model.named_parameters().items()}


def named(path: Path, error: tg.DataError) -> None:
    assert str(path) in str(error)


RIGHT = values(net(1))


@settings(max_examples=150)
@given(what=damage())
def test_a_damaged_model(folder: Path, what: list[tuple[str, float, int]]) -> None:
    path = folder / "damaged"
    path.write_bytes(damaged((folder / "model").read_bytes(), what))
    try:
        model = load_model(path)
    except tg.DataError as error:
        named(path, error)
    else:
        assert values(model) == RIGHT
        assert model.to_json() == net().to_json()


@pytest.mark.parametrize("saved", ["model", "weights"])
@settings(max_examples=150)
@given(what=damage())
def test_weights_from_a_damaged_file(
    folder: Path, saved: str, what: list[tuple[str, float, int]]
) -> None:
    path, model = folder / "damaged", net(2)
    before = values(model)
    path.write_bytes(damaged((folder / saved).read_bytes(), what))
    try:
        model.load_weights(path)
    except tg.DataError as error:
        named(path, error)
        assert values(model) == before
    else:
        assert values(model) == RIGHT


ODD = (None, True, -1, 0, 3, 1.5, "x", "tinygraph.nn.Dense", [], {}, {"again": 0}, {"again": 7})
MORE = ({"symbol": 9}, {"function": "relu"}, {"tuple": 3}, {"dict": [1]}, {"array": [1]})


@settings(max_examples=150)
@given(places=st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8), data=st.data())
def test_notes_that_somebody_wrote(folder: Path, places: list[float], data: st.DataObject) -> None:
    """A sound file with any nonsense in it: a DataError, or it happens to be a model."""
    archive = load_arrays(folder / "model")
    here = archive.notes["architecture"]
    for place in places:
        keys = [*here] if isinstance(here, dict) else [*range(len(here))]
        key = keys[int(place * len(keys))]
        if not (isinstance(here[key], dict | list) and here[key]):
            break
        here, above = here[key], (here, key)
        if place > 0.9:
            here, key = above
            break
    here[key] = data.draw(st.sampled_from([*ODD, *MORE]))
    save_arrays(folder / "edited", archive.arrays, archive.notes)
    try:
        model = load_model(folder / "edited")
    except tg.DataError as error:
        named(folder / "edited", error)
    else:
        assert values(model) == RIGHT


@settings(max_examples=150)
@given(what=damage())
def test_damage_in_a_file_of_somebody_else(
    folder: Path, what: list[tuple[str, float, int]]
) -> None:
    """There is no digest in it, so wrong numbers go unnoticed; nothing else may happen."""
    path, model = folder / "damaged", net(2)
    before = values(model)
    path.write_bytes(damaged((folder / "st").read_bytes(), what))
    try:
        model.load_weights(path)
    except tg.DataError:
        assert values(model) == before
    else:
        assert {n: len(v) for n, v in values(model).items()} == {
            n: len(v) for n, v in before.items()
        }


def test_every_single_bit_counts(folder: Path) -> None:
    """One flipped bit, in every third byte of the file."""
    data, path = (folder / "model").read_bytes(), folder / "damaged"
    (length,) = struct.unpack("<Q", data[:8])
    unnoticed = 0
    for place in range(0, len(data), 3):
        path.write_bytes(damaged(data, [("flip", (place + 0.5) / len(data), 1)]))
        try:
            archive = load_arrays(path)
        except tg.DataError:
            continue
        unnoticed += 1
        assert place < 8 + length, "a changed number went unnoticed"
        assert archive.notes == load_arrays(folder / "model").notes
    assert unnoticed < 4  # spaces at the end of the header


def test_notes_from_before_there_was_a_digest(tmp_path: Path) -> None:
    entries = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    for said, notes in [('{"steps": 3}', {"steps": 3}), ('{"steps": ', None)]:
        text = json.dumps({"__metadata__": {"tinygraph": said}, **entries}).encode()
        (tmp_path / "w").write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
        if notes is not None:
            assert load_arrays(tmp_path / "w").notes == notes
            continue
        with pytest.raises(tg.DataError, match="its notes are damaged"):
            load_arrays(tmp_path / "w")


def header(entry: str) -> bytes:
    text = f'{{"a": {entry}}}'.encode()
    return struct.pack("<Q", len(text)) + text + bytes(8)


@pytest.mark.parametrize(
    "entry",
    [
        '{"dtype": "F32", "shape": [0, 1e400], "data_offsets": [0, 0]}',
        '{"dtype": "F32", "shape": [0, 99999999999999999999999], "data_offsets": [0, 0]}',
        '{"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]}',
        '{"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}',
        '{"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}',
        '{"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [' + "1," * 99 + '1], "data_offsets": [0, 4]}',
        "[" * 5000 + "]" * 5000,
        "null",
    ],
)
def test_headers_that_lie(tmp_path: Path, entry: str) -> None:
    (tmp_path / "w").write_bytes(header(entry))
    with pytest.raises(tg.DataError, match="w"):
        load_arrays(tmp_path / "w")


def test_a_header_longer_than_any_file(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(struct.pack("<Q", 2**63) + b"{}")
    with pytest.raises(tg.DataError, match="cut off"):
        load_arrays(tmp_path / "w")


@pytest.mark.reference
def test_half_precision_of_others(tmp_path: Path) -> None:
    """bfloat16 and float16 are read as what they are."""
    import torch
    from safetensors.torch import save_file

    x = torch.tensor([1.5, -2.25, 1e30, 3.140625])
    save_file({"b": x.bfloat16(), "h": x[:2].half(), "i": torch.tensor([7])}, tmp_path / "w")
    arrays = load_arrays(tmp_path / "w").arrays
    assert arrays["b"].dtype == np.float32
    np.testing.assert_array_equal(arrays["b"], x.bfloat16().float().numpy())
    np.testing.assert_array_equal(arrays["h"], x[:2].numpy())
    assert arrays["i"] == 7


# Files that are sound and do not fit


def test_weights_of_another_shape_name_the_layer_and_both_shapes(tmp_path: Path) -> None:
    nn.Sequential([nn.Input((3,)), nn.Dense(5), nn.Dense(2)]).save_weights(tmp_path / "w")
    other = nn.Sequential([nn.Input((3,)), nn.Dense(5), nn.Dense(4)])
    other.initialize(3)
    before = values(other)
    message = r"w does not fit: dense_1/kernel is float32\[5,2\] there, float32\[5,4\] in the model"
    with pytest.raises(tg.DataError, match=message):
        other.load_weights(tmp_path / "w")
    assert values(other) == before


def test_loading_what_fits(tmp_path: Path) -> None:
    old = nn.Sequential([nn.Input((3,)), nn.Dense(5, name="body"), nn.Dense(2, name="head")])
    old.save_weights(tmp_path / "w")
    new = nn.Sequential([nn.Input((3,)), nn.Dense(5, name="body"), nn.Dense(4, name="head")])
    new.initialize(7)
    head = new.get_layer("head").kernel.numpy()
    report = new.load_weights(tmp_path / "w", skip_mismatch=True)
    assert report.loaded == ["body/kernel", "body/bias"]
    assert str(report).splitlines()[1:] == [
        "  kept as it was, shapes differ: head/kernel is float32[5,2] there, "
        "float32[5,4] in the model",
        "  kept as it was, shapes differ: head/bias is float32[2] there, float32[4] in the model",
    ]
    np.testing.assert_array_equal(new.get_layer("body").kernel, old.get_layer("body").kernel)
    np.testing.assert_array_equal(new.get_layer("head").kernel, head)


def test_loading_by_name(tmp_path: Path) -> None:
    old = nn.Sequential([nn.Input((3,)), nn.Dense(5, name="body"), nn.Dense(2, name="head")])
    old.save_weights(tmp_path / "w")
    new = nn.Sequential([nn.Input((3,)), nn.Dense(5, name="body"), nn.Dense(4, name="other")])
    with pytest.raises(tg.DataError, match="lacks other/kernel, other/bias and has head/kernel"):
        new.load_weights(tmp_path / "w")
    report = new.load_weights(tmp_path / "w", by_name=True)
    assert report.loaded == ["body/kernel", "body/bias"]
    assert report.missing == ["other/kernel", "other/bias"]
    assert report.unknown == ["head/kernel", "head/bias"]
    np.testing.assert_array_equal(new.get_layer("body").kernel, old.get_layer("body").kernel)
    wide = nn.Sequential([nn.Input((3,)), nn.Dense(6, name="body")])
    with pytest.raises(tg.DataError, match=r"body/kernel is float32\[3,5\] there"):
        wide.load_weights(tmp_path / "w", by_name=True)
    stranger = nn.Sequential([nn.Input((3,)), nn.Dense(6, name="x")])
    with pytest.raises(tg.DataError, match="nothing in it is called as in the model"):
        stranger.load_weights(tmp_path / "w", by_name=True)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes"),
        (b"PK\x03\x04", "a zip archive"),
    ],
)
def test_keras_files_are_known_and_the_way_over_is_said(
    tmp_path: Path, start: bytes, says: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(start + bytes(2000))
    for read in (load_model, nn.Model.load, net().load_weights, load_arrays):
        with pytest.raises(tg.DataError, match=says) as caught:
            read(path)
        named(path, caught.value)
        assert "tg.weights.from_keras(model, 'net.npz')" in str(caught.value)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".keras", ".H5"])
def test_no_file_is_written_that_looks_like_keras_own(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"net{suffix}"
    for write in (net().save, net().save_weights, tg.callbacks.ModelCheckpoint):
        with pytest.raises(tg.DataError, match=rf"{suffix} stands for .*net\.safetensors"):
            write(path)
    assert not path.exists()
    with pytest.raises(tg.DataError, match=r"of Keras's own.* np.savez\('net.npz'"):
        tg.weights.from_keras(net(), path)
