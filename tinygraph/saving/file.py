"""A model as one safetensors file: the notes say what it is made of, the arrays are its numbers.

notes   {"kind": "model", "version": 1, "architecture": {...}, "training": {...} or null}
arrays  model/<path of a parameter>, optimizer/<name of its state>
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinygraph.errors import DataError
from tinygraph.saving.architecture import read_model, write_model
from tinygraph.saving.check import warn_of_differences
from tinygraph.saving.training import read_training, write_training
from tinygraph.weights import Archive, assign_arrays, load_arrays, save_arrays

KIND, VERSION = "model", 1
MODEL, OPTIMIZER = "model/", "optimizer/"


def save_model(
    model: Any,
    path: str | Path,
    custom_objects: Mapping[str, Any] | None = None,
    include_optimizer: bool = True,
) -> None:
    """Writes all of `model`: its layers and connections, its numbers and, where it is compiled,
    its loss, metrics and optimizer with its state, so that training goes on where it was.

    The file is there whole or not at all. A `DataError` names the layer that cannot be written,
    such as a `Lambda` of a function without a name; `custom_objects` gives such functions names.
    """
    arrays = {MODEL + name: p.numpy() for name, p in model.named_parameters().items()}
    training = None
    if include_optimizer:
        training, state = write_training(model, custom_objects)
        arrays |= {OPTIMIZER + name: p.numpy() for name, p in state.items()}
    architecture = write_model(model, custom_objects)
    notes = {
        "kind": KIND,
        "version": VERSION,
        "architecture": architecture,
        "training": training,
    }
    save_arrays(path, arrays, notes)
    warn_of_differences(model, architecture, custom_objects)


def load_model(
    path: str | Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> Any:
    """The model that `save` wrote, compiled as it was unless `compile` is False.

    Layers of your own are found when their module has been imported, or in
    `custom_objects={"Name": Class}`. Nothing is executed or imported because the file says so. A
    `DataError` says what is wrong with a file.
    """
    archive = load_arrays(path)
    notes = require_model(archive, path)
    model = read_model(notes["architecture"], custom_objects, str(path), draw=False)
    assign_arrays(model.named_parameters(), model_arrays(archive), str(path))
    if compile and notes["training"] is not None:
        read_training(model, notes["training"], below(OPTIMIZER, archive), custom_objects, path)
    return model


def model_arrays(archive: Archive) -> dict[str, Any]:
    """The values of parameters: of a whole model, or of a file that holds nothing else."""
    notes = archive.notes
    whole = isinstance(notes, dict) and notes.get("kind") == KIND
    return below(MODEL, archive) if whole else archive.arrays


def below(start: str, archive: Archive) -> dict[str, Any]:
    """The arrays whose names begin so, without that."""
    return {n[len(start) :]: a for n, a in archive.arrays.items() if n.startswith(start)}


def require_model(archive: Archive, path: str | Path) -> dict[str, Any]:
    """The notes of a file that holds a model."""
    notes = archive.notes
    if not isinstance(notes, dict) or notes.get("kind") != KIND:
        raise DataError(
            f"{path} holds no model, only arrays; make the model and load them with "
            f"model.load_weights({str(path)!r}), or tg.weights.from_pytorch(model, ...)"
        )
    if not isinstance(notes.get("version"), int) or notes["version"] > VERSION:
        raise DataError(
            f"{path} has version {notes.get('version')}, this tinygraph reads up to {VERSION}: "
            "it was written by a newer one"
        )
    if not {"architecture", "training"} <= notes.keys():
        raise DataError(f"{path}: its notes are incomplete")
    return notes
