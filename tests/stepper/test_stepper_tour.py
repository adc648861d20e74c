"""Tours: what is suggested works to the end, anything else ends nothing, and all of the lectures'
numbers are met on the way."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygraph.stepper.prompt.repl import Repl
from tinygraph.stepper.session import Session
from tinygraph.stepper.tour import TOURS, ScriptError, Tour, begin, parse, worked
from tinygraph.stepper.tour.catalogue import opened, script_of
from tinygraph.stepper.tour.script import Condition

ROOT = Path(__file__).parent.parent.parent

SMALL = """\
title: a small one
graph: neuron
# nobody sees this

First paragraph,
two lines of it.

Second one, with `next`.

> next
= step 1
+ Well
+ done.

> this line has no text before it
"""


def small(
    text: str = "> next\n= step 1\n= typed next\n+ Good.\n", end: str = "The end."
) -> Session:
    """A tour of one station on the neuron."""
    subject = opened("neuron")
    session = Session(subject.journal, subject.title)
    session.tour = Tour(parse(f"title: x\ngraph: neuron\n\nText.\n\n{text}\n{end}\n"), opened)
    return session


def repl(session: Session) -> tuple[Repl, io.StringIO]:
    out = io.StringIO()
    return Repl(session, out, strict=True), out


# ---- the format ----


def test_parse() -> None:
    script = parse(SMALL.replace("> this line has no text before it", "The end."))
    assert script.title == "a small one"
    first, last = script.stations
    assert first.graph == "neuron"
    assert first.paragraphs == ["First paragraph, two lines of it.", "Second one, with `next`."]
    assert (first.line, first.praise) == ("next", "Well done.")
    assert first.conditions == [Condition("step", 1)]
    assert (last.paragraphs, last.line, last.step) == (["The end."], "", 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SMALL, "x.txt:15: after a paragraph stands one line to type"),
        ("graph: neuron\n\na\n\n> n\n\nend", "begins with title: and graph:"),
        ("title: x\n\na\n\n> n\n\nend", "begins with title: and graph:"),
        ("title: x\ngraph: neuron\n\na", "has a line to type, > LINE, and ends"),
        ("title: x\ngraph: neuron\n\na\n> n", "ends with a text"),
        ("title: x\ngraph: neuron\n\na\n= step 1", "x.txt:5: = stands after the line to type"),
        ("title: x\ngraph: neuron\n\na\n> n\n= stop 1\n\nend", "not 'stop'"),
        ("title: x\ngraph: neuron\n\na\n> n\n= typed\n\nend", "not 'typed'"),
        ("title: x\ngraph: neuron\n\na\n> n\n= step one\n\nend", "takes a whole number, got 'one'"),
    ],
)
def test_texts_that_are_no_tours(text: str, says: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse(text, "x.txt")
    assert says in str(caught.value)


def test_stations_know_where_they_begin() -> None:
    text = (
        "title: x\ngraph: neuron\n\na\n> n\n= step 1\n\nb\n> ls\n= typed ls\n\nc\n> n 4\n= step 5\n"
    )
    script = parse(text + "\ngraph: exercise\n\nd\n> n\n\ne")
    assert [station.step for station in script.stations] == [0, 1, 1, 0, 0]


# ---- playing ----


def test_a_station_waits_until_its_conditions_hold() -> None:
    session = small()
    prompt, out = repl(session)
    prompt.follow(["ls", "goto 1", "home", "next"])
    printed = out.getvalue()
    assert printed.count("tour 1 of 2, type: next\n") == 2  # after ls and home
    assert printed.count("tour 1 of 2, type: next   (from step 0: `goto 0`, or `skip`)") == 1
    assert printed.index("1/15> ") < printed.index("Good.") < printed.index("The end.")
    assert session.tour.is_over
    prompt.take("next")
    assert out.getvalue().count("The end.") == 1  # nothing more is said
    assert session.cursor == 2


def test_short_names_and_other_ways_do() -> None:
    session = small("> next\n= step 2")
    prompt, _ = repl(session)
    prompt.take("n; n")
    assert session.tour.is_over
    session = small("> help\n= typed help")
    repl(session)[0].take("? next")
    assert session.tour.is_over


def test_tour_says_it_again() -> None:
    session = small()
    prompt, out = repl(session)
    prompt.take("tour")
    assert out.getvalue().splitlines()[1:] == [" Text.", "type: next"]
    assert session.tour.at == 0


def test_a_quiz_is_left_in_peace() -> None:
    session = small()
    prompt, out = repl(session)
    for line in ("quiz", "0.1966"):
        prompt.take(line)
    assert "right: dL/dadd_2 = 0.1966" in out.getvalue()
    assert "tour 1 of 2" not in out.getvalue()


def test_skip_does_the_line_from_where_it_is_meant() -> None:
    session = small()
    prompt, out = repl(session)
    prompt.take("goto 7")
    prompt.take("skip")
    assert session.cursor == 1
    assert session.tour.is_over
    assert "Good." not in out.getvalue()
    prompt.take("skip")
    assert "the tour is over" in out.getvalue()


def test_skip_goes_on_whatever_comes_of_it() -> None:
    session = small("> next 99\n= step 99")
    repl(session)[0].take("skip")
    assert session.tour.is_over


def test_without_a_tour() -> None:
    prompt, out = repl(Session(opened("neuron").journal))
    prompt.take("tour")
    prompt.take("skip")
    assert out.getvalue().startswith(
        "this is no tour; `python -m tinygraph step --tour` begins one"
    )
    assert "there is no question" in out.getvalue()


def test_another_graph_in_the_middle() -> None:
    session = small("> next\n= step 1\n\ngraph: exercise\n\nMore.\n> next\n= step 1\n")
    prompt, _ = repl(session)
    prompt.take("next")
    assert session.cursor == 0
    assert "O" in session.names.values()
    assert len(session.levels) == 1
    prompt.take("next")
    assert session.tour.is_over


def test_plain() -> None:
    session = begin("neuron", plain=True)
    out = io.StringIO()
    Repl(session, out, plain=True).take("tour")
    assert out.getvalue().startswith(f"tour 1 of {len(session.tour.script.stations)}:\n")
    assert "─" not in out.getvalue()
    for station in session.tour.script.stations:
        assert "·" not in "".join([*station.paragraphs, station.praise])  # "not computed yet"


# ---- the tours there are ----


@pytest.fixture(params=TOURS)
def played(request: pytest.FixtureRequest) -> tuple[Session, list[str]]:
    """A tour, and what the prompt printed for each of its lines."""
    session = begin(request.param)
    prompt, out = repl(session)
    printed = []
    for k, station in enumerate(session.tour.script.stations[:-1]):
        begun = out.tell()
        prompt.take(station.line)
        printed.append(out.getvalue()[begun:])
        assert session.tour.at == k + 1, f"{station.line}:\n{printed[-1]}"
    return session, printed


def test_typing_what_is_suggested_leads_to_the_end(played: tuple[Session, list[str]]) -> None:
    session, printed = played
    assert session.tour.is_over
    assert session.tour.station.paragraphs[-1] in " ".join("".join(printed).split())


@pytest.mark.parametrize("name", TOURS)
def test_skipping_leads_to_the_end(name: str) -> None:
    session = begin(name)
    prompt, _ = repl(session)
    for _ in session.tour.script.stations[:-1]:
        prompt.take("skip")
    assert session.tour.is_over


@pytest.mark.parametrize("name", TOURS)
def test_paragraphs_leave_room_for_the_screen(name: str) -> None:
    """On 24 rows: a head, two lines of text, the line to type, and one of praise before."""
    session = begin(name)
    prompt, _ = repl(session)
    for k, station in enumerate(session.tour.script.stations):
        session.tour.at = k
        lines = prompt._rendered(session.tour.paragraphs(session)).splitlines()
        assert len(lines) <= 4, station.line
        assert len(station.praise) <= 80


# Lecture 5, the worked backpropagation: what each line of the tour must bring to the screen.
DECK = {
    "goto C": [1.9, 0.3],
    "show C": [1.9, 0.3, 0.3, 1.9],
    "goto h": [1.30, 3.06],
    "goto z": [1.042, 1.914],
    "show p": [0.29484, 0.70516],
    "goto L": [1.22133],
    "show z": [-0.70516, 0.70516],
    "goto db_o": [-0.70516, 0.70516],
    "show W_o": [-0.91671, -2.15779, 0.91671, 2.15779],
    "show h[0,0]": [-0.70516 * 0.1 + 0.70516 * 0.3, 0.141032],
    "goto db_h": [0.141032],
    "goto dW_h; show W_h": [0.26796, 0.04231, 0.04231, 0.26796] * 2,
    "goto dC; show C": [0.084619, 0.112826, 0.141032, 0.169239],
    "goto db1": [0.507716],
    "goto dF; show F": [0.253858] * 4,
    "goto F_new; show F_new": [0.77307, -0.02693, -0.02693, 0.77307],
    "goto b1_new": [-0.15386],
    "goto W_h_new; show W_h_new": [
        *(-0.03398, 0.17885, 0.27885, 0.26602),
        *(0.36602, 0.57885, 0.67885, 0.66602),
    ],
    "goto b_h_new": [0.12948],
    "goto W_o_new; show W_o_new": [0.55836, 1.27890, -0.15836, -0.67890],
    "show b_o_new": [0.65258, -0.05258],
    "goto dF; show F#2": [-0.1, -0.3, -0.3, 0.2],
    "show x[0,1,1,0]; show x": [0.2, -0.6, 0.4, -0.7, 0.7, 0.0, 0.3, -0.2, -0.1],
    "n 2; show neg_1": [1.60944, 0.35667, *[0.10536] * 3, *[0.0] * 5],
    "n 2#2": [0.2282],
}


def test_the_decks_numbers_are_met_on_the_way() -> None:
    """In what the screen says, without the tour's own words."""
    printed: dict[str, str] = {}
    prompt, out = repl(Session(opened("worked").journal))
    for station in script_of("backpropagation").stations[:-1]:
        if station.graph:
            prompt, out = repl(Session(opened(station.graph).journal))
        begun = out.tell()
        prompt.take(station.line)
        again = f"{station.line}#2" if station.line in printed else station.line
        printed[again] = out.getvalue()[begun:]
    for line, numbers in DECK.items():
        shown = [float(word) for word in re.findall(r"-?\d+\.\d*", printed[line])]
        for number in numbers:
            near = [each for each in shown if abs(each - number) <= max(6e-5, 5e-4 * abs(number))]
            assert near, f"{line}: {number} is not in\n{printed[line]}"
            shown.remove(min(near, key=lambda each: abs(each - number)))


