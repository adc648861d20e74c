"""Loss and metrics of each epoch in a CSV file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any

from tinygraph.callbacks.callback import Callback, Logs
from tinygraph.errors import DataError


class CSVLogger(Callback):
    """Writes a line after each epoch: its number, from 0 on, and the logs in the order of their
    names; NA for what there is not.

    With `append` the file goes on where it was, otherwise it begins anew. A resumed run goes on
    after the epochs that were complete.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._names: list[str] | None = None
        self._size: int | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._names = None
        self._size = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        first = self._names is None
        names = self._names = sorted(logs) if self._names is None else self._names
        row = [epoch, *(logs.get(name, "NA") for name in names)]
        try:
            new = self._begin(names) if first else b""
            with open(self.filename, "ab") as file:
                file.write(new + self._line(row))
                file.flush()
                self._size = file.tell()
        except OSError as error:
            raise DataError(f"cannot write {self.filename}: {error.strerror or error}") from None

    def state(self) -> dict[str, Any]:
        return {"names": self._names, "size": self._size}

    def set_state(self, state: dict[str, Any]) -> None:
        self._names, self._size = state["names"], state["size"]
        if self._size is not None and self.filename.exists():
            os.truncate(self.filename, min(self._size, self.filename.stat().st_size))

    def _begin(self, names: list[str]) -> bytes:
        """The heading; nothing if an earlier file goes on."""
        earlier = self.filename.exists() and self.filename.stat().st_size > 0
        if self.append and earlier:
            return b""
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        self.filename.unlink(missing_ok=True)
        return self._line(["epoch", *names])

    def _line(self, cells: list[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerow(cells)
        return text.getvalue().encode()
