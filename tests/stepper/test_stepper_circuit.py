"""The circuit in characters: wires lead where they should, numbers stand where they belong."""

from __future__ import annotations

import re

import numpy as np
import pytest
from circuits import chain, conv_net, neuron, tangle
from hypothesis import given
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.stepper.circuit.level_diagram import scene_of
from tinygraph.stepper.circuit.place import Item, Look, Segment
from tinygraph.stepper.circuit.route import Routed, routed
from tinygraph.stepper.circuit.scene import Box, Diagram, Line, Scene, Written
from tinygraph.stepper.circuit.text import circuit_lines
from tinygraph.stepper.circuit.window import window
from tinygraph.stepper.circuit.words import circuit_words
from tinygraph.stepper.session import Session

WIDE, HIGH = 900, 400


def residual() -> tg.Tensor:
    x = tg.tensor(np.linspace(-1, 1, 16).reshape(1, 4, 4, 1), name="x", dtype="float32")
    w1, w2 = (tg.parameter(np.full((3, 3, 1, 1), k), name=f"w{k}", dtype="float32") for k in (1, 2))
    h = tg.conv2d(tg.relu(tg.conv2d(x, w1, padding="same")), w2, padding="same")
    return tg.relu(x + h).sum()


def five_inputs() -> tg.Tensor:
    xs = [tg.tensor(np.arange(3.0) + k, name=f"x{k}") for k in range(5)]
    return (tg.concatenate(xs, 0) * 2).sum()


GRAPHS = {
    "neuron": (neuron, (0, 3, 12)),
    "residual": (residual, (0, 5, 16)),
    "five_inputs": (five_inputs, (1, 8)),
    "chain": (lambda: chain(500), (0, 501, 3000)),
    "conv_net": (conv_net, (0, 20)),
    "modules": (lambda: tangle(1, 80), (30, 200)),
}


def text_of(session: Session, width: int, height: int) -> str:
    return "\n".join(line.plain for line in circuit_lines(scene_of(session), width, height))


@pytest.mark.parametrize("size", [(80, 16), (200, 38)], ids=["80x16", "200x38"])
@pytest.mark.parametrize("name", GRAPHS)
def test_pictures(golden, name: str, size: tuple[int, int]) -> None:
    make, steps = GRAPHS[name]
    session = Session(tg.journal(make()), name)
    pictures: list[str] = []
    for step in steps:
        session.cursor = min(step, len(session.journal))
        pictures.append(f"step {session.cursor}\n{text_of(session, *size)}\n")
    golden.check(f"stepper_circuit_{name}_{size[0]}x{size[1]}.txt", "\n".join(pictures))


def test_the_whole_neuron_stays_where_it_is() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    shapes: set[str] = set()
    for step in range(len(session.journal) + 1):
        session.goto(step)
        text = text_of(session, 80, 16)
        text = text.translate(str.maketrans("┏━┓┃┗┛┨┠", "┌─┐│└┘┤├")).translate(
            str.maketrans("╭╮╰╯", "┌┐└┘")
        )
        shapes.add(re.sub(r"-?\d\S*|·", lambda m: "", re.sub(r" +", " ", text)).replace(" ", ""))
    assert len(shapes) == 1


# ---- random diagrams ----


@st.composite
def diagrams(draw: st.DrawFn, most: int = 12) -> Diagram:
    """A connected circuit: leaves, gates of one to four inputs, copy gates, an output."""
    names = st.text(st.sampled_from("abXY_1/日"), min_size=1, max_size=9)
    boxes: list[Box] = []
    lines: list[Line] = []
    values: list[Box] = []
    readers: dict[Box, int] = {}
    for k in range(draw(st.integers(1, 4))):
        boxes.append(Box(f"{draw(names)}{k}", "leaf"))
        values.append(boxes[-1])
    planned: list[tuple[Box, list[Box]]] = []
    for k in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(["gate", "gate", "module"]))
        title = draw(st.sampled_from(["*", "conv_1", "σ"])) if kind == "gate" else "block\n3 gates"
        box = Box(title, kind, f"g{k}")
        count = draw(st.integers(1, 4))
        sources = [values[draw(st.integers(0, len(values) - 1))] for _ in range(count)]
        planned.append((box, sources))
        for source in sources:
            readers[source] = readers.get(source, 0) + 1
        values.append(box)
    for box in values:
        if box not in readers:
            planned.append((Box("L", "output"), [box]))
            readers[box] = 1
    copies: dict[Box, Box] = {}
    for source, count in readers.items():
        if count > 1:
            copies[source] = Box("copy", "copy", source.name or source.title)
    for box, sources in planned:
        for source in sources:
            copy = copies.get(source)
            if copy is not None and copy not in boxes:
                boxes.append(copy)
                lines.append(Line(source, copy, about=len(lines)))
            lines.append(Line(copy or source, box, about=len(lines)))
        boxes.append(box)
    return Diagram(boxes, lines)


