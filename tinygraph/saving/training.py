"""How a model is being trained, as JSON and back: arguments of `compile`, the optimizer's state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinygraph.errors import DataError
from tinygraph.optimizers import Optimizer
from tinygraph.saving.architecture import explained
from tinygraph.saving.values import Reader, Writer
from tinygraph.tensor import Parameter
from tinygraph.weights import assign_arrays

SAID = ("loss", "metrics", "loss_weights", "weighted_metrics")
"""Arguments of `compile`, besides the optimizer and where it runs."""


def write_training(
    model: Any, custom_objects: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Parameter]]:
    """What JSON can say, and the optimizer's state; nothing if the model is not compiled."""
    training = getattr(model, "_training", None)
    if training is None or not training.is_complete:
        return None, {}
    writer, where = Writer(custom_objects), f"{model.name}: compile"
    backend = training.backend
    said: dict[str, Any] = {
        "optimizer": None,
        "backend": backend if isinstance(backend, str) else backend.name,
        "threads": training.threads,
    }
    for name, value in zip(SAID, training.said, strict=True):
        said[name] = writer.write(value, f"{where}: {name}")
    optimizer = training.optimizer
    if optimizer is None:
        return said, {}
    said["optimizer"] = writer.write(optimizer, f"{where}: optimizer")
    said.update(_parameters_of(model, optimizer))
    return said, optimizer.named_state()


def read_training(
    model: Any,
    said: Mapping[str, Any],
    arrays: Mapping[str, Any],
    custom_objects: Mapping[str, Any] | None,
    path: str | Path,
) -> None:
    """Compiles the model as it was, and gives the optimizer its state."""
    with explained(f"{path}: compile"):
        reader = Reader(custom_objects)
        optimizer = reader.read(said["optimizer"])
        parameters = model.named_parameters()
        if optimizer is not None:
            if said["trained"]:
                optimizer.build([parameters[name] for name in said["trained"]])
            undecayed = [parameters[name] for name in said["undecayed"]["parameters"]]
            optimizer.exclude_from_weight_decay(undecayed, said["undecayed"]["names"])
        arguments = {name: reader.read(said[name]) for name in SAID}
        model.compile(optimizer, **arguments, backend=said["backend"], threads=said["threads"])
    if optimizer is not None:
        assign_arrays(optimizer.named_state(), arrays, f"{path}: the optimizer's state")


def _parameters_of(model: Any, optimizer: Optimizer) -> dict[str, Any]:
    """Which parameters the optimizer trains, in its order, and which of them do not decay."""
    paths = {id(p): path for path, p in model.named_parameters().items()}
    strange = [p.name or "a parameter" for p in optimizer.parameters if id(p) not in paths]
    if strange:
        raise DataError(
            f"{model.name}: its optimizer trains {strange[0]}, which is not in the model; "
            "save(..., include_optimizer=False) leaves the optimizer out"
        )
    undecayed, names = optimizer._undecayed
    return {
        "trained": [paths[id(p)] for p in optimizer.parameters],
        "undecayed": {
            "parameters": [paths[key] for key in paths if key in undecayed],
            "names": list(names),
        },
    }
