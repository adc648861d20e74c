"""`tg.jit`: a function that is traced and compiled once for each kind of input."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import RLock
from types import MethodType
from typing import Any, overload

import numpy as np

from tinygraph.backend import Backend, find_backend
from tinygraph.compile.interrupts import not_lost
from tinygraph.compile.signature import described, flatten, places
from tinygraph.compile.step import Compiled
from tinygraph.compile.tracing import Traced, trace_function
from tinygraph.errors import BackendUnavailable, CompileError, TinygraphError, TraceError
from tinygraph.graph import Graph, origin_here, place_of
from tinygraph.trace import current_trace


class Jitted:
    """A compiled function. `graph`, `program` and `source` show what it became for given inputs."""

    __name__: str

    def __init__(
        self,
        fn: Callable[..., Any],
        backend: str | Backend,
        threads: int | None,
        example: Sequence[Any] | None,
        keep: int,
    ) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.backend = backend
        self.threads = threads
        self.example = None if example is None else tuple(example)
        self.announces = True
        """Whether compiling again is worth a line on the log."""
        self._name = getattr(fn, "__name__", "function")
        self._keep = keep
        self._compiled: OrderedDict[Hashable, Compiled] = OrderedDict()
        self._last_call: dict[str, str] | None = None
        self._lock = RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns; inside another traced function it becomes part of that."""
        if current_trace() is not None:
            return self.fn(*args, **kwargs)
        arrays: list[np.ndarray] = []
        key = flatten((args, kwargs) if kwargs else args, arrays)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = self._compile(key, args, kwargs)
        else:
            self._compiled.move_to_end(key)
        return compiled(arrays)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<jitted {self._name}, {self._backend_name()}>"

    def traced(self, *inputs: Any) -> Traced:
        """What the function computes for such inputs; for its `example` without any."""
        return trace_function(self.fn, self._inputs(inputs), {}, self._name)

    def graph(self, *inputs: Any) -> Graph:
        """The graph for such inputs, as traced; for its `example` without any."""
        return self.traced(*inputs).graph

    def program(self, *inputs: Any) -> Any:
        """What the backend compiles for such inputs: a program, or a graph if it lowers nothing."""
        return self.compiled(*inputs).work

    def source(self, stage: str, *inputs: Any) -> str:
        """The text of a stage for such inputs: "graph", or one that the backend has."""
        compiled = self.compiled(*inputs)
        if stage == "graph":
            return str(compiled.traced.graph)
        if compiled.executable is None:
            raise CompileError(f"{self._name} computes nothing, so there is no stage {stage!r}")
        return compiled.executable.source(stage)

    def compiled(self, *inputs: Any) -> Compiled:
        """The compiled program for such inputs; for its `example` without any."""
        args = self._inputs(inputs)
        key = flatten(args, [])
        return self._compiled.get(key) or self._compile(key, args, {})

    def _inputs(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return inputs or self.example or ()

    def _compile(self, key: Hashable, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Compiled:
        with self._lock:
            if key in self._compiled:
                return self._compiled[key]
            call = {p: described(v) for p, v in places(self.fn, args, kwargs).items()}
            self._announce(call)
            backend = find_backend(self.backend) if isinstance(self.backend, str) else self.backend
            with not_lost():
                traced = trace_function(self.fn, args, kwargs, self._name)
                compiled = Compiled(traced, backend, self.threads)
            self._compiled[key] = compiled
            self._last_call = call
            if len(self._compiled) > self._keep:
                self._compiled.popitem(last=False)
            return compiled

    def _announce(self, call: dict[str, str]) -> None:
        """Says what made it compile again, so that nobody waits without knowing why."""
        before = self._last_call
        if before is None or not self.announces:
            return
        places = [p for p in {**before, **call} if before.get(p) != call.get(p)]
        changes = [
            f"{p} was {before.get(p, 'not there')}, is {call.get(p, 'not there')}" for p in places
        ]
        reason = "; ".join(changes[:3]) or "an object among its arguments is another"
        import logging  # slow to import, and seldom needed

        logging.getLogger("tinygraph").warning("%s is compiled again: %s", self._name, reason)

    def _backend_name(self) -> str:
        return self.backend if isinstance(self.backend, str) else self.backend.name


@overload
def jit(
    fn: Callable[..., Any],
    *,
    backend: str | Backend = ...,
    threads: int | None = ...,
    example: Sequence[Any] | None = ...,
    keep: int = ...,
) -> Jitted: ...
@overload
def jit(
    *,
    backend: str | Backend = ...,
    threads: int | None = ...,
    example: Sequence[Any] | None = ...,
    keep: int = ...,
) -> Callable[[Callable[..., Any]], Jitted]: ...
def jit(
    fn: Callable[..., Any] | None = None,
    *,
    backend: str | Backend = "llvm",
    threads: int | None = None,
    example: Sequence[Any] | None = None,
    keep: int = 16,
) -> Any:
    """Compiles `fn`, once for each kind of input: `@tg.jit` or `tg.jit(fn, backend="numpy")`.

    Tensors and arrays among the arguments (in tuples, lists and dicts too) are inputs. Other
    arguments are part of the program: another number there compiles again, and a line on the log
    says so. A tensor from outside is an input with the value it had; a parameter is bound, so the
    program sees its value at the call, and `parameter.assign(...)` in `fn` updates it when the
    program has run.

    `threads` None means as many as the machine has. `example` are inputs for tools that show the
    function. At most `keep` programs are kept, those used last.
    """
    if fn is None:
        return functools.partial(jit, backend=backend, threads=threads, example=example, keep=keep)
    _check(fn, backend, threads)
    return Jitted(fn, backend, threads, example, keep)


def _check(fn: Any, backend: Any, threads: Any) -> None:
    here = place_of(origin_here())
    if not callable(fn):
        raise TraceError(f"jit compiles functions, got a {type(fn).__name__}{here}")
    if not isinstance(backend, str | Backend):
        raise BackendUnavailable(
            f"backend= takes a name, or an object with name, target and compile; got {backend!r}"
            f"{here}"
        )
    whole = isinstance(threads, int) and not isinstance(threads, bool)
    if threads is not None and not (whole and threads >= 1):
        raise TinygraphError(
            f"threads= takes None or a number of at least 1, got {threads!r}{here}"
        )