def scene(diagram: Diagram, current: Box | None = None, numbered: bool = True) -> Scene:
    def written(line: Line, width: int) -> Written:
        return Written(f"v{line.about}", f"g{line.about}") if numbered else Written()

    return Scene(diagram, current, written)


def cells(diagram: Diagram, plan: Routed, numbered: bool = True) -> list[str]:
    """The picture in a room of just its size, one character in a place."""
    lines = circuit_lines(scene(diagram, numbered=numbered), max(plan.width, WIDE), HIGH)
    return [line.plain.ljust(max(plan.width, WIDE)) for line in lines]


@given(diagrams())
def test_wires_can_be_followed_to_where_they_end(diagram: Diagram) -> None:
    for box in diagram.boxes:
        box.title = box.title.replace("日", "x")  # one column each: positions are counted
    plan = routed(diagram, Look())
    rows = cells(diagram, plan, numbered=False)
    margin = (WIDE - plan.width) // 2
    parts: dict[Line, list[Segment]] = {}
    for segment in plan.segments:
        parts.setdefault(segment.line, []).append(segment)
    for line, segments in parts.items():
        first, last = segments[0], segments[-1]
        row, column = first.start_row, margin + first.source.left + first.source.width
        column += first.source.box is not None and first.source.box.is_word
        end = (last.end_row, margin + last.end.left - 1 - last.end.box.is_word)  # type: ignore
        assert followed(rows, row, column, end[1]) == end, f"{line.source.title} {line.end.title}"


def followed(rows: list[str], row: int, column: int, stop: int) -> tuple[int, int]:
    """Where one arrives that starts to the right."""
    down, right = 0, 1
    for _ in range(10_000):
        match rows[row][column]:
            case "─":
                assert right
            case "│":
                assert down
            case "╮":
                down, right = 1, 0
            case "╯" if right:
                down, right = -1, 0
            case "╰" | "╭":
                down, right = 0, 1
            case "┼":
                pass
            case other:
                raise AssertionError(f"{other!r} in a wire")
        if column == stop and right:
            return row, column
        row, column = row + down, column + right
    raise AssertionError("in a circle")


@given(diagrams())
def test_numbers_stand_above_and_below_their_wires(diagram: Diagram) -> None:
    for box in diagram.boxes:
        box.title = box.title.replace("日", "x")
    plan = routed(diagram, Look())
    without = cells(diagram, plan, numbered=False)
    rows = cells(diagram, plan)
    for k, (before, now) in enumerate(zip(without, rows, strict=True)):
        assert all(a in (" ", b) for a, b in zip(before, now, strict=True)), k
    margin = (WIDE - plan.width) // 2
    for segment in plan.segments:
        if segment.source.box is None:
            continue
        left, room = (margin + plan.fields[segment][0], plan.fields[segment][1])
        here = slice(left, left + room)
        assert rows[segment.start_row - 1][here].strip() == f"v{segment.line.about}"
        assert rows[segment.start_row + 1][here].strip() == f"g{segment.line.about}"
        assert rows[segment.start_row][here].strip()


@given(diagrams())
def test_nothing_lies_on_anything_else(diagram: Diagram) -> None:
    plan = routed(diagram, Look())
    taken: set[tuple[int, int]] = set()

    def spots(item: Item) -> set[tuple[int, int]]:
        rows = range(item.top, item.top + item.height)
        return {(row, item.left + k) for row in rows for k in range(item.width)}

    for item in plan.items:
        assert not spots(item) & taken
        taken |= spots(item)
        assert item.left + item.width <= plan.width
        assert item.top >= 0
        assert item.top + item.height <= plan.height


@given(diagrams(20), st.integers(1, 130), st.integers(1, 40), st.data())
def test_any_room_is_enough(diagram: Diagram, width: int, height: int, data: st.DataObject) -> None:
    current = diagram.boxes[data.draw(st.integers(0, len(diagram.boxes) - 1))]
    lines = circuit_lines(scene(diagram, current), width, height)
    assert len(lines) <= height
    assert all(line.cell_len <= width for line in lines)


@given(diagrams(20), st.data())
def test_a_window_shows_its_focus_with_all_its_wires(diagram: Diagram, data: st.DataObject) -> None:
    boxes = [box for box in diagram.boxes if not box.is_word]
    focus = boxes[data.draw(st.integers(0, len(boxes) - 1))]
    small = window(diagram, focus, 0, 0, 99)
    wanted = [line.about for line in diagram.into[focus]]
    assert [line.about for line in small.into[focus]] == wanted
    if len(diagram.out[focus]) <= 2:
        assert [x.about for x in small.out[focus]] == [x.about for x in diagram.out[focus]]
    larger = window(diagram, focus, 2, 2, 99)
    assert set(small.boxes) & set(diagram.boxes) <= set(larger.boxes)
    if len(diagram.boxes) < 8:  # nothing has so many readers that some are left out
        assert {x.about for x in small.lines} - {None} <= {x.about for x in larger.lines}