def test_the_graph_is_that_of_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    import worked_backprop as example  # pyright: ignore

    for name in ("IMAGE", "LABEL", "RATE", "EXERCISE", "TRUE_CLASS"):
        assert getattr(example, name) == getattr(worked, name)
    assert {**example.PARAMETERS, "b1": 0.1} == worked.PARAMETERS


LINES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["next", "back", "skip", "tour", "home", "end", "into", "out", "goto 4", ""]),
)


@pytest.mark.parametrize("name", TOURS)
@given(lines=st.lists(LINES, max_size=12))
def test_anything_typed_keeps_the_tour_alive(name: str, lines: list[str]) -> None:
    session = begin(name)
    prompt, _ = repl(session)
    for line in lines:
        if line.lstrip().startswith(("q", "!")):  # leaving; the user's own Python
            continue
        assert not prompt.take(line)
    if not session.tour.is_over:
        at = session.tour.at
        prompt.take("skip")
        assert session.tour.at > at


# ---- a tour of one's own ----


def test_a_tour_in_a_file(tmp_path: Path) -> None:
    """Its graphs are files beside it."""
    circuit = "import tinygraph as tg\ny = tg.tensor(2.0, name='x') * tg.tensor(3.0, name='k')\n"
    (tmp_path / "mine.py").write_text(circuit, encoding="utf-8")
    text = "title: mine\ngraph: mine.py\n\nOnce.\n> n\n= step 1\n\ngraph: mine.py:y\n\nAgain.\n"
    (tmp_path / "mine.txt").write_text(text + "> n\n= step 1\n\nEnd.\n", encoding="utf-8")
    session = begin(str(tmp_path / "mine.txt"))
    prompt, out = repl(session)
    prompt.take("n")
    assert session.cursor == 0  # the second graph
    assert "Again." in out.getvalue()
    prompt.take("next")
    assert session.tour.is_over
    assert "mul_1 = x * k = 2.0 * 3.0 = 6.0" in out.getvalue()


