"""What a run needs to go on, in one file: settings, net, optimizer, the best net so far."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinygraph.errors import DataError
from tinygraph.nn import Model
from tinygraph.optimizers import Optimizer
from tinygraph.weights import assign_arrays, load_arrays, save_arrays

CHECKPOINT, WEIGHTS = "checkpoint.safetensors", "weights.safetensors"
KIND = "examples/unet.py"


@dataclass(frozen=True)
class Settings:
    """What decides how a run ends, bit for bit."""

    steps: int = 600
    seed: int = 0
    backend: str = "llvm"
    rate: float = 1e-3
    batch: int = 16
    crop: int = 128
    base: int = 8
    depth: int = 4


class Look(NamedTuple):
    """How good the net was on the validation images, with the threshold that fits them best."""

    step: int
    dice: float
    threshold: float

    def __str__(self) -> str:
        return (
            f"step {self.step}: Dice {self.dice:.3f} on the validation images, "
            f"threshold {self.threshold:g}"
        )


@dataclass
class History:
    """What happened so far: the loss of each step, and how good the net was at times."""

    losses: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def best(self) -> Look:
        return max(self.looks, key=lambda look: look.dice)


Snapshot = dict[str, np.ndarray]


def snapshot(model: Model) -> Snapshot:
    """The weights as they are now."""
    return {name: parameter.numpy() for name, parameter in model.named_parameters().items()}


def save_checkpoint(
    folder: Path,
    settings: Settings,
    model: Model,
    optimizer: Optimizer,
    best: Snapshot,
    history: History,
) -> Path:
    """Writes all that the run needs to go on."""
    arrays = {
        **_under("model", snapshot(model)),
        **_under("optimizer", {k: p.numpy() for k, p in optimizer.named_state().items()}),
        **_under("best", best),
    }
    notes = {"kind": KIND, "settings": asdict(settings), "history": asdict(history)}
    path = folder / CHECKPOINT
    save_arrays(path, arrays, notes)
    return path


def read_settings(folder: Path) -> Settings:
    """The settings of the run that stopped in `folder`."""
    path = folder / CHECKPOINT
    if not path.exists():
        raise DataError(f"nothing to resume: there is no {path}")
    return Settings(**_notes(path, load_arrays(path).notes)["settings"])


def restore(folder: Path, model: Model, optimizer: Optimizer) -> tuple[Snapshot, History]:
    """Puts net and optimizer where they were; returns the best net and the history."""
    path = folder / CHECKPOINT
    archive = load_arrays(path)
    parts = {part: _below(part, archive.arrays) for part in ("model", "optimizer", "best")}
    assign_arrays(model.named_parameters(), parts["model"], str(path))
    assign_arrays(optimizer.named_state(), parts["optimizer"], str(path))
    history = _notes(path, archive.notes)["history"]
    return parts["best"], History(history["losses"], [Look(*look) for look in history["looks"]])


def set_aside(folder: Path) -> Path | None:
    """Gives the checkpoint of an earlier run another name, so that a new run cannot lose it."""
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    kept = path.with_name(f"earlier-{CHECKPOINT}")
    os.replace(path, kept)
    return kept


def save_weights(path: Path, settings: Settings, best: Snapshot, history: History) -> None:
    """Writes the best net, and what a reader needs to build it."""
    notes = {"kind": KIND, "settings": asdict(settings), "chosen": history.best()._asdict()}
    save_arrays(path, best, notes)


def read_weights(path: Path) -> tuple[Settings, Look, Snapshot]:
    """A net that `save_weights` wrote, and what is known of it."""
    archive = load_arrays(path)
    notes = _notes(path, archive.notes)
    return Settings(**notes["settings"]), Look(**notes["chosen"]), archive.arrays


def _notes(path: Path, notes: object) -> dict:
    if not isinstance(notes, dict) or notes.get("kind") != KIND:
        raise DataError(f"{path} was not written by {KIND}")
    return notes


def _under(part: str, arrays: Snapshot) -> Snapshot:
    return {f"{part}/{name}": array for name, array in arrays.items()}


def _below(part: str, arrays: Snapshot) -> Snapshot:
    start = f"{part}/"
    return {name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)}
