"""The file of arrays that torch computed, and comparing with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from reference_cases import STEPS, Case, Descent, valley

import tinygraph as tg
from tinygraph.types import dtype_of

FILE = Path(__file__).with_name("torch.npz")
SEED = 20


@dataclass(frozen=True)
class Stored:
    """What torch computed, and notes: the versions and the seed it was computed with."""

    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]

    @staticmethod
    def read() -> Stored:
        with np.load(FILE) as file:
            arrays = dict(file)
        return Stored(arrays, json.loads(str(arrays.pop("notes"))))

    def write(self) -> None:
        np.savez_compressed(FILE, notes=np.array(json.dumps(self.notes)), **self.arrays)

    def of(self, name: str) -> dict[str, np.ndarray]:
        """The arrays of one case."""
        start = f"{name}/"
        return {key[len(start) :]: a for key, a in self.arrays.items() if key.startswith(start)}


def named(
    inputs: list[np.ndarray], upstream: np.ndarray, value: np.ndarray, gradients: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """The arrays of a case by the names they are stored under."""
    return {
        **{f"input {k}": a for k, a in enumerate(inputs)},
        "upstream": upstream,
        "value": value,
        **{f"gradient {k}": a for k, a in enumerate(gradients)},
    }


def ours(case: Case, arrays: dict[str, np.ndarray], backend: str, dtype: str) -> dict[str, Any]:
    """Value and gradients by tinygraph."""
    inputs = [_cast(a, dtype) for key, a in arrays.items() if key.startswith("input")]

    @tg.jit(backend=backend)
    def run(*given: tg.Tensor) -> tuple[tg.Tensor, list[tg.Tensor]]:
        *xs, upstream = given
        y = case.ours(*xs)
        floats = [x for x in xs if x.dtype.is_float]
        return y, tg.grad((y * upstream).sum(), floats)

    value, gradients = run(*inputs, _cast(arrays["upstream"], dtype))
    found = {f"gradient {k}": g.numpy() for k, g in enumerate(gradients)}
    return {"value": value.numpy(), **found}


def our_path(
    descent: Descent, start: np.ndarray, width: np.ndarray, backend: str, dtype: str
) -> np.ndarray:
    """Where our optimizer is after each step."""
    x = tg.parameter(start, dtype=dtype)
    optimizer = descent.ours([x])

    @tg.jit(backend=backend)
    def step(width: tg.Tensor) -> tg.Tensor:
        loss = valley(x, width)
        optimizer.apply(tg.grad(loss, [x]))
        return loss

    places = []
    for _ in range(STEPS):
        step(_cast(width, dtype))
        places.append(x.numpy())
    return np.stack(places)


def compare(found: np.ndarray, right: np.ndarray, dtype: str, what: str) -> None:
    """Equal up to the rounding of `dtype`, relative to the largest element."""
    assert found.dtype == dtype_of(dtype).numpy
    assert found.shape == right.shape
    largest = max(np.max(np.abs(right), initial=0), 1e-3)
    error = float(np.max(np.abs(found - right), initial=0) / largest)
    limit = 2e-4 if dtype == "float32" else 1e-11
    assert error <= limit, f"{what} is wrong by {error:.1e} of its largest element"


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(dtype) if array.dtype.kind == "f" else array
