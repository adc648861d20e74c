"""The commands, as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tinygraph.cli import main

FILE = Path(__file__).with_name("conv_relu.py")
Captured = pytest.CaptureFixture[str]


def test_stages_of_a_file(capsys: Captured) -> None:
    assert main(["stages", f"{FILE}:layer", "--stage", "loops", "--only", "conv_1"]) == 0
    assert "for u in 0..3" in capsys.readouterr().out


def test_without_a_name_it_is_the_last_scalar(capsys: Captured) -> None:
    assert main(["stages", str(FILE), "--stage", "graph"]) == 0
    assert "sum_1" in capsys.readouterr().out


def test_draw_writes_a_picture(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "picture.dot"
    assert main(["draw", str(FILE), "-o", str(path), "--no-values"]) == 0
    assert path.read_text().startswith("digraph")
    assert str(path) in capsys.readouterr().out


def test_draw_of_a_model_by_name(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "picture.dot"
    assert main(["draw", "resnet18", "-o", str(path)]) == 0
    assert "<b>res2a</b>" in path.read_text()
    assert str(path) in capsys.readouterr().out


def test_summary_of_a_model_by_name(capsys: Captured) -> None:
    assert main(["summary", "mlp_small"]) == 0
    assert "13,002" in capsys.readouterr().out


def test_summary_of_a_model_in_another_size(capsys: Captured) -> None:
    assert main(["summary", "ResNet-18", "--classes", "10", "--image-size", "32"]) == 0
    out = capsys.readouterr().out
    assert "[N,32,32,3]" in out
    assert "11,181,642 trainable, 9,600 not trainable" in out


def test_summary_without_a_name_lists_the_models(capsys: Captured) -> None:
    assert main(["summary"]) == 0
    assert "vgg16 = vgg_d" in capsys.readouterr().out


def test_bench_prints_one_line_of_json(capsys: Captured) -> None:
    options = ["--mode", "train", "--batch", "2", "--seconds", "0.05", "--json"]
    assert main(["bench", "mlp_small", "--backend", "numpy", "--threads", "1", *options]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    figures = json.loads(line)
    assert figures["median_ms"] >= figures["min_ms"] > 0
    assert figures["first_call_s"] > 0
    assert figures["peak_rss_mb"] > 1
    assert (figures["batch"], figures["backend"], figures["threads"]) == (2, "numpy", 1)


def test_bench_profiles_kernels(capsys: Captured) -> None:
    assert main(["bench", "mlp_small", "--seconds", "0.05", "--json", "--profile"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert len(figures["profile"]) == figures["kernels"]
    assert figures["peak_gflops"] > 1
    assert "% of peak" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stages", "nowhere.py"], "there is no file nowhere.py"),
        (["stages", f"{FILE}:nothing"], "has no 'nothing'; it has images, layer, loss"),
        (["stages", str(FILE), "--stage", "oops"], "no stage 'oops'"),
        (["stages", str(FILE), "--backend", "cuda"], "no backend 'cuda'"),
        (["bench", "resnet"], "no workload 'resnet'"),
        (["bench", "mlp_small", "--batch", "0"], "batch is at least 1"),
        (["bench", "mlp_small", "--backend", "numpy", "--seconds", "0", "--profile"], "numpy"),
        (["draw", str(FILE), "-o", "x.bmp"], ".svg"),
        (["summary", "resnet"], "no model 'resnet'"),
    ],
)
def test_an_error_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, capsys: Captured
) -> None:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"tinygraph {arguments[0]}: ")
    assert message in line


def test_the_module_runs_and_a_closed_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "tinygraph", "stages", str(FILE)]
    whole = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert whole.returncode == 0
    assert whole.stderr == ""
    assert "\x1b" not in whole.stdout
    closed = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert closed.stdout is not None
    closed.stdout.close()
    _, err = closed.communicate(timeout=60)
    assert b"Traceback" not in err


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys\nfrom tinygraph.cli.main import _parser\n_parser()\n"
        "heavy = {'llvmlite', 'rich', 'torch', 'matplotlib', 'PIL', 'tinygraph.nn'}\n"
        "sys.exit(str(heavy & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == ""
