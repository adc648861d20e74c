"""A training loop that is interrupted again and again, as by Ctrl-C.

    python interrupted.py STEPS THREADS

Prints as JSON how often, and ends with an error if an interrupt ever left half a step behind.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable

from training import Training

rng = random.Random(0)


def main(steps: int, threads: int) -> None:
    undisturbed = Training(threads)
    after, losses = [undisturbed.bits()], []
    start = time.perf_counter()
    for _ in range(steps):
        losses.append(undisturbed.train())
        after.append(undisturbed.bits())
    seconds = (time.perf_counter() - start) / steps
    while_compiling = compiling(after[1], threads, 5)
    result = {"while compiling": while_compiling, **loop(threads, after, losses, seconds)}
    print(json.dumps(result))


def compiling(first: str, threads: int, times: int) -> int:
    """Interrupts of the first call, after which it is called again."""
    count = 0
    for _ in range(times):
        training = Training(threads)
        count += interrupted(training.train, 0.3)
        while training.done == 0:
            training.train()
        assert training.bits() == first
    return count


def loop(threads: int, after: list[str], losses: list[float], seconds: float) -> dict[str, int]:
    """Interrupts of a loop, which is begun again where it stopped."""
    training = Training(threads)
    training.step.compiled(*training.batch())
    steps = len(losses)
    count = discarded = 0

    def go_on() -> None:
        while training.done < steps:
            assert training.train() == losses[training.done - 1]

    while training.done < steps:
        before = training.done
        count += interrupted(go_on, 4 * seconds)
        assert training.bits() == after[training.done], f"half a step after {training.done}"
        discarded += training.done == before
    return {"interrupts": count, "without a step between": discarded}


def interrupted(work: Callable[[], object], within: float) -> bool:
    """Whether the signal came before the work was done."""
    kill = (os.getpid(), signal.SIGINT)
    timer = threading.Timer(rng.uniform(0, within), os.kill, kill)
    try:
        timer.start()
        work()
        timer.join()
        time.sleep(1)  # the signal comes here at the latest
    except KeyboardInterrupt:
        timer.join()
        return True
    return False


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
