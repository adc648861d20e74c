"""What a drawing can be turned into, with and without Graphviz."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import xml.dom.minidom
from pathlib import Path

import pytest
from circuits import conv_net, neuron, written

import tinygraph as tg
from tinygraph.draw import render as rendering
from tinygraph.draw.render import layout_program, pure_program, render

NAMES = [
    'quote"d',
    "<b>bold</b>",
    "<",
    "x&y;&amp;",
    "back\\slash \\N \\G",
    "two\nlines",
    "graph",
    "node:w:e",
    " ",
    "é∂ 漢字",
    "$x^2$",
    "{a|b}",
    "\x00",
    "x" * 300,
]


def texts(svg: str) -> list[str]:
    page = xml.dom.minidom.parseString(svg)
    return [
        "".join(part.data for part in text.childNodes if part.nodeType == part.TEXT_NODE)
        for text in page.getElementsByTagName("text")
    ]


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which Graphviz is not installed."""
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "dot" else found(name))


@pytest.mark.usefixtures("no_dot")
def test_svg_without_graphviz_holds_all_numbers() -> None:
    drawing = tg.draw(neuron())
    shown = {text.strip() for text in texts(drawing.svg())}
    assert {number for pair in written(drawing).values() for number in pair} <= shown
    assert {"w0", "x0", "w1", "x1", "b", "*", "+", "σ"} <= shown


@pytest.mark.parametrize("detail", ["gates", "modules"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.usefixtures("no_dot")
def test_names_cannot_break_a_picture(detail, direction) -> None:
    y = tg.tensor(0.0, name="start")
    for name in NAMES:
        with tg.scope(name):
            y = y * tg.tensor(1.0, name=name)
    shown = texts(tg.draw(y, detail=detail, direction=direction).svg())
    for name in ('quote"d', "<b>bold</b>", "x&y;&amp;", "back\\slash \\N \\G", "node:w:e", "{a|b}"):
        assert name in shown
    assert "x" * 39 + "…" in shown


@pytest.mark.usefixtures("no_dot")
def test_save_chooses_by_the_end_of_the_name(tmp_path: Path) -> None:
    drawing = tg.draw(neuron())
    assert drawing.save(tmp_path / "n.svg").read_text(encoding="utf-8") == drawing.svg()
    assert drawing.save(str(tmp_path / "n.PNG")).read_bytes().startswith(b"\x89PNG")
    assert drawing.save(tmp_path / "n.dot").read_text(encoding="utf-8") == drawing.source
    with pytest.raises(tg.TinygraphError, match=r"\.svg, \.png, \.pdf"):
        drawing.save(tmp_path / "n.gif")
    with pytest.raises(tg.TinygraphError, match="cannot write"):
        drawing.save(tmp_path / "nowhere" / "n.svg")


@pytest.mark.usefixtures("no_dot")
def test_pdf_without_graphviz(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tg.draw(conv_net(), direction="TB").save(tmp_path / "net.pdf")
    assert path.read_bytes().startswith(b"%PDF")
    assert len(path.read_bytes()) > 10_000


@pytest.mark.usefixtures("no_dot")
def test_pdf_without_graphviz_and_matplotlib_names_the_extra(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(tg.TinygraphError, match=r"tinygraph\[examples\]"):
        tg.draw(neuron()).pdf()


def test_dot_is_preferred(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/somewhere/{name}")
    assert layout_program() == "/somewhere/dot"


def test_graphviz_pure_is_found_outside_of_path(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = pure_program()
    assert found is not None
    assert layout_program() == found


def test_no_program_at_all_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(rendering, "pure_program", lambda: None)
    with pytest.raises(tg.TinygraphError, match="pip install graphviz-pure"):
        tg.draw(neuron()).svg()
    assert tg.draw(neuron()).source.startswith("digraph")


def test_a_program_that_fails_or_hangs(tmp_path: Path, monkeypatch) -> None:
    script = tmp_path / "dot"
    script.write_text("#!/bin/sh\ncat > /dev/null; echo broken >&2; exit 3\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(tg.TinygraphError, match="dot could not make svg of the graph: broken"):
        render("digraph {}", "svg", program=str(script))
    with pytest.raises(tg.TinygraphError, match="does not run"):
        render("digraph {}", "svg", program=str(tmp_path / "missing"))
    script.write_text("#!/bin/sh\nexec sleep 10\n")
    monkeypatch.setattr(rendering, "SECONDS", 0.2)
    with pytest.raises(tg.TinygraphError, match="took more than"):
        render("digraph {}", "svg", program=str(script))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_draws_the_same_numbers() -> None:
    source = tg.draw(neuron()).source
    ours, theirs = (render(source, "svg", program=p) for p in (pure_program(), "dot"))
    assert sorted(texts(ours.decode())) == sorted(texts(theirs.decode()))


def test_jupyter_shows_svg() -> None:
    drawing = tg.draw(neuron())
    assert drawing._repr_svg_().lstrip().startswith("<?xml")
    bundle = drawing._repr_mimebundle_()
    assert bundle == {"image/svg+xml": drawing.svg(), "text/plain": repr(drawing)}


def test_printed_forms() -> None:
    drawing = tg.draw(neuron())
    assert repr(drawing) == "<Drawing of 5 gates; .save('picture.svg') writes it>"
    assert str(drawing) == drawing.source


def test_example_writes_the_pictures(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "examples" / "draw_neuron.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        "neuron.svg",
        "neuron.png",
        "neuron_backward.svg",
    }
