"""Running a program of kernels natively: the pool of threads, and programs ready to run.

The work is done by `runtime.ll`; this module prepares its data structures once, so that a run is
one call with three addresses.

Any number of Python threads may run programs. Runs on one thread go on side by side; runs on many
threads take turns, as each of them uses the whole pool.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinygraph.errors import CompileError, TinygraphError

from .machine import machine
from .objects import Code, object_file

Slots = ctypes.Array[ctypes.c_uint64] | npt.NDArray[np.uint64] | npt.NDArray[np.int64]
"""Base addresses: a ctypes array of c_uint64 (fastest), or a contiguous NumPy array of 64 bits."""


@dataclass(frozen=True)
class NativeCall:
    """One call of a kernel.

    `kernel` is the address of `void kernel(ptr pointers, i64 task)`, run for each task in
    range(tasks). Pointer i is the address in slot `operands[i][0]` plus `operands[i][1]` bytes.
    With `barrier` no task starts before all tasks of all earlier calls are finished; without, the
    call may overlap with the calls before it, back to the last barrier.
    """

    kernel: int
    tasks: int
    operands: tuple[tuple[int, int], ...]
    barrier: bool = True


class NativeProgram:
    """Calls in order, ready to run on up to `threads` threads.

    A `quick` program, one of a few microseconds, keeps the interpreter lock and does not look for
    signals; any other gives up the lock and can be interrupted between two tasks. `code` is kept
    alive as long as the program. The results do not depend on `threads`.

    `lock` is held during a run; hold it yourself, around `run`, while you prepare memory that
    several Python threads would share. It may be taken again by the thread that holds it, so check
    `running` before preparing anything: it is true in a signal handler that interrupted a run.
    """

    def __init__(
        self,
        calls: Sequence[NativeCall],
        threads: int = 1,
        quick: bool = False,
        code: object = None,
    ) -> None:
        if threads < 1:
            raise ValueError(f"a program needs at least 1 thread, got {threads}")
        self.calls = tuple(calls)
        self.threads = threads
        self.slots = _check(self.calls)
        self.lock = threading.RLock()
        self._code = code
        self._tables = _Tables(self.calls, every_barrier=False)
        self._native = self._tables.program(threads, quick)
        self._address = ctypes.addressof(self._native)
        self._run = _native().run
        _programs.add(self)

    @property
    def running(self) -> bool:
        """Whether a run is going on (in another thread, or interrupted by a signal handler)."""
        return bool(self._native.running)

    def new_slots(self) -> ctypes.Array[ctypes.c_uint64]:
        """An array of the right size for `run`, all zero."""
        return (ctypes.c_uint64 * self.slots)()

    def run(self, slots: Slots) -> None:
        """Runs all calls; `slots` holds the base addresses that their operands refer to.

        KeyboardInterrupt, or what else a signal handler raises, ends the run early; it leaves the
        memory written so far as it is. TinygraphError if the program is already running, which
        only a signal handler can bring about.
        """
        address = _slots_address(slots, self.slots)
        with self.lock:
            self._start(self._address, address)

    def profile(self, slots: Slots) -> list[int]:
        """Runs all calls one after the other; returns the time that each took, in ns.

        A time reaches from the end of the call before to the end of the call, so the times add up
        to the whole.
        """
        tables = _Tables(self.calls, every_barrier=True)
        program = tables.program(self.threads, quick=False)
        times = np.zeros(len(self.calls) + 1, np.int64)
        program.profile = times.ctypes.data
        address = _slots_address(slots, self.slots)
        with self.lock:
            if self.running:
                raise TinygraphError(_RUNNING)
            self._native.running = 1
            try:
                self._start(ctypes.addressof(program), address)
            finally:
                self._native.running = 0
        ends = np.maximum.accumulate(times)  # A call without tasks leaves no time of its own.
        return [int(duration) for duration in np.diff(ends)]

    def _start(self, program: int, slots: int) -> None:
        if self.threads == 1:
            _report(self._run(program, slots, None))
            return
        pool = current_pool()
        with pool.lock:
            if pool.threads < self.threads:
                pool.grow(self.threads)
            _report(self._run(program, slots, pool.address))


class Pool:
    """The threads of this process that run programs beside the caller.

    They are native, never hold the interpreter lock, sleep when there is nothing to do, and live
    until the process ends.
    """

    most = 1024

    def __init__(self) -> None:
        self.lock = threading.RLock()
        line = ctypes.sizeof(_NativePool)
        self._memory = _immortal(line + self.most * _WORKER_BYTES)
        self.address = self._memory
        self._native = _NativePool.from_address(self.address)
        self._refused = False

    @property
    def threads(self) -> int:
        """How many threads a run can use, the caller included."""
        return int(self._native.workers) + 1

    def grow(self, threads: int) -> None:
        """Starts workers until `threads` threads can run, or the system allows no more."""
        if self._refused:
            return
        with _signals_blocked():
            while self.threads < min(threads, self.most + 1):
                if _native().add_worker(self.address) != 0:
                    self._refused = True
                    return

    def abandon(self) -> None:
        """Ends a run whose threads are gone: those of the parent, seen from a forked child."""
        self._native.next = 2**63 - 1
        for index in range(self._native.workers):
            at = self.address + ctypes.sizeof(_NativePool) + index * _WORKER_BYTES
            ctypes.c_int64.from_address(at).value = 0


def current_pool() -> Pool:
    """The pool of this process; a forked child gets one of its own."""
    global _pool
    if _pool is None:
        with _pool_lock:
            _pool = _pool or Pool()
    return _pool


_pool: Pool | None = None
_pool_lock = threading.Lock()
_programs: weakref.WeakSet[NativeProgram] = weakref.WeakSet()

_RUNNING = "this program is already running: a signal handler cannot run what it interrupted"


def _after_fork_in_child() -> None:
    """The child has one thread: no worker of the parent's, and nobody to release a lock."""
    global _pool, _pool_lock
    if _pool:
        _pool.abandon()
    _pool, _pool_lock = None, threading.Lock()
    for program in list(_programs):
        program.lock = threading.RLock()
        program._native.running = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


