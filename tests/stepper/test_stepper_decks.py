"""Sessions on a small circuit of each deck: what is typed stands in `sessions`, what is seen in
`tests/golden`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from stepper_talk import session_of, talk

from tinygraph.loading import load

SESSIONS = Path(__file__).parent / "sessions"
CIRCUITS = SESSIONS / "deck_circuits.py"
NAMES = sorted(path.stem for path in SESSIONS.glob("*.txt"))

# The decks' numbers that a session must bring to the screen.
NUMBERS = {
    "lecture_1": "18 24 26 27 15 21 26 16 19",
    "lecture_2": "25 31 21 12 15 13",
    "lecture_3": "171 65 153 57 141 273",
    "lecture_4": "0.13 0.869 2.04 0.25",
    "lecture_4_descent": "4 1.44 0.5184 0.1866 1.2 0.72 0.432",
    "lecture_5": "-2 6 4 1 0.7311 0.1966 -0.1966 -0.3932 0.3932 -0.5898",
    "lecture_5_worked": "1.9 0.3 1.042 1.914 0.2948 0.7052 1.221 -0.7052 0.141 0.2539 0.7731",
}


def script(name: str) -> list[str]:
    return (SESSIONS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def recorded(name: str, **options: bool) -> str:
    session = session_of(load(f"{CIRCUITS}:{name}"))
    session.levels[0].title = name  # as the command line calls it
    return talk(script(name), session, width=80, height=24, **options)


def steady(said: str) -> str:
    """Without line numbers, and what rounding alone decides."""
    said = re.sub(r"(\w\.py):\d+", r"\1:…", said)
    return re.sub(r"relative error \S+", "relative error …", said)


@pytest.mark.parametrize("name", NAMES)
def test_session(name: str, golden) -> None:
    said = recorded(name)
    golden.check(f"session_{name}.txt", steady(said))
    shown = {float(word) for word in re.findall(r"-?\d+\.?\d*", said)}
    assert {*map(float, NUMBERS[name].split())} <= shown


def test_a_session_for_a_screen_reader(golden) -> None:
    """Sentences: no lines, no boxes, no escape codes."""
    said = recorded("lecture_5", plain=True)
    golden.check("session_lecture_5_plain.txt", steady(said))
    assert not re.search(r"[\x1b\u2500-\u259f]", said)


def test_the_command_line_says_the_same() -> None:
    name = "lecture_5"
    command = [sys.executable, "-m", "tinygraph", "step", f"{CIRCUITS}:{name}"]
    given = "\n".join(script(name)) + "\n"
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == recorded(name)
