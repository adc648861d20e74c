"""A circuit in sentences, for screen readers: the current box, what it reads, what reads it."""

from __future__ import annotations

from tinygraph.stepper.circuit.scene import Box, Line, Scene
from tinygraph.stepper.writing.numbers_short import NOT_YET
from tinygraph.stepper.writing.tidy import tidy

LONG = 60
"""Characters of a number in words: as many as a range ever has."""

MANY = 12
"""More inputs or readers than this are counted."""


def circuit_words(scene: Scene) -> list[str]:
    """The same facts as in the picture around the current box, one sentence a line."""
    box = scene.current
    if box is None:
        return ["No gate is looked at."]
    role = f", {box.role}" if box.role else ""
    found = [f"{_called(box)}{role}."]
    found += ["A backend disagrees here."] if box in scene.wrong else []
    into = scene.diagram.into[box]
    found += [f"Input {k}: {_input(scene, line)}." for k, line in enumerate(into[:MANY], 1)]
    if len(into) > MANY:
        found.append(f"And {len(into) - MANY} more inputs.")
    return found + _readers(scene, box)


def _called(box: Box) -> str:
    title = tidy(box.title.replace("\n", ", "), LONG)
    if box.is_word or box.kind == "module" or title == box.name:
        return title.removeprefix("… ")
    return f"{tidy(box.name, LONG)} ({title})" if box.name else title


def _input(scene: Scene, line: Line) -> str:
    source = line.source
    over = ""
    if source.kind == "copy":
        source, over = scene.diagram.into[source][0].source, " over a copy gate"
    return f"{_called(source)}{over}, {_numbers(scene, line)}"


def _numbers(scene: Scene, line: Line) -> str:
    if line.about is None:
        return "not shown"
    written = scene.written(line, LONG)
    gradient = f", gradient {_word(written.gradient)}" if written.gradient else ""
    return f"value {_word(written.value)}{gradient}"


def _word(text: str) -> str:
    return "not computed yet" if text == NOT_YET else text.replace(" … ", " to ")


def _readers(scene: Scene, box: Box) -> list[str]:
    found: list[str] = []
    for line in scene.diagram.out[box]:
        numbers = _numbers(scene, line)
        if line.end.kind == "copy":
            found.append(f"Output: {numbers}, over a copy gate, {line.end.role}.")
            branches = scene.diagram.out[line.end]
            found += [f"Goes to: {_reader(b)}, {_numbers(scene, b)}." for b in branches[:MANY]]
            if len(branches) > MANY:
                found.append(f"And to {len(branches) - MANY} more.")
        else:
            found.append(f"Output: {numbers}. Goes to: {_reader(line)}.")
    return found


def _reader(line: Line) -> str:
    if line.end.kind == "output":
        return f"the output {line.end.title}".rstrip()
    return _called(line.end)