# ------------------------------------------------------------------------------- data of runtime.ll


class _NativeProgramData(ctypes.Structure):
    """%Program of runtime.ll."""

    _fields_ = [
        ("calls", ctypes.c_void_p),
        ("call_count", ctypes.c_int64),
        ("tasks", ctypes.c_int64),
        ("operands", ctypes.c_void_p),
        ("most_operands", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("flags", ctypes.c_int64),
        ("profile", ctypes.c_void_p),
        ("running", ctypes.c_int64),
    ]


class _NativePool(ctypes.Structure):
    """%Pool of runtime.ll without its workers."""

    _fields_ = [
        ("next", ctypes.c_int64),
        ("_next_line", ctypes.c_int64 * 15),
        ("done", ctypes.c_int64),
        ("_done_line", ctypes.c_int64 * 15),
        ("program", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
        ("workers", ctypes.c_int64),
        ("running", ctypes.c_int64),
        ("_rest", ctypes.c_int64 * 12),
    ]


_WORKER_BYTES = 128
_QUICK = 1
_MOST_OPERANDS = 4096


class _Tables:
    """The arrays of %Call and %Operand of a program."""

    def __init__(self, calls: Sequence[NativeCall], every_barrier: bool) -> None:
        self.tasks = sum(call.tasks for call in calls)
        self.most_operands = max((len(call.operands) for call in calls), default=0)
        self.operands = np.array(
            [operand for call in calls for operand in call.operands], np.int64
        ).reshape(-1, 2)
        rows: list[tuple[int, ...]] = []
        first = needs = operand = 0
        for call in calls:
            if call.barrier or every_barrier:
                needs = first
            end = first + call.tasks
            rows.append((call.kernel, first, end, needs, operand, len(call.operands)))
            first, operand = end, operand + len(call.operands)
        self.calls = np.array(rows, np.int64).reshape(-1, 6)

    def program(self, threads: int, quick: bool) -> _NativeProgramData:
        """%Program over these arrays, which must outlive it."""
        return _NativeProgramData(
            calls=self.calls.ctypes.data,
            call_count=len(self.calls),
            tasks=self.tasks,
            operands=self.operands.ctypes.data,
            most_operands=max(1, self.most_operands),
            threads=threads,
            flags=_QUICK if quick else 0,
        )


def _check(calls: Sequence[NativeCall]) -> int:
    """The number of slots that the calls refer to; CompileError for what cannot be run."""
    for call in calls:
        if not call.kernel or call.tasks < 0 or len(call.operands) > _MOST_OPERANDS:
            raise CompileError(
                "a call needs a kernel, a number of tasks and at most"
                f" {_MOST_OPERANDS} operands, got {call}"
            )
        if any(slot < 0 for slot, _ in call.operands):
            raise CompileError(f"slots count from 0, got {call}")
    return 1 + max((slot for call in calls for slot, _ in call.operands), default=-1)


def _slots_address(slots: Slots, count: int) -> int:
    """Where the base addresses are; ValueError unless there are at least `count` of them."""
    if len(slots) < count:
        raise ValueError(f"the program has {count} slots, got {len(slots)} addresses")
    if isinstance(slots, ctypes.Array):
        if slots._type_ is not ctypes.c_uint64:
            raise ValueError(f"slots are c_uint64, got {slots._type_.__name__}")
        return ctypes.addressof(slots)
    if slots.dtype.kind not in "iu" or slots.dtype.itemsize != 8 or not slots.flags.c_contiguous:
        raise ValueError(f"slots are a contiguous array of 64-bit integers, got {slots.dtype}")
    return slots.ctypes.data


def _report(status: int) -> None:
    """Turns a status of tg_run other than success into an error."""
    if status == 0:
        return
    if status == 2:
        raise TinygraphError(_RUNNING)
    # With status 1 a signal handler's exception was raised instead, except for one case.
    raise TinygraphError("the run was given up: the process was forked in the middle of it")


# ------------------------------------------------------------------------------- loading runtime.ll


@dataclass(frozen=True)
class _Native:
    """The functions of runtime.ll, called with the interpreter lock held."""

    run: Callable[[int, int, int | None], int]
    add_worker: Callable[[int], int]


_PYTHON = (
    "PyEval_SaveThread",
    "PyEval_RestoreThread",
    "PyErr_CheckSignals",
    "PyThread_start_new_thread",
    "PyThread_allocate_lock",
    "PyThread_acquire_lock",
    "PyThread_release_lock",
)
_SYSTEM = ("clock_gettime", "sched_yield")


@functools.cache
def _native() -> _Native:
    """Compiles and loads the runtime, once per process (a child by fork has it already)."""
    system = ctypes.CDLL(None)
    imports = {name: _address(getattr(ctypes.pythonapi, name)) for name in _PYTHON}
    imports |= {name: _address(getattr(system, name)) for name in _SYSTEM}
    host = machine()
    code = Code(
        [object_file(runtime_text(host.is_x86), host)], ["tg_run", "tg_add_worker"], imports
    )
    code.keep_forever()  # Workers may still be in it while the interpreter takes itself apart.
    pointer, status = ctypes.c_void_p, ctypes.c_int
    run = ctypes.PYFUNCTYPE(status, pointer, pointer, pointer)
    add_worker = ctypes.PYFUNCTYPE(status, pointer)
    return _Native(run(code.addresses["tg_run"]), add_worker(code.addresses["tg_add_worker"]))


def runtime_text(x86: bool = True) -> str:
    """The LLVM IR text of the runtime for this operating system."""
    text = Path(__file__).with_name("runtime.ll").read_text()
    clock = f"@tg_clock = internal constant i32 {time.CLOCK_MONOTONIC}"
    text = text.replace("@tg_clock = internal constant i32 1", clock)
    return text if x86 else text.replace('"pause"', '"isb"')


def _address(function: object) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value  # pyright: ignore[reportArgumentType]
    assert address is not None
    return address


def _immortal(size: int) -> int:
    """The address of `size` zero bytes, at a multiple of 128, that are never freed."""
    memory = ctypes.create_string_buffer(size + 128)
    # Workers read it as long as the process lives, so it must survive the interpreter's end.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(memory))
    return -(-ctypes.addressof(memory) // 128) * 128


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Threads started in here leave signals to Python's threads, whose system calls they end."""
    own = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP"}
    others = {number for number in signal.valid_signals() if _signal_name(number) not in own}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, others)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _signal_name(number: int) -> str:
    return getattr(number, "name", "")
