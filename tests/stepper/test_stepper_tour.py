"""Tours: what is suggested works to the end, anything else ends nothing, and all of the lectures'
numbers are met on the way."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygraph.stepper.repl import Repl
from tinygraph.stepper.session import Session
from tinygraph.stepper.tour import TOURS, ScriptError, Tour, begin, parse
from tinygraph.stepper.tour.catalogue import opened, script_of
from tinygraph.stepper.tour.script import Condition

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
    assert printed.count("tour 1 of 2, type: next   (from step 0: `goto 0`)") == 1
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
    session = begin(name)
    prompt, _ = repl(session)
    for station in session.tour.script.stations:
        lines = prompt._rendered(session.tour.paragraphs(session)).splitlines()
        assert len(lines) <= 7, station.line
        session.tour.at = min(session.tour.at + 1, len(session.tour.script.stations) - 1)


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
