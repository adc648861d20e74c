"""Against PyTorch: with arrays that it computed once, always; with itself where it is installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reference_arrays import FILE, SEED, Stored, compare, named, our_path, ours
from reference_cases import CASES, DESCENTS

STORED = Stored.read()
TORCH = f"PyTorch {STORED.notes['torch']}"
WAYS = [("numpy", "float64"), ("llvm", "float64"), ("llvm", "float32")]
Record = Callable[[str, object], None]

each_way = pytest.mark.parametrize(("backend", "dtype"), WAYS, ids=map(" ".join, WAYS))


def check(name: str, arrays: dict[str, np.ndarray], backend: str, dtype: str) -> None:
    for key, found in ours(CASES[name], arrays, backend, dtype).items():
        compare(found, arrays[key], dtype, f"{key} of {name}")


@each_way
@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str, backend: str, dtype: str, record_property: Record) -> None:
    check(name, STORED.of(name), backend, dtype)
    record_property("compared", f"stored arrays of {TORCH}: {backend} in {dtype}")


@each_way
@pytest.mark.parametrize("name", DESCENTS)
def test_optimizers(name: str, backend: str, dtype: str, record_property: Record) -> None:
    stored = STORED.of(name)
    found = our_path(DESCENTS[name], stored["start"], stored["width"], backend, dtype)
    compare(found, stored["places"], dtype, name)
    record_property("compared", f"stored arrays of {TORCH}: {backend} in {dtype}")


def test_the_file_is_small_and_whole() -> None:
    assert FILE.stat().st_size < 1_000_000
    assert {key.partition("/")[0] for key in STORED.arrays} == {*CASES, *DESCENTS}
    assert STORED.notes["seed"] == SEED


def test_the_file_is_of_the_torch_that_is_compared_with() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    (pinned,) = re.findall(r'"torch==([\d.]+)"', project)
    assert STORED.notes["torch"] == pinned, "python tests/reference/write.py writes it anew"


def test_a_wrong_number_is_noticed() -> None:
    arrays = STORED.of("conv2d")
    arrays["gradient 1"] = arrays["gradient 1"] * 1.001
    with pytest.raises(AssertionError, match=r"gradient 1 of conv2d is wrong by 1\.0e-03"):
        check("conv2d", arrays, "llvm", "float32")


@pytest.mark.reference
def test_the_stored_arrays_are_what_torch_says() -> None:
    from write import computed

    now = computed(SEED).arrays
    assert set(now) == set(STORED.arrays)
    for key, array in now.items():
        np.testing.assert_allclose(STORED.arrays[key], array, rtol=1e-12, atol=1e-12, err_msg=key)


@pytest.mark.reference
@each_way
@pytest.mark.parametrize("name", CASES)
def test_other_inputs_with_torch_itself(
    name: str, backend: str, dtype: str, record_property: Record
) -> None:
    import reference_torch
    import torch

    case = CASES[name]
    for seed in range(3):
        inputs = case.arrays(seed)
        value, upstream, gradients = reference_torch.value_and_gradients(
            case, inputs, lambda shape, seed=seed: case.upstream(shape, seed)
        )
        check(name, named(inputs, upstream, value, gradients), backend, dtype)
    record_property("compared", f"PyTorch {torch.__version__} itself: {backend} in {dtype}")