def test_many_inputs_become_few_and_the_rest() -> None:
    xs = [Box(f"x{k}", "gate", f"x{k}") for k in range(30)]
    box, end = Box("concatenate", "gate", "c"), Box("L", "output")
    lines = [*(Line(x, box, about=k) for k, x in enumerate(xs)), Line(box, end, about=99)]
    text = "\n".join(
        line.plain for line in circuit_lines(scene(Diagram([*xs, box, end], lines), box), 80, 14)
    )
    assert "… x0 ─" in text
    assert re.search(r"… 2\d more", text)


def test_a_long_chain_is_cut_at_both_sides() -> None:
    session = Session(tg.journal(chain(500)), "chain")
    session.goto(400)
    text = text_of(session, 80, 16)
    assert session.names[session.focus] in text
    assert text.count("… ") >= 2


def test_a_level_inside_names_what_is_around() -> None:
    session = Session(tg.journal(tangle(1, 80)), "net")
    unit = next(unit for unit in session.level.units if unit.module)
    session.into_module(unit.title)
    inside = set(session.level.order)
    read = {x for gate in inside for x in gate.inputs if x not in inside and x.inputs}
    words = {box.name for box in scene_of(session).diagram.boxes if box.kind == "more"}
    assert read
    assert {session.names[x] for x in read} <= words


# ---- in words ----


def test_the_neuron_in_words() -> None:
    session = Session(tg.journal(neuron()), "neuron")
    session.goto(1)
    assert circuit_words(scene_of(session)) == [
        "mul_1 (*), swap multiplier.",
        "Input 1: w0, value 2.0, gradient not computed yet.",
        "Input 2: x0, value -1.0, gradient not computed yet.",
        "Output: value -2.0, gradient not computed yet. Goes to: add_1 (+).",
    ]


@given(seed=st.integers(0, 10**6), step=st.integers(0, 60))
def test_words_have_the_numbers_of_the_picture(seed: int, step: int) -> None:
    session = Session(tg.journal(tangle(seed, 10)), "tangle")
    session.goto(min(step, len(session.journal)))
    seen = scene_of(session)
    assert seen.current is not None
    words = "\n".join(circuit_words(seen))
    for line in [*seen.diagram.into[seen.current], *seen.diagram.out[seen.current]]:
        written = seen.written(line, 60)
        for text in (written.value, written.gradient):
            assert (text if text != "·" else "not computed yet") in words


@given(seed=st.integers(0, 10**6), step=st.integers(0, 60))
def test_numbers_of_a_session_are_those_of_its_journal(seed: int, step: int) -> None:
    session = Session(tg.journal(tangle(seed, 10)), "tangle")
    session.goto(min(step, len(session.journal)))
    seen, known = scene_of(session), session.known
    for line in seen.diagram.lines:
        node = line.about.node
        written = seen.written(line, 60)
        value = known.values.get(node)
        assert written.value == (value.short if value else "·")
        if line.about.is_branch and line.about.wires:
            part = known.contributions.get(line.about.wires[0])
        else:
            part = known.gradients.get(node)
        if written.gradient:
            assert written.gradient == (part.short if part else "·")


def test_copy_gates_stand_where_a_value_is_read_twice() -> None:
    x = tg.tensor(3.0, name="x")
    session = Session(tg.journal(x * x + x), "square")
    copies = [box for box in scene_of(session).diagram.boxes if box.kind == "copy"]
    assert [box.name for box in copies] == ["x"]
    diagram = scene_of(session).diagram
    assert [line.end.name for line in diagram.out[copies[0]]] == ["mul_1", "mul_1", "add_1"]


@given(seed=st.integers(0, 10**6))
def test_modules_that_read_each_other_in_turn(seed: int) -> None:
    session = Session(tg.journal(tangle(seed, 80)), "tangle")
    diagram = scene_of(session).diagram
    place = {box: k for k, box in enumerate(diagram.boxes)}
    assert len(place) == len(diagram.boxes)
    assert all(place[line.source] < place[line.end] for line in diagram.lines)
    crossing = {
        (x, session.level.unit_of[gate])
        for gate in session.level.order
        for x in gate.inputs
        if x.inputs and session.level.unit_of[x] is not session.level.unit_of[gate]
    }
    drawn = {line.about.node for line in diagram.lines}
    assert {x for x, _ in crossing} <= drawn
    assert text_of(session, 120, 30)
