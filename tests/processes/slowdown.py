"""How much slower a training step is when another process runs one too.

    python tests/processes/slowdown.py [STEPS]

Prints the median step of one process alone and of two at once, each with two threads, and the
ratio. On two cores two copies cannot be faster than twice as slow as one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

STEP = """
import sys, time
sys.path.insert(0, sys.argv[1])
from training import Training
training = Training(threads=2, base=16, size=96, batch=4)
training.train()
print("ready", flush=True)
sys.stdin.readline()
times = []
for _ in range(int(sys.argv[2])):
    batch = training.batch()
    start = time.perf_counter()
    training.step(*batch)
    times.append(time.perf_counter() - start)
times.sort()
print(times[len(times) // 2], training.bits(), flush=True)
"""


def steps(processes: int, count: int) -> tuple[list[float], set[str]]:
    """The median step in each of so many processes at once, in seconds; and their states' bits."""
    command = [sys.executable, "-c", STEP, str(Path(__file__).parent), str(count)]
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [process.communicate(timeout=300)[0].split() for process in running]
    return [float(seconds) for seconds, _ in found], {bits for _, bits in found}


def main(count: int) -> None:
    alone, together = [], []
    for _ in range(3):
        alone += steps(1, count)[0]
        together += steps(2, count)[0]
    ratio = median(together) / median(alone)
    result = {"alone_ms": median(alone) * 1e3, "together_ms": median(together) * 1e3}
    print(json.dumps({**result, "ratio": ratio, "all_alone": alone, "all_together": together}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
