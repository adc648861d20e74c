"""What a run needs to go on, in one file: settings, net, optimizer, the best net so far."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

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

    steps: int = 400
    seed: int = 0
    backend: str = "llvm"
    rate: float = 1e-3
    batch: int = 8
    crop: int = 128
    base: int = 16
    depth: int = 4


@dataclass
class History:
    """What happened so far: the loss of each step, and how good the net was at times."""

    losses: list[float] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    """(steps done, Dice on the validation images)"""

    def best(self) -> tuple[int, float]:
        return max(self.scores, key=lambda score: score[1])


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
    scores = [(int(step), float(dice)) for step, dice in history["scores"]]
    return parts["best"], History(history["losses"], scores)


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
    step, dice = history.best()
    notes = {"kind": KIND, "settings": asdict(settings), "step": step, "validation_dice": dice}
    save_arrays(path, best, notes)


def read_weights(path: Path) -> tuple[Settings, Snapshot]:
    """A net that `save_weights` wrote."""
    archive = load_arrays(path)
    return Settings(**_notes(path, archive.notes)["settings"]), archive.arrays


def _notes(path: Path, notes: object) -> dict:
    if not isinstance(notes, dict) or notes.get("kind") != KIND:
        raise DataError(f"{path} was not written by {KIND}")
    return notes


def _under(part: str, arrays: Snapshot) -> Snapshot:
    return {f"{part}/{name}": array for name, array in arrays.items()}


def _below(part: str, arrays: Snapshot) -> Snapshot:
    start = f"{part}/"
    return {name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)}
