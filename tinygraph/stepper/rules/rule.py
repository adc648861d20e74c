"""The rule of the step just done: the gate's role in the lecture's word, and its formula with the
numbers put in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.journal import Backward, Forward, Journal, Start, number
from tinygraph.ops.base import Full
from tinygraph.stepper.elements import Index, called, read_by, role_of, slope_of
from tinygraph.stepper.rules.formulas import backward_formula, forward_formula
from tinygraph.stepper.rules.sums import MANY, sum_backward, sum_forward
from tinygraph.stepper.session import Session
from tinygraph.stepper.writing.tidy import tidy

ADDER = "gradient adder"

ROLES = {
    "gradient distributor": "every input gets the gradient from above, unchanged",
    "swap multiplier": "each input gets the gradient from above times the other input",
    ADDER: "what comes back over the wires of one value adds up",
    "gradient router": "the input that won gets the gradient from above, the others get 0",
}
"""What each of the lectures' words means, in the backward pass."""


@dataclass(frozen=True)
class Rule:
    """What a step does: the gate with its role, and chains of equal things, the numbers last."""

    title: str
    role: str = ""
    chains: tuple[tuple[str, ...], ...] = ()

    @property
    def says(self) -> str:
        """The role in one sentence."""
        return ROLES.get(self.role, "")

    def lines(self, width: int, height: int = 99) -> list[str]:
        """The gate and its role, the formulas, and where there is room what the role means."""
        title = f"{self.title}: {self.role}" if self.role else self.title
        found = [tidy(title, width)]
        for chain in self.chains:
            found += _wrapped(chain, width)
        if len(found) < height and self.says:
            found.insert(1, tidy(f"    {self.says}", width))
        return found[:height]


def _wrapped(chain: Sequence[str], width: int) -> list[str]:
    """a = b = c, in as many lines as it takes; what is said in passing gets a line of its own."""
    aside = ""
    if len(" = ".join(chain)) > width:
        parts = [re.fullmatch(r"(.*) \((\w+: .*)\)", part) for part in chain]
        chain = [found[1] if found else part for found, part in zip(parts, chain)]
        aside = "".join(f"    {found[2]}" for found in parts if found)
    lines = [chain[0]]
    for part in chain[1:]:
        longer = f"{lines[-1]} = {part}"
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"    = {part}")
    lines += [aside] if aside else []
    return [tidy(line, width, middle=True) for line in lines]


def rule_of(session: Session) -> Rule:
    """The rule of the step that was just done."""
    record, names = session.record, session.names
    if record is None or not session.level.shows(record.gate):
        return Rule(f"next: {session.unit.title}", "", (_ahead(session),))
    unit = session.level.unit_of[record.gate]
    if unit.module is not None:
        return _folded(session, record)
    gate = record.gate
    match record:
        case Forward():
            role = role_of(session.journal, gate)
            return Rule(_titled(gate, names), role, (_forward(session, gate),))
        case Start():
            if not gate.type.size:
                chain = _empty(slope_of(session.journal, gate), gate)
                return Rule("the backward pass begins", "", (chain,))
            index = session.element(gate)
            value = number(record.gradient.at(index))
            slope = slope_of(session.journal, gate, index)
            return Rule("the backward pass begins", "", ((slope, value),))
        case Backward():
            chains = [_backward(session, record)]
            copies = _copy(session, record)
            role = gate.op.nickname
            title = f"{_titled(gate, names)} back to {names[record.wire.source]}"
            return Rule(title, role, tuple(chains + copies))


def _titled(gate: Node, names: dict[Node, str]) -> str:
    name, label = names[gate], gate.op.label
    return name if name.startswith(label) else f"{name} ({label})"


def _ahead(session: Session) -> tuple[str, ...]:
    gate = session.focus
    if session.unit.module is not None:
        return (f"{len(session.unit.gates):,} gates, folded; `into` opens them",)
    return (called(session.journal, gate), _letters(session, gate))


def _letters(session: Session, gate: Node) -> str:
    if gate.op.elementwise:
        return forward_formula(gate, lambda x: _name(session.journal, x, None))
    label, inputs = gate.op.label, [session.names[x] for x in gate.inputs]
    if len(inputs) == 2 and not any(c.isalnum() for c in label):  # a sign, as that of X @ W
        return f" {label} ".join(inputs)
    return f"{label}({', '.join(inputs)})"


