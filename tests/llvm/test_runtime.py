"""The native runtime: order, threads, signals, fork, idleness."""

from __future__ import annotations

import ctypes
import functools
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tinygraph_llvm.machine import machine
from tinygraph_llvm.objects import Code, compile_objects, load
from tinygraph_llvm.runtime import NativeCall, NativeProgram, Pool, current_pool

from tinygraph.errors import CompileError, TinygraphError

TASKS = 12


def work(name: str, result: str) -> str:
    """A kernel that keeps a core busy for in[0] rounds, then does out[task] = result."""
    return f"""
define void @k_{name}(ptr %pointers, i64 %task) {{
entry:
  %here = alloca i64
  %out = load ptr, ptr %pointers
  %in.at = getelementptr ptr, ptr %pointers, i64 1
  %in = load ptr, ptr %in.at
  %rounds = load i64, ptr %in
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %head ]
  %next = add i64 %i, 1
  call void asm sideeffect "", "r"(i64 %next)
  %more = icmp ult i64 %next, %rounds
  br i1 %more, label %head, label %end
end:
  %at = getelementptr i64, ptr %out, i64 %task
  store {result}, ptr %at
  ret void
}}"""


KERNELS = {
    # out[task] = 3 * in[task - 1] + in[task] - in[task + 1] + 1, around the corner
    "neighbours": f"""
define void @k_neighbours(ptr %pointers, i64 %task) {{
  %out = load ptr, ptr %pointers
  %in.at = getelementptr ptr, ptr %pointers, i64 1
  %in = load ptr, ptr %in.at
  %l = add i64 %task, {TASKS - 1}
  %left = urem i64 %l, {TASKS}
  %r = add i64 %task, 1
  %right = urem i64 %r, {TASKS}
  %a.at = getelementptr i64, ptr %in, i64 %left
  %a = load i64, ptr %a.at
  %b.at = getelementptr i64, ptr %in, i64 %task
  %b = load i64, ptr %b.at
  %c.at = getelementptr i64, ptr %in, i64 %right
  %c = load i64, ptr %c.at
  %x = mul i64 %a, 3
  %y = add i64 %x, %b
  %z = sub i64 %y, %c
  %sum = add i64 %z, 1
  %out.at = getelementptr i64, ptr %out, i64 %task
  store i64 %sum, ptr %out.at
  ret void
}}""",
    # count[task] += 1
    "count": """
define void @k_count(ptr %pointers, i64 %task) {
  %count = load ptr, ptr %pointers
  %at = getelementptr i64, ptr %count, i64 %task
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  store i64 %new, ptr %at
  ret void
}""",
    # works for in[0] rounds, then out[task] = 7
    "work": work("work", "i64 7"),
    # works for in[0] rounds, then out[task] = an address on the stack of the thread
    "stack": work("stack", "ptr %here"),
}


@functools.cache
def kernels() -> Code:
    return load(compile_objects(KERNELS, KERNELS.__getitem__, machine()))


def call(name: str, tasks: int, *operands: tuple[int, int], barrier: bool = True) -> NativeCall:
    return NativeCall(kernels().addresses[f"k_{name}"], tasks, operands, barrier)


kept: list[tuple[np.ndarray, ...]] = []


def bind(program: NativeProgram, *arrays: np.ndarray) -> ctypes.Array[ctypes.c_uint64]:
    """Slots with the addresses of the arrays, which are never freed."""
    slots = program.new_slots()
    kept.append(arrays)
    for slot, array in enumerate(arrays):
        slots[slot] = array.ctypes.data
    return slots


@functools.cache
def rounds_per_ms() -> int:
    """How many rounds of the kernel `work` take a millisecond."""
    program = NativeProgram([call("work", 1, (0, 0), (1, 0))], code=kernels())
    out, rounds = np.zeros(1, np.int64), np.array([1_000_000])
    slots = bind(program, out, rounds)
    best = min(program.profile(slots)[0] for _ in range(5))
    return int(1_000_000 * 1e6 / best)


