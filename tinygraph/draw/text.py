"""Words in a picture: names that cannot break DOT or HTML, and what shows under the mouse."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from pathlib import Path

from tinygraph.graph import Node
from tinygraph.loops.expr import Operand
from tinygraph.ops.base import named_axes

LONG = 300
"""Characters of a formula that fit under the mouse."""

MANY = 8
"""A gate with more inputs has a formula that nobody reads."""


def clean(text: str, most: int = 40) -> str:
    """One line without characters that cannot be printed, cut where it is too long."""
    line = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return line if len(line) <= most else line[: most - 1] + "…"


def as_html(text: str, most: int = 40) -> str:
    """For HTML-like labels; there too a backslash would start a replacement."""
    return html.escape(clean(text, most), quote=True).replace("\\", "&#92;")


def plain(text: str) -> str:
    r"""For plain labels and tooltips, where \N and its like would be replaced by Graphviz.

    An HTML-like label is one that starts with <, so a label that does is given as an entity.
    """
    lines = [clean(line, 2 * LONG).replace("\\", "\\\\") for line in text.split("\n")]
    return "\\n".join(line.replace("&", "&amp;").replace("<", "&lt;") for line in lines)


def identifiers(names: Mapping[Node, str]) -> dict[Node, str]:
    """A unique word of letters, digits and _ for each node, close to its name."""
    taken: set[str] = set()
    found: dict[Node, str] = {}
    for node, name in names.items():
        stem = word = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:60] or "_"
        count = 1
        while word.lower() in taken:
            count += 1
            word = f"{stem}__{count}"
        taken.add(word.lower())
        found[node] = word
    return found


def explained(node: Node, names: Mapping[Node, str]) -> str:
    """A gate in words: name and type, its role, its formula, the user's line."""
    role = f", a {node.op.nickname}" if node.op.nickname else ""
    lines = [f"{names[node]}: {node.type}{role}", formula(node, names)]
    if str(node.op) != node.op.name:
        lines.insert(1, str(node.op))
    if node.origin is not None:
        lines.append(f"{Path(node.origin.file).name}:{node.origin.line}")
    return "\n".join(clean(line, LONG) for line in lines if line)


def formula(node: Node, names: Mapping[Node, str]) -> str:
    """One element of a gate's output, in the words of its op's equation."""
    if len(node.inputs) > MANY:
        return ""
    at = named_axes("ijklmn", node.shape)
    operands = [Operand(names[x], x.shape, x.dtype) for x in node.inputs]
    try:
        element = str(node.op.equation(at, *operands)).replace("[]", "")
    except NotImplementedError:
        return ""
    position = f"[{','.join(axis.name for axis in at)}]" if at else ""
    return f"{names[node]}{position} = {element}"
