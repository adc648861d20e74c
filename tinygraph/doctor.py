"""What is installed, what works, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from statistics import median

import numpy as np

from tinygraph.backend import Described, backends, find_backend
from tinygraph.compile import jit
from tinygraph.errors import BackendUnavailable, TinygraphError
from tinygraph.functional import matmul, relu
from tinygraph.tensor import from_array

NEVER = {"test", "dev", "all"}
"""Extras that no user needs, or that only gather others."""


@dataclass(frozen=True)
class Finding:
    """One line of the report. `remedy` is a command, where something is missing or wrong."""

    topic: str
    name: str
    state: str
    good: bool = True
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """All findings, one after the other; the last ones compile and run something."""
    yield from _system()
    yield from _packages()
    yield from _drawing()
    found = backends()
    if not found:
        yield Finding("backends", "state", "no backend is installed", False, "pip install -e .")
    for name, state in found.items():
        yield from _backend(name, state)


def clear_caches() -> dict[str, int]:
    """Empties what backends keep on disk; how many entries each had."""
    ready = [find_backend(name) for name, state in backends().items() if state == "ready"]
    return {b.name: b.clear_cache() for b in ready if isinstance(b, Described)}


def _system() -> Iterator[Finding]:
    yield Finding("system", "Python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("system", "platform", platform.platform())
    yield Finding("system", "processor", _processor())
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding("system", "cores", f"{usable} of {os.cpu_count()} may be used")


def _processor() -> str:
    """Its name as people know it, where the system tells."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith(("model name", "Model")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _packages() -> Iterator[Finding]:
    """The distribution's own list: what it needs, then each extra."""
    try:
        wanted = requires("tinygraph") or []
        yield Finding("packages", "tinygraph", version("tinygraph"))
    except PackageNotFoundError:
        yield Finding("packages", "tinygraph", "not installed", False, "pip install -e .")
        return
    yield _import_time()
    seen: set[str] = set()
    for text in wanted:
        name = re.split(r"[^\w.-]", text, maxsplit=1)[0]
        extra = _extra(text)
        if extra in NEVER or name == "tinygraph" or name in seen:
            continue
        seen.add(name)
        yield _package(name, extra, text)


def _import_time() -> Finding:
    """How long `import tinygraph` takes, and `import numpy`, which is most of it."""
    ratio, seconds = import_ratio()
    text = f"{seconds * 1e3:.0f} ms, {ratio:.2f} times as long as importing NumPy alone"
    return Finding("packages", "import", text)


def import_ratio(repeats: int = 5) -> tuple[float, float]:
    """The median of `import tinygraph` over `import numpy`, and the seconds of the former.

    In fresh interpreters, with bytecode as an installed package has it. Each import of ours stands
    between two of NumPy's and is compared with these alone: a busy machine may be twice as slow a
    second later.
    """
    ratios, seconds = [], []
    with tempfile.TemporaryDirectory() as folder:
        _import_seconds("tinygraph", folder)  # writes the bytecode
        for _ in range(repeats):
            before, ours, after = (
                _import_seconds(m, folder) for m in ("numpy", "tinygraph", "numpy")
            )
            ratios.append(2 * ours / (before + after))
            seconds.append(ours)
    return median(ratios), median(seconds)


def _import_seconds(module: str, bytecode: str) -> float:
    code = f"from time import perf_counter as t; s = t(); import {module}; print(t() - s)"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = bytecode
    command = [sys.executable, "-c", code]
    return float(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def _extra(requirement: str) -> str:
    found = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", requirement)
    return found[1] if found else ""


def _package(name: str, extra: str, requirement: str) -> Finding:
    topic = f"for {extra}" if extra else "packages"
    command = f'pip install "tinygraph[{extra}]"' if extra else f"pip install {name}"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(topic, name, "not installed", bool(extra), command)
    least = re.search(r">=\s*([\d.]+)", requirement)
    if least and _number(found) < _number(least[1]):
        upgrade = f'pip install "{name}>={least[1]}"'
        return Finding(topic, name, f"{found} is too old", False, upgrade)
    return Finding(topic, name, found)


def _number(text: str) -> tuple[int, ...]:
    """The leading numbers of a version, to compare."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def _drawing() -> Iterator[Finding]:
    """The program that lays graphs out."""
    from tinygraph.draw.render import layout_program

    try:
        yield Finding("drawing", "layout", layout_program())
    except TinygraphError as error:
        yield Finding("drawing", "layout", str(error), False, "pip install graphviz-pure")


def _backend(name: str, state: str) -> Iterator[Finding]:
    topic = f"backend {name}"
    if state != "ready":
        message, _, command = state.partition(": ")
        yield Finding(topic, "state", message, False, command)
        return
    backend = find_backend(name)
    if isinstance(backend, Described):
        for what, text in backend.describe().items():
            off = text.startswith("cache off")
            yield Finding(topic, what, text, not off)
    try:
        yield Finding(topic, "self check", _self_check(name))
    except BackendUnavailable as error:
        yield Finding(topic, "self check", str(error), False)
    except TinygraphError as error:
        yield Finding(topic, "self check", f"fails: {error}", False)


def _self_check(name: str) -> str:
    """Compiles and runs one small kernel and compares it with NumPy."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, np.float32) for shape in ((33, 17), (17, 29)))
    start = time.perf_counter()
    got = jit(lambda x, y: relu(matmul(x, y)), backend=name)(from_array(a), from_array(b)).numpy()
    spent = time.perf_counter() - start
    error = float(np.abs(got - np.maximum(a @ b, 0)).max())
    if not error <= 1e-4:
        raise TinygraphError(f"relu(x @ y) differs from NumPy by {error:.1e}")
    return f"relu(x @ y) agrees with NumPy (within {error:.0e}), compiled and run in {spent:.2f} s"
