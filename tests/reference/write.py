"""Writes torch.npz: what torch computes for the cases, in float64, for machines without torch.

    python tests/reference/write.py

The same torch, numpy and seed write the same file.
"""

from __future__ import annotations

import numpy as np
import reference_torch
import torch
from reference_arrays import FILE, SEED, Stored, named
from reference_cases import CASES, DESCENTS


def computed(seed: int) -> Stored:
    """All cases, by torch."""
    arrays: dict[str, np.ndarray] = {}
    for name, case in CASES.items():
        inputs = case.arrays(seed)
        value, upstream, gradients = reference_torch.value_and_gradients(
            case, inputs, lambda shape, case=case: case.upstream(shape, seed)
        )
        found = named(inputs, upstream, value, gradients)
        arrays |= {f"{name}/{key}": array for key, array in found.items()}
    for name, descent in DESCENTS.items():
        rng = np.random.default_rng([seed, *name.encode()])
        start, width = rng.uniform(-1, 1, (3, 4)), rng.uniform(0.1, 1, (3, 4))
        places = reference_torch.path(descent, start, width)
        found = {"start": start, "width": width, "places": places}
        arrays |= {f"{name}/{key}": array for key, array in found.items()}
    versions = {"torch": torch.__version__.partition("+")[0], "numpy": np.__version__}
    return Stored(arrays, {**versions, "seed": seed, "cases": len(CASES) + len(DESCENTS)})


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    stored = computed(SEED)
    stored.write()
    print(f"{FILE}: {FILE.stat().st_size / 1000:.0f} kB, {stored.notes}")
