"""Values of parameters, to files and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinygraph.errors import DataError
from tinygraph.tensor import Parameter, Tensor, assign
from tinygraph.weights.archive import load_arrays, save_arrays


@dataclass(frozen=True)
class Loaded:
    """What became of the arrays of a file."""

    where: str
    loaded: list[str] = field(default_factory=list)
    """Parameters that have new values."""
    missing: list[str] = field(default_factory=list)
    """Parameters that the file lacks."""
    unknown: list[str] = field(default_factory=list)
    """Arrays that the model has no parameter for."""
    mismatched: list[str] = field(default_factory=list)
    """Parameters of another shape or dtype than their array, with both."""

    def __str__(self) -> str:
        lines = [f"{self.where}: {len(self.loaded)} parameters loaded"]
        lines += [f"  kept as it was, shapes differ: {line}" for line in self.mismatched]
        lines += [f"  kept as it was, not in the file: {name}" for name in self.missing]
        lines += [f"  in the file only: {name}" for name in self.unknown]
        return "\n".join(lines)


def save_parameters(
    path: str | Path, parameters: Mapping[str, Parameter], notes: Any = None
) -> None:
    """Writes the values of parameters."""
    save_arrays(path, {name: p.numpy() for name, p in parameters.items()}, notes)


def load_parameters(path: str | Path, parameters: Mapping[str, Parameter]) -> Any:
    """Gives parameters the values in a file, all of them or, with a `DataError`, none.

    Returns the notes.
    """
    archive = load_arrays(path)
    assign_arrays(parameters, archive.arrays, str(path))
    return archive.notes


def assign_arrays(
    parameters: Mapping[str, Parameter],
    arrays: Mapping[str, np.ndarray],
    where: str,
    by_name: bool = False,
    skip_mismatch: bool = False,
) -> Loaded:
    """Gives parameters the values of arrays by name, all or none; `where` is for the message.

    With `by_name` those that both have. With `skip_mismatch` also those whose shapes differ are
    left as they are.
    """
    missing = [name for name in parameters if name not in arrays]
    unknown = [name for name in arrays if name not in parameters]
    common = [name for name in parameters if name in arrays]
    differ = {n: _difference(n, parameters[n], arrays[n]) for n in common}
    mismatched = [text for text in differ.values() if text]
    if (missing or unknown) and not by_name and not skip_mismatch:
        lacks = f"lacks {_some(missing)}" if missing else ""
        has = f"has {_some(unknown)}, which the model has not" if unknown else ""
        differs = f"; {mismatched[0]}" if mismatched else ""
        raise DataError(
            f"{where} does not fit: it {' and '.join(filter(None, (lacks, has)))}{differs}"
        )
    if mismatched and not skip_mismatch:
        raise DataError(f"{where} does not fit: {mismatched[0]}")
    if not common and parameters:
        raise DataError(
            f"{where} does not fit: nothing in it is called as in the model; it has "
            f"{_some([*arrays])}, the model {_some([*parameters])}"
        )
    fitting = [name for name in common if not differ[name]]
    values = [Tensor(None, np.asarray(arrays[n], order="C")) for n in fitting]
    assign([parameters[n] for n in fitting], values)
    return Loaded(where, fitting, missing, unknown, mismatched)


def _difference(name: str, parameter: Parameter, array: np.ndarray) -> str:
    """A sentence if the array does not fit the parameter, else nothing."""
    if array.shape == parameter.shape and array.dtype == parameter.dtype.numpy:
        return ""
    found = f"{array.dtype}[{','.join(map(str, array.shape))}]"
    return f"{name} is {found} there, {parameter.type} in the model"


def _some(names: Iterable[str]) -> str:
    names = [*names]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