def stencil(steps: int, threads: int, barrier: bool = True) -> tuple[NativeProgram, np.ndarray]:
    """A program of `steps` dependent calls, and what it makes of 0, 1, 2, ..."""
    calls = [
        call("neighbours", TASKS, ((k + 1) % 2, 0), (k % 2, 0), barrier=barrier)
        for k in range(steps)
    ]
    x = np.arange(TASKS)
    for _ in range(steps):
        x = 3 * np.roll(x, 1) + x - np.roll(x, -1) + 1
    return NativeProgram(calls, threads, code=kernels()), x


def run_stencil(program: NativeProgram) -> np.ndarray:
    x, y = np.arange(TASKS), np.zeros(TASKS, np.int64)
    program.run(bind(program, x, y))
    return y if len(program.calls) % 2 else x


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 16])
def test_dependent_calls(threads: int):
    program, expected = stencil(2000, threads)
    for _ in range(50 if threads < 3 else 10):
        np.testing.assert_array_equal(run_stencil(program), expected)


def test_threads_do_take_part():
    """Every thread has its own stack, so two stacks mean two threads."""
    program = NativeProgram([call("stack", 4, (0, 0), (1, 0))], 2, code=kernels())
    addresses, rounds = np.zeros(4, np.int64), np.array([rounds_per_ms()])
    slots = bind(program, addresses, rounds)
    for _ in range(200):
        program.run(slots)
        if len(np.unique(addresses >> 20)) == 2:
            return
    pytest.fail("one thread did everything")


def test_without_a_barrier_calls_overlap():
    """The negative control of all tests of order: the barrier is what makes them pass."""

    def reads_too_early(barrier: bool) -> bool:
        calls = [
            call("work", 1, (0, 0), (1, 0)),
            call("neighbours", TASKS, (2, 0), (0, 0), barrier=barrier),
        ]
        program = NativeProgram(calls, 2, code=kernels())
        source, result = np.zeros(TASKS, np.int64), np.zeros(TASKS, np.int64)
        program.run(bind(program, source, np.array([rounds_per_ms()]), result))
        assert source[0] == 7
        return result[0] != 8

    assert any(reads_too_early(barrier=False) for _ in range(300))
    assert not any(reads_too_early(barrier=True) for _ in range(100))


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("barrier", [True, False])
def test_every_task_runs_once(threads: int, barrier: bool):
    sizes = [1, 1000, 0, 7, 0, 0, 3, 129]
    starts = list(itertools.accumulate(sizes, initial=0))
    calls = [
        call("count", tasks, (0, 8 * start), barrier=barrier)
        for tasks, start in zip(sizes, starts, strict=False)
    ]
    program = NativeProgram(calls, threads, code=kernels())
    counts = np.zeros(starts[-1] + 1, np.int64)
    for repeat in range(1, 200):
        program.run(bind(program, counts))
        assert (counts[:-1] == repeat).all()
        assert counts[-1] == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_programs_without_work(threads: int):
    NativeProgram([], threads).run(np.zeros(0, np.uint64))
    NativeProgram([call("count", 0)] * 3, threads).run(np.zeros(0, np.uint64))
    assert NativeProgram([], threads).profile(np.zeros(0, np.uint64)) == []


def test_many_small_runs_with_pauses():
    """Workers are met spinning, asleep, and on the way between the two."""
    program, expected = stencil(5, 3)
    for repeat in range(300):
        np.testing.assert_array_equal(run_stencil(program), expected)
        time.sleep(repeat % 7 * 20e-6)


def test_numpy_slots_and_wrong_slots():
    program, expected = stencil(3, 1)
    x, y = np.arange(TASKS), np.zeros(TASKS, np.int64)
    addresses = [x.ctypes.data, y.ctypes.data]
    for slots in (np.array(addresses, np.uint64), np.array(addresses, np.int64)):
        x[:] = np.arange(TASKS)
        program.run(slots)
        np.testing.assert_array_equal(y, expected)
    with pytest.raises(ValueError, match="2 slots, got 1"):
        program.run(np.zeros(1, np.uint64))
    with pytest.raises(ValueError, match="64-bit integers, got int32"):
        program.run(np.zeros(2, np.int32))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="contiguous"):
        program.run(np.zeros(4, np.int64)[::2])
    with pytest.raises(ValueError, match="c_uint64"):
        program.run((ctypes.c_uint32 * 2)())  # pyright: ignore[reportArgumentType]


