"""A damaged or unusable cache: compiled anew, never trusted, never an error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

STEP = """
import json, sys
import numpy as np
import tinygraph as tg
import tinygraph_llvm

compiled = []
llvm = sys.modules["tinygraph_llvm.backend"]
render = llvm.render
def counted(kernel, name):
    compiled.append(name)
    return render(kernel, name)
llvm.render = counted

w = tg.parameter(np.linspace(-1, 1, 3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4))
x = np.linspace(-2, 2, 2 * 9 * 7 * 2, dtype=np.float32).reshape(2, 9, 7, 2)

@tg.jit(backend="llvm", threads=1)
def step(x):
    loss = (tg.relu(tg.conv2d(x, w, padding="same")) ** 2).mean()
    w.assign(w - 0.1 * tg.grad(loss, w))
    return loss

losses = [float(step(x)).hex() for _ in range(3)]
cache = tinygraph_llvm.backend.cache
print(json.dumps({
    "losses": losses, "weights": w.numpy().tobytes().hex(), "compiled": len(compiled),
    "kernels": len(set(step.compiled(x).executable.digests)),
    "directory": str(cache.directory), "disabled": cache.disabled,
}))
"""


def run(cache_home: Path) -> dict[str, Any]:
    """What a fresh process computes that keeps its cache below `cache_home`."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache_home), "HOME": str(cache_home)}
    done = subprocess.run(
        [sys.executable, "-c", STEP],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def numbers(result: dict[str, Any]) -> tuple[Any, Any]:
    return result["losses"], result["weights"]


def entries(result: dict[str, Any]) -> list[Path]:
    return sorted(Path(result["directory"]).glob("*.object"))


def damaged(content: bytes, how: str) -> bytes:
    """The content of a cache file after an accident."""
    flipped = bytearray(content)
    match how:
        case "a byte of the code":
            flipped[-len(content) // 3] ^= 0x40
            return bytes(flipped)
        case "a byte of the digest":
            flipped[10] ^= 1
            return bytes(flipped)
        case "cut off":
            return content[: len(content) // 2]
        case "empty":
            return b""
        case "zeros":
            return bytes(len(content))
    raise ValueError(how)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A cache folder that one process has filled, and what that process computed."""
    home = tmp_path_factory.mktemp("home")
    result = run(home)
    assert result["compiled"] == result["kernels"] == len(entries(result))
    return home, result


def test_a_whole_cache_is_used(first: tuple[Path, dict[str, Any]]) -> None:
    home, before = first
    after = run(home)
    assert after["compiled"] == 0
    assert numbers(after) == numbers(before)


@pytest.mark.parametrize(
    "how", ["a byte of the code", "a byte of the digest", "cut off", "empty", "zeros"]
)
def test_damaged_entries_are_compiled_again(first: tuple[Path, dict[str, Any]], how: str) -> None:
    home, before = first
    files = entries(before)
    wholes = [file.read_bytes() for file in files]
    for file, whole in zip(files, wholes, strict=True):
        file.write_bytes(damaged(whole, how))
    after = run(home)
    assert after["compiled"] == before["kernels"]
    assert numbers(after) == numbers(before)
    assert [file.read_bytes() for file in files] == wholes, "whole again"


def test_swapped_entries_are_not_believed(first: tuple[Path, dict[str, Any]]) -> None:
    home, before = first
    one, other, *_ = entries(before)
    contents = one.read_bytes(), other.read_bytes()
    other.write_bytes(contents[0])
    one.write_bytes(contents[1])
    after = run(home)
    assert after["compiled"] == 2
    assert numbers(after) == numbers(before)


@pytest.mark.parametrize("obstacle", ["a file in its place", "others can write", "no permission"])
def test_an_unusable_directory_means_no_cache(
    first: tuple[Path, dict[str, Any]], tmp_path: Path, obstacle: str
) -> None:
    place = tmp_path / "tinygraph"
    if obstacle == "a file in its place":
        place.write_text("not a directory")
    else:
        place.mkdir()
        place.chmod(0o777 if obstacle == "others can write" else 0o500)
    result = run(tmp_path)
    assert numbers(result) == numbers(first[1])
    assert result["compiled"] == result["kernels"]
    if obstacle == "no permission" and os.geteuid() == 0:
        return  # root may write everywhere
    assert place.is_file() or not list(place.iterdir())
    if obstacle != "no permission":
        assert str(place) in result["disabled"], "which doctor shows"


def test_values_are_right_too(first: tuple[Path, dict[str, Any]]) -> None:
    import tinygraph as tg

    w = np.linspace(-1, 1, 3 * 3 * 2 * 4, dtype=np.float32).reshape(3, 3, 2, 4)
    x = np.linspace(-2, 2, 2 * 9 * 7 * 2, dtype=np.float32).reshape(2, 9, 7, 2)
    loss = (tg.relu(tg.conv2d(x, w, padding="same")) ** 2).mean()
    assert float.fromhex(first[1]["losses"][0]) == pytest.approx(float(loss), rel=1e-5)
