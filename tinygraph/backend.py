"""What a backend is, and finding those that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from tinygraph.errors import BackendUnavailable

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from tinygraph.graph import Graph
    from tinygraph.lowering import Program, Target

GROUP = "tinygraph.backends"
"""The entry points that name backends. Any package may have some."""


Progress = Callable[[int, int], None]
"""Told while something is compiled: how many parts are ready, of how many."""


@runtime_checkable
class Executable(Protocol):
    """Compiled work, ready to run."""

    def run(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> None:
        """Fills every output array. All arrays are C-contiguous and in the graph's order."""
        ...

    def source(self, stage: str) -> str:
        """The text of a stage, such as "loops", "llvm" or "assembly"."""
        ...


@runtime_checkable
class Backend(Protocol):
    """Something that makes work executable."""

    @property
    def name(self) -> str:
        """What `backend=` calls it."""
        ...

    @property
    def target(self) -> Target | None:
        """The machine to lower programs for; None for a backend that takes the graph itself."""
        ...

    def compile(
        self, work: Graph | Program, threads: int | None, on_progress: Progress | None = None
    ) -> Executable:
        """Makes a graph (without a target) or a program executable.

        `threads` None means as many as there are. `on_progress` may be told how far it is.
        """
        ...


@runtime_checkable
class Readable(Executable, Protocol):
    """An executable that shows the text of each kernel. Optional, for `tg.stages`.

    Its backend names the texts there are in an attribute `stages`, such as ("llvm", "assembly").
    """

    def source_of(self, number: int, stage: str) -> str:
        """The text of a stage for one call of the program."""
        ...


@runtime_checkable
class Profiled(Executable, Protocol):
    """An executable that says where its time goes. Optional, for `tinygraph bench --profile`."""

    def profile(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray]) -> list[int]:
        """One run, call after call; the nanoseconds that each took."""
        ...


@runtime_checkable
class Described(Backend, Protocol):
    """A backend that tells about itself. Optional, for `tinygraph doctor`."""

    def describe(self) -> dict[str, str]:
        """What it runs on and keeps, such as "machine", "threads", "cache"."""
        ...

    def clear_cache(self) -> int:
        """Removes what it keeps on disk; returns how many entries there were."""
        ...


_loaded: dict[str, Backend] = {}


def find_backend(name: str) -> Backend:
    """The installed backend called `name`.

    A `BackendUnavailable` says what is missing and how to get it.
    """
    if name not in _loaded:
        _loaded[name] = _load(_entry(name))
    return _loaded[name]


def backends() -> dict[str, str]:
    """Every backend there is an entry for: "ready", or what it lacks."""
    return {name: _state(entry) for name, entry in sorted(_entries().items())}


def _entries() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # slow to import

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _entry(name: str) -> EntryPoint:
    entries = _entries()
    if not entries:
        raise BackendUnavailable("no backend is installed: pip install -e .")
    if name not in entries:
        known = ", ".join(sorted(entries))
        raise BackendUnavailable(f"there is no backend {name!r}; installed are {known}")
    return entries[name]


def _load(entry: EntryPoint) -> Backend:
    try:
        found: Any = entry.load()
    except AttributeError as error:
        raise BackendUnavailable(f"the {entry.name} backend is not whole: {error}") from error
    except ImportError as error:
        missing = error.name or str(error)
        if missing.partition(".")[0] in (entry.module.partition(".")[0], "tinygraph"):
            raise BackendUnavailable(
                f"the {entry.name} backend is installed wrongly: {error}"
            ) from error
        raise BackendUnavailable(
            f"the {entry.name} backend needs {missing}: {_command(entry, missing)}"
        ) from error
    except BackendUnavailable:
        raise
    except Exception as error:  # whatever is wrong in a plug-in, the other backends work
        raise BackendUnavailable(
            f"the {entry.name} backend fails when it is loaded: {type(error).__name__}: {error}"
        ) from error
    if isinstance(found, type) or not isinstance(found, Backend):
        raise BackendUnavailable(
            f"{entry.value} is no backend: it needs name, target and compile, and is an object, "
            "no class; see tinygraph.backend"
        )
    return found


def _command(entry: EntryPoint, missing: str) -> str:
    """What installs what a backend lacks: its package's extra if there is one, else the module."""
    extras = entry.dist.metadata.get_all("Provides-Extra") or [] if entry.dist else []
    if entry.dist and entry.name in extras:
        return f'pip install "{entry.dist.name}[{entry.name}]"'
    return f"pip install {missing.partition('.')[0]}"


def _state(entry: EntryPoint) -> str:
    try:
        find_backend(entry.name)
    except BackendUnavailable as error:
        return str(error)
    return "ready"