def test_wrong_programs():
    for wrong in (NativeCall(0, 1, ()), NativeCall(1, -1, ()), NativeCall(1, 1, ((-1, 0),))):
        with pytest.raises(CompileError):
            NativeProgram([wrong])
    with pytest.raises(ValueError, match="at least 1 thread"):
        NativeProgram([], 0)


@pytest.mark.parametrize("threads", [1, 2])
def test_profile(threads: int):
    rounds = np.array([2 * rounds_per_ms(), 20 * rounds_per_ms()])
    calls = [
        call("work", 1, (0, 0), (1, 0)),
        call("work", 0, (0, 0), (1, 0)),
        call("work", 1, (0, 0), (1, 8), barrier=False),
    ]
    program = NativeProgram(calls, threads, code=kernels())
    slots = bind(program, np.zeros(1, np.int64), rounds)
    times = np.array([program.profile(slots) for _ in range(3)]).min(axis=0)
    assert 1e6 < times[0] < 10e6
    assert times[1] < 1e6
    assert 10e6 < times[2] < 100e6


def test_the_pool_grows():
    pool = Pool()
    assert pool.threads == 1
    pool.grow(3)
    pool.grow(2)
    assert pool.threads == 3
    NativeProgram([call("count", 0)], 5).run(np.zeros(0, np.uint64))
    assert current_pool().threads >= 5


# -------------------------------------------------------------------------------------- idleness


def test_idle_threads_sleep():
    program, _ = stencil(100, 4)
    run_stencil(program)
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.005


def test_python_threads_run_meanwhile():
    """The interpreter lock is free during a run."""
    program = NativeProgram([call("work", 1, (0, 0), (1, 0))], code=kernels())
    slots = bind(program, np.zeros(1, np.int64), np.array([300 * rounds_per_ms()]))
    thread = threading.Thread(target=program.run, args=(slots,))
    thread.start()
    turns = 0
    while thread.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 20


# -------------------------------------------------------------------------------------- two at once


@pytest.mark.parametrize("threads", [1, 2])
def test_python_threads_with_programs_of_their_own(threads: int):
    def work() -> None:
        program, expected = stencil(300, threads)
        right.extend(np.array_equal(run_stencil(program), expected) for _ in range(100))

    right: list[bool] = []
    run_in_threads(work, 3)
    assert right == [True] * 300


@pytest.mark.parametrize("threads", [1, 2])
def test_python_threads_with_one_program(threads: int):
    program, expected = stencil(300, threads)

    def work() -> None:
        right.extend(np.array_equal(run_stencil(program), expected) for _ in range(100))

    right: list[bool] = []
    run_in_threads(work, 3)
    assert right == [True] * 300


def run_in_threads(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -------------------------------------------------------------------------------------- signals


def long_program(threads: int) -> tuple[NativeProgram, ctypes.Array[ctypes.c_uint64], np.ndarray]:
    """About 20 s of work in tasks of 5 ms; the array counts the tasks done."""
    calls = [call("work", 4, (0, 32 * k), (1, 0)) for k in range(1000)]
    program = NativeProgram(calls, threads, code=kernels())
    done = np.zeros(4000, np.int64)
    rounds = np.array([5 * rounds_per_ms()])
    return program, bind(program, done, rounds), done


@pytest.fixture
def interrupt() -> Iterator[Callable[[float], None]]:
    """Sends SIGINT to this process after some seconds."""
    timers: list[threading.Timer] = []

    def later(seconds: float) -> None:
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)))
        timers[-1].start()

    yield later
    for timer in timers:
        timer.join()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_ctrl_c_stops_a_program(threads: int, interrupt: Callable[[float], None]):
    program, slots, done = long_program(threads)
    for _ in range(2):
        done[:] = 0
        start = time.monotonic()
        interrupt(0.2)
        with pytest.raises(KeyboardInterrupt):
            program.run(slots)
        assert time.monotonic() - start < 1.5
        finished = np.count_nonzero(done)
        assert 0 < finished < 4000
        time.sleep(0.05)
        assert np.count_nonzero(done) == finished, "a thread goes on after the run was given up"
        small, expected = stencil(500, threads)
        np.testing.assert_array_equal(run_stencil(small), expected)


