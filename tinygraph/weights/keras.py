"""Weights from Keras and back: lists of arrays, as `get_weights()` gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.nn.layer import Layer
from tinygraph.tensor import Tensor, assign
from tinygraph.weights.archive import FOREIGN_SUFFIXES
from tinygraph.weights.files import written_whole
from tinygraph.weights.keras_order import Weights, keras_order, order_of_use
from tinygraph.weights.parameters import Loaded


def from_keras(model: Layer, source: str | Path | Iterable[Any], verbose: bool = False) -> Loaded:
    """Gives `model` the weights of the same net in Keras.

    `source` is an npz file, written by np.savez(path, *net.get_weights()), or that list itself.
    Kernels, images and flattened rows have one order of axes there and here, so the arrays are only
    counted off, in Keras's order of layers. The result says what was loaded; `verbose` prints it.
    A `DataError` names the first weight that does not fit, with both shapes; then nothing is
    changed.
    """
    arrays, where = _arrays(source)
    weights = next((w for w in (keras_order(model), order_of_use(model)) if _fit(w, arrays)), None)
    if weights is None:
        raise DataError(_misfit(keras_order(model), arrays, where))
    values = [
        np.array(array.astype(p.dtype.numpy), order="C")
        for p, array in zip(weights.values(), arrays)
    ]
    assign([*weights.values()], [Tensor(None, value) for value in values])
    loaded = Loaded(where, [*weights])
    if verbose:
        print(loaded)
        print("\n".join(f"  {k}: {name}" for k, name in enumerate(weights)))
    return loaded


def to_keras(model: Layer, path: str | Path | None = None) -> list[np.ndarray]:
    """The arrays for `set_weights` of the same net in Keras; also as an npz file at `path`.

    Read it there with `with np.load(path) as f: net.set_weights([f[k] for k in f.files])`.
    """
    arrays = [np.array(p.numpy()) for p in keras_order(model).values()]
    if path is not None:
        with written_whole(path) as file:
            np.savez(file, *arrays)  # pyright: ignore[reportArgumentType]
    return arrays


def _arrays(source: str | Path | Iterable[Any]) -> tuple[list[np.ndarray], str]:
    if isinstance(source, str | Path):
        return _read(source), str(source)
    listed = source.values() if isinstance(source, Mapping) else source
    return [np.asarray(array) for array in listed], "the list of weights"


def _read(path: str | Path) -> list[np.ndarray]:
    if Path(path).suffix.lower() in FOREIGN_SUFFIXES:
        raise DataError(
            f"{path} is in a format of Keras's own, which tinygraph does not read; write the "
            "weights there with np.savez('net.npz', *net.get_weights()), and give that file"
        )
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise DataError(f"{path} holds one array, an npz file holds all")
        with file:
            return [file[name] for name in sorted(file.files, key=_number)]
    except OSError as error:
        if error.errno is not None:
            raise DataError(f"cannot read {path}: {error.strerror}") from None
        raise DataError(f"{path} is no npz file: {error}") from None
    except DataError:
        raise
    except Exception as error:  # zip, zlib and NumPy each have errors of their own for damage
        raise DataError(
            f"{path} is damaged, or no npz file of arrays such as "
            f"np.savez(path, *net.get_weights()) writes: {error}"
        ) from None


def _number(name: str) -> tuple[int, ...]:
    """arr_2 before arr_10; other names stay in the order of the file."""
    found = re.fullmatch(r"arr_(\d+)", name)
    return (int(found[1]),) if found else ()


def _fit(weights: Weights, arrays: list[np.ndarray]) -> bool:
    return len(weights) == len(arrays) and all(
        p.shape == array.shape and array.dtype.kind == "f"
        for p, array in zip(weights.values(), arrays)
    )


def _misfit(weights: Weights, arrays: list[np.ndarray], where: str) -> str:
    """What does not fit first."""
    for k, ((path, p), array) in enumerate(zip(weights.items(), arrays)):
        if p.shape != array.shape or array.dtype.kind != "f":
            found = f"{array.dtype}[{','.join(map(str, array.shape))}]"
            return (
                f"{where} does not fit: number {k} is {found}, and {path}, which is number {k} in "
                f"Keras's order, is {p.type}"
            )
    return f"{where} does not fit: it has {len(arrays)} arrays, the model {len(weights)} weights"