def test_a_second_graph_that_cannot_be_had_ends_nothing(tmp_path: Path) -> None:
    text = "title: x\ngraph: neuron\n\nOnce.\n> n\n\ngraph: nowhere.py\n\nAgain.\n> n\n\nEnd.\n"
    (tmp_path / "x.txt").write_text(text, encoding="utf-8")
    session = begin(str(tmp_path / "x.txt"))
    prompt, out = repl(session)
    assert not prompt.take("n")
    assert "there is no file" in out.getvalue()
    assert not prompt.take("n")
    assert session.cursor == 2


# ---- the command line ----


def step(*args: str, given: str = "") -> str:
    command = [sys.executable, "-m", "tinygraph", "step", *args]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.stdout


def test_tours_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    from tinygraph.cli import main

    assert main(["step", "--tour", "list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == [*TOURS]
    assert main(["step", "--tour", "nowhere"]) == 2
    assert "there is no tour 'nowhere', only neuron and" in capsys.readouterr().err
    assert main(["step"]) == 2
    assert "takes FILE[:NAME], what to step, or --tour" in capsys.readouterr().err


def test_a_tour_in_a_pipe() -> None:
    lines = [station.line for station in script_of("neuron").stations]
    printed = step("--tour", given="\n".join(lines))
    assert "tour 1 of" in printed
    assert " ".join(script_of("neuron").stations[-1].paragraphs) in " ".join(printed.split())


def test_everything_in_the_worked_circuits_names_its_line() -> None:
    """Parameters too: a line of the tour, not one of Python's own start."""
    for subject in (worked.worked(), worked.exercise()):
        files = {node.origin.file for node in subject.journal.order if node.origin}
        assert files == {"tinygraph/stepper/tour/worked.py"}