def test_a_handler_that_raises_nothing_lets_the_run_go_on():
    calls = [call("work", 4, (0, 32 * k), (1, 0)) for k in range(20)]
    program = NativeProgram(calls, 2, code=kernels())
    done, seen = np.zeros(80, np.int64), list[bool]()
    small, expected = stencil(100, 2)

    def handler(*_: object) -> None:
        """Another program can run meanwhile, this one cannot."""
        if not program.running:
            return  # The last signal came when the run had just ended.
        seen.append(np.array_equal(run_stencil(small), expected))
        with pytest.raises(TinygraphError, match="already running"):
            program.run(slots)

    slots = bind(program, done, np.array([5 * rounds_per_ms()]))
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        program.run(slots)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (done == 7).all()
    assert seen
    assert all(seen)
    assert not program.running


# -------------------------------------------------------------------------------------- processes


def in_child(work: Callable[[], bool]) -> bool:
    """Forks; whether the child returned true within 20 s."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
ignores_warning = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@needs_fork
@ignores_warning
@pytest.mark.parametrize("threads", [1, 2])
def test_fork(threads: int):
    program, expected = stencil(500, threads)

    def work() -> bool:
        old = all(np.array_equal(run_stencil(program), expected) for _ in range(20))
        new, result = stencil(77, threads)
        return old and np.array_equal(run_stencil(new), result)

    run_stencil(program)
    for _ in range(5):
        assert in_child(work)
        np.testing.assert_array_equal(run_stencil(program), expected)
    assert in_child(lambda: in_child(work))


@needs_fork
@ignores_warning
@pytest.mark.parametrize("threads", [1, 2])
def test_fork_during_a_run_in_another_thread(threads: int):
    program, expected = stencil(5000, threads)
    stop = threading.Event()
    right: list[bool] = []

    def run_on_and_on() -> None:
        while not stop.is_set():
            right.append(np.array_equal(run_stencil(program), expected))

    def work() -> bool:
        new, result = stencil(77, threads)
        fine = np.array_equal(run_stencil(new), result)
        return fine and np.array_equal(run_stencil(program), expected)

    thread = threading.Thread(target=run_on_and_on)
    thread.start()
    try:
        assert all(in_child(work) for _ in range(15))
    finally:
        stop.set()
        thread.join()
    assert right
    assert all(right)


@needs_fork
@ignores_warning
def test_fork_in_a_signal_handler_during_a_run():
    """The child has lost the threads of the run: it ends with an error, not with waiting."""
    program, slots, done = long_program(2)
    calls: list[int] = []

    def handler(*_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        calls.append(os.fork())
        if calls[-1]:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    parent = os.getpid()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        program.run(slots)
        outcome = "finished"
    except KeyboardInterrupt:
        outcome = "interrupted"
    except TinygraphError as error:
        outcome = str(error)
    finally:
        signal.signal(signal.SIGALRM, before)
    if os.getpid() != parent:
        small, expected = stencil(50, 2)
        fine = "forked" in outcome and np.array_equal(run_stencil(small), expected)
        os._exit(0 if fine else 1)
    assert outcome == "interrupted"
    assert done.any()
    assert os.waitpid(calls[0], 0)[1] == 0


ENDINGS = {
    "right after a run": "run()",
    "in the middle of a run": """
        threading.Thread(target=lambda: [run() for _ in range(10**9)], daemon=True).start()
        time.sleep(0.1)
    """,
    "in the middle of many": """
        for _ in range(3):
            threading.Thread(target=lambda: [run() for _ in range(10**9)], daemon=True).start()
        time.sleep(0.1)
    """,
    "in the middle of a long one": """
        program, slots, _ = test_runtime.long_program(threads)
        threading.Thread(target=program.run, args=(slots,), daemon=True).start()
        time.sleep(0.1)
    """,
    "with an exit code": "run(); threading.Thread(target=run).start(); time.sleep(0.01)",
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_interpreter_ends(ending: str, threads: int):
    script = f"import sys, threading, time, test_runtime\nthreads = {threads}\n"
    script += (
        f"run = lambda p=test_runtime.stencil(1000, {threads})[0]: test_runtime.run_stencil(p)\n"
    )
    script += textwrap.dedent(ENDINGS[ending])
    paths = [os.path.dirname(__file__), *(path for path in sys.path if path)]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stderr) == (0, "")
