"""Resuming: what a run needs to go on where it was killed, bit for bit, in one file.

The file holds the model's parameters and state (running means, dropout's counters), the
optimizer's, the place in the data, the epoch's sums so far, the history and what callbacks
remember. Shuffling and augmentation depend on (seed, epoch, example) alone, so the place is all
that is needed of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tinygraph.callbacks.callback import Callback
from tinygraph.errors import DataError
from tinygraph.training.averages import Averages
from tinygraph.weights import Archive, assign_arrays, load_arrays, save_arrays

if TYPE_CHECKING:
    from tinygraph.nn.model import Model
    from tinygraph.optimizers import Optimizer

CHECKPOINT = "checkpoint.safetensors"
KIND = "tinygraph fit"


@dataclass(frozen=True)
class Resume:
    """Where a run keeps what it needs to go on, and how often it writes that.

    After each epoch, and after a step when `steps` of them or `seconds` have passed since. The
    seconds are at least ten times what writing took, so that a large model is still trained.
    """

    folder: str | Path
    seconds: float | None = 30.0
    steps: int | None = None


@dataclass(frozen=True)
class Place:
    """The batch that comes next."""

    epoch: int
    batch: int


@dataclass
class Saved:
    """What a file holds, taken apart."""

    path: Path
    place: Place
    stopped: bool
    archive: Archive
    remembered: list[dict[str, Any]]
    """By the callbacks, in their order."""
    model: Model
    optimizer: Optimizer
    callbacks: Sequence[Callback]

    def part(self, name: str) -> dict[str, np.ndarray]:
        """The arrays under a name."""
        start = f"{name}/"
        arrays = self.archive.arrays
        return {key[len(start) :]: a for key, a in arrays.items() if key.startswith(start)}

    def restore(self) -> None:
        """Puts model, optimizer and callbacks where they were."""
        where = str(self.path)
        assign_arrays(self.model.named_parameters(), self.part("model"), where)
        assign_arrays(self.optimizer.named_state(), self.part("optimizer"), where)
        for k, (callback, state) in enumerate(zip(self.callbacks, self.remembered, strict=True)):
            callback.set_state({**state["plain"], **self.part(f"callbacks/{k}")})
        self.model.stop_training = self.stopped


class Resuming:
    """Writes and reads the checkpoint of one call of `fit`.

    `facts` are what must be the same in the run that goes on, such as the size of a batch.
    """

    def __init__(self, resume: Resume, facts: dict[str, Any]) -> None:
        self._seconds, self._steps = resume.seconds, resume.steps
        self.folder = Path(resume.folder)
        self.path = self.folder / CHECKPOINT
        self._facts = facts
        self._since = 0
        self._written = time.monotonic()
        self._took = 0.0
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.folder)
            for part in self.folder.glob(f".{CHECKPOINT}.*.part"):  # of runs that were killed
                with suppress(OSError):
                    part.unlink()
        except OSError as error:
            raise DataError(f"cannot use {self.folder}: {error.strerror or error}") from None

    def open(
        self, model: Model, optimizer: Optimizer, callbacks: Sequence[Callback]
    ) -> Saved | None:
        """What an earlier run left, if it did; these are what is saved from now on."""
        self._model, self._optimizer, self._callbacks = model, optimizer, callbacks
        return self._read() if self.path.exists() else None

    def due(self) -> bool:
        """A step is done: whether it is time to write."""
        self._since += 1
        wait = None if self._seconds is None else max(self._seconds, 10 * self._took)
        late = wait is not None and time.monotonic() - self._written >= wait
        return late or (self._steps is not None and self._since >= self._steps)

    def write(self, place: Place, averages: Averages | None) -> None:
        """Writes all of it; the file is there whole or as it was."""
        began = time.monotonic()
        arrays: dict[str, np.ndarray] = {}
        plain = []
        for k, callback in enumerate(self._callbacks):
            state = callback.state()
            kept = {key: v for key, v in state.items() if isinstance(v, np.ndarray)}
            arrays |= {f"callbacks/{k}/{key}": v for key, v in kept.items()}
            rest = {key: v for key, v in state.items() if key not in kept}
            plain.append({"class": type(callback).__name__, "plain": rest})
        for part, named in (
            ("model", self._model.named_parameters()),
            ("optimizer", self._optimizer.named_state()),
        ):
            arrays |= {f"{part}/{name}": p.numpy() for name, p in named.items()}
        if averages is not None:
            arrays |= {f"averages/{name}": a for name, a in averages.arrays().items()}
        notes = {
            "kind": KIND,
            "facts": self._facts,
            "place": [place.epoch, place.batch],
            "stopped": self._model.stop_training,
            "callbacks": plain,
        }
        save_arrays(self.path, arrays, notes)
        self._since, self._written = 0, time.monotonic()
        self._took = self._written - began

    def close(self) -> None:
        """Lets other runs use the folder."""
        self._lock.close()

    def _read(self) -> Saved:
        archive = load_arrays(self.path)
        notes = archive.notes
        if not isinstance(notes, dict) or notes.get("kind") != KIND:
            raise DataError(f"{self.path} was not written by fit(resume=...)")
        changed = [
            f"{name} was {notes['facts'].get(name)!r}, is {value!r}"
            for name, value in self._facts.items()
            if notes["facts"].get(name) != value
        ]
        kinds = [state["class"] for state in notes["callbacks"]]
        now = [type(callback).__name__ for callback in self._callbacks]
        if kinds != now:
            changed.append(f"callbacks were {kinds}, are {now}")
        if changed:
            raise DataError(
                f"{self.path} is of another run: {'; '.join(changed)}. "
                "Go on with what it was begun with, or give resume= another folder"
            )
        place = Place(*notes["place"])
        return Saved(
            self.path,
            place,
            notes["stopped"],
            archive,
            notes["callbacks"],
            self._model,
            self._optimizer,
            self._callbacks,
        )


def _locked(folder: Path) -> IO[bytes]:
    """A file that this process alone holds; the lock goes with the process, however it ends."""
    import fcntl

    file = open(folder / ".lock", "ab")  # noqa: SIM115  it stays open as long as the run
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataError(f"{folder} is in use by another run; give resume= another folder") from None
    return file