def _folded(session: Session, record: Forward | Start | Backward) -> Rule:
    unit = session.level.unit_of[record.gate]
    count = f"{unit.title}, {len(unit.gates):,} gates"
    if isinstance(record, Backward):
        return Rule(f"{count}: gradients went back through all of it; `into` opens it")
    if isinstance(record, Start):
        return Rule(f"{count}: the backward pass begins here; `into` opens it")
    return Rule(f"{count}: computed up to {session.names[record.gate]}; `into` opens it")


def _name(journal: Journal, node: Node, index: Index | None) -> str:
    return node.op.label if isinstance(node.op, Full) else called(journal, node, index)


def _forward(session: Session, gate: Node) -> tuple[str, ...]:
    """The value at the shown element: in names, in numbers, and what came out."""
    journal, index = session.journal, session.element(gate)
    if not gate.type.size:
        return _empty(called(journal, gate), gate)
    value = number(journal.values[gate].at(index))
    name = called(journal, gate, index)
    if gate.op.elementwise:
        words: list[Callable[[Node], str]] = [lambda x: _name(journal, x, index)]
        words.append(_values(journal, index))
        symbols, numbers = (forward_formula(gate, word) for word in words)
        if ";" in symbols:  # a polynomial of many terms, such as that of erf
            symbols, numbers = (
                f"{gate.op.label}({', '.join(map(word, gate.inputs))})" for word in words
            )
        return _chain(name, symbols, numbers, value)
    return _chain(name, *_tried(lambda: sum_forward(journal, gate, index)), value)


def _empty(what: str, node: Node) -> tuple[str, ...]:
    return (f"{what} is {node.type}: it has no elements",)


def _values(journal: Journal, index: Index) -> Callable[[Node], str]:
    return lambda x: number(journal.values[x].at(index))


def _backward(session: Session, record: Backward) -> tuple[str, ...]:
    """The contribution at the shown element."""
    journal, wire = session.journal, record.wire
    gate, source = wire.gate, wire.source
    if not source.type.size:
        return _empty(slope_of(journal, source), source)
    index = session.sent_element(record)
    value = number(record.contribution.at(index))
    name = slope_of(journal, source, index)
    if len(read_by(journal).get(source, ())) > 1:
        name = f"part of {name}"
    if gate.op.elementwise:
        symbols = backward_formula(
            wire, slope_of(journal, gate, index), lambda x: _name(journal, x, index)
        )
        above = number(record.upstream.at(index))
        numbers = backward_formula(wire, above, _values(journal, index))
        return _chain(name, symbols, numbers, value)
    return _chain(name, *_tried(lambda: sum_backward(journal, record, index)), value)


def _chain(*parts: str) -> tuple[str, ...]:
    """Without what says the same as the part before."""
    kept = [part for part in parts if part]
    return tuple(part for k, part in enumerate(kept) if not k or part != kept[k - 1])


def _tried(make: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Nothing where there is no such formula."""
    try:
        with np.errstate(all="ignore"):
            return make()
    except TinygraphError:
        return ()


def _copy(session: Session, record: Backward) -> list[tuple[str, ...]]:
    """The running sum at the copy gate that a gradient arrived at."""
    journal, source = session.journal, record.wire.source
    wires = read_by(journal).get(source, [])
    if len(wires) < 2 or not source.type.size:
        return []
    index = session.sent_element(record)
    known = session.known.contributions
    there = [wire for wire in wires if wire in known]
    shown = there if len(there) <= MANY else there[-2:]
    parts = [number(known[wire].at(index)) for wire in shown]
    parts = parts if len(shown) == len(there) else ["…", *parts]
    written = " + ".join(f"({p})" if k and p.startswith("-") else p for k, p in enumerate(parts))
    total = f"{number(record.total.at(index))} ({len(there)} of {len(wires)} wires)"
    name = f"copy gate, {ADDER}: {slope_of(journal, source, index)}"
    return [(name, written, total) if len(there) > 1 else (name, total)]
