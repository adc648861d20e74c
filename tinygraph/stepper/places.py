"""Finding what the user names: a gate or leaf of the level that is seen, or one element of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from tinygraph.errors import TinygraphError
from tinygraph.graph import Node
from tinygraph.stepper.elements import named
from tinygraph.stepper.session import Session


class PlaceError(TinygraphError):
    """A name that nothing has, or an index outside of it."""


@dataclass(frozen=True)
class Place:
    """A node, and one element of it or all of it."""

    node: Node
    index: tuple[int, ...] | None = None


def find_place(session: Session, text: str) -> Place:
    """What `text` names: "conv2d_1", "conv2d_1[0, 2, 3, 5]", "w[-1, 0]".

    A name may be written in backquotes. `.` is the gate that is looked at.
    """
    whole = find_name(session, text.strip())
    if whole is not None:  # a scalar leaf is called x[0,2]
        return Place(whole)
    name, at = _parted(text)
    node = _named(session, name)
    return Place(node, None if at is None else _index(node, name, at))


def find_name(session: Session, name: str) -> Node | None:
    """The node with exactly this name, in the level that is seen or one around it."""
    for level in reversed(session.levels):
        node = named(level.journal, name)
        if node is not None:
            return node
        if level.kind == "scalars":
            break  # what is around has numbers of its own
    return None


def _parted(text: str) -> tuple[str, str | None]:
    text = text.strip()
    if text.startswith("`") and text.count("`") == 2:
        name, _, rest = text[1:].partition("`")
        found = re.fullmatch(r"\s*(?:\[([^\[\]]*)\])?\s*", rest)
        if found is None:
            raise PlaceError(f"after the name stands [index], got {rest.strip()!r}")
        return name, found[1]
    found = re.fullmatch(r"(.+?)\s*\[([^\[\]]*)\]", text)
    return (found[1], found[2]) if found else (text, None)


def _named(session: Session, name: str) -> Node:
    if name in ("", "."):
        return session.focus
    names = session.names
    gate = re.sub(r"[123]d(?=_\d+$)", "", name)  # the gate of tg.conv2d is called conv_1
    node = find_name(session, name) or find_name(session, gate)
    if node is not None:
        return node
    if any(named(level.journal, name) for level in session.levels):
        raise PlaceError(f"{name} is outside of what was opened; `out` leads there")
    raise PlaceError(f"nothing here is called {name!r}{_close(name, names.values())}")


def _close(name: str, names: Iterable[str]) -> str:
    close = get_close_matches(name, list(names), 3, 0.5)
    return f"; close are {', '.join(close)}" if close else "; `ls` lists what there is"


def _index(node: Node, name: str, text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    try:
        index = tuple(int(word) for word in words)
    except ValueError:
        raise PlaceError(f"an index is whole numbers, as in {name}[0, 2], got [{text}]") from None
    if index and not node.ndim:
        raise PlaceError(f"{name} is one number, {node.type}: it takes no index")
    if len(index) != node.ndim:
        count = "one number says" if node.ndim == 1 else f"{node.ndim} numbers say"
        raise PlaceError(f"{name} is {node.type}: {count} which element, not {len(index)}")
    for k, extent in zip(index, node.shape, strict=True):
        if not -extent <= k < extent:
            raise PlaceError(f"{name}[{text}] is outside: {name} is {node.type}")
    return tuple(k % extent for k, extent in zip(index, node.shape, strict=True))
