"""Compiled steps beside other processes, threads, interrupts and forks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from slowdown import steps
from training import Training

HERE = Path(__file__).parent


def python(*args: object) -> str:
    """What a fresh process prints."""
    command = [sys.executable, *map(str, args)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=200, cwd=HERE
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def trained() -> Training:
    """Three steps on one thread."""
    training = Training(threads=1)
    for _ in range(3):
        training.train()
    return training


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(trained: Training, threads: int) -> None:
    training = Training(threads)
    for _ in range(3):
        training.train()
    assert training.threads() == threads
    assert training.bits() == trained.bits()


def test_two_processes_at_once_agree(trained: Training) -> None:
    (alone,), bits = steps(1, 12)
    together, both = steps(2, 12)
    assert both == bits
    assert len(both) == 1
    # A busy machine makes this number larger than 2.5 without our doing; slowdown.py measures it.
    assert max(together) < 20 * alone


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_goes_on_by_itself(trained: Training) -> None:
    parent = Training(threads=2)
    for _ in range(3):
        parent.train()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            parent.train()
            os.write(writing, parent.bits().encode())
        finally:
            os._exit(0)
    os.close(writing)
    assert parent.bits() == trained.bits(), "the child's step is none of the parent's"
    parent.train()
    with os.fdopen(reading) as pipe:
        assert pipe.read() == parent.bits()
    assert os.waitpid(child, 0)[1] == 0
    parent.train()
    assert parent.done == 5


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupts_leave_whole_steps_and_training_goes_on(threads: int) -> None:
    result = json.loads(python("interrupted.py", 60, threads))
    assert result["interrupts"] >= 5
    assert result["while compiling"] >= 1


IDLE = """
import json, resource, time
from training import Training
training = Training(threads=2)
for _ in range(5):
    training.train()
time.sleep(0.2)
before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
time.sleep(2)
after, seconds = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - start
used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"used": used, "seconds": seconds, "threads": training.threads()}))
"""


def test_an_idle_process_uses_less_than_a_hundredth_of_a_core() -> None:
    result = json.loads(python("-c", IDLE))
    assert result["threads"] == 2
    assert result["used"] < 0.01 * result["seconds"]


def test_threads_start_with_the_first_call_that_needs_them() -> None:
    code = (
        "import os\n"
        "from training import Training\n"
        "def count(): return len(os.listdir('/proc/self/task'))\n"
        "import tinygraph as tg, tinygraph_llvm\n"
        "before = count()\n"
        "training = Training(threads=2)\n"
        "built = count()\n"
        "training.train()\n"
        "print(before == built, count() > built)"
    )
    if not Path("/proc/self/task").is_dir():
        pytest.skip("there is no /proc here")
    assert python("-c", code) == "True True\n"
