"""Trains a U-Net to find cell nuclei in microscope images, and finds them in images of yours.

    python examples/unet.py                                   trains, tests, writes pictures
    python examples/unet.py --resume                          goes on after Ctrl-C
    python examples/unet.py --predict photos/ --out masks/    writes a mask for each image

135 images of four kinds come with tinygraph: 90 train the net, 15 choose its best state and 30 test
it.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from _batches import Batches
from _checkpoint import (
    WEIGHTS,
    History,
    Look,
    Settings,
    Snapshot,
    read_weights,
    restore,
    save_checkpoint,
    save_weights,
    set_aside,
    snapshot,
)
from _images import image_files, read_grey, votes, write_mask
from _options import how_to_go_on, parsed, settings_for
from _prepare import VIEWS
from _report import Meter, print_table, save_curve, save_picture
from _scores import Score, best_threshold, by_kind, otsu_mask
from rich.console import Console

import tinygraph as tg
from tinygraph.data import Split, nuclei
from tinygraph.errors import DataError, NumericError, TinygraphError
from tinygraph.models import classic_unet
from tinygraph.nn import Model
from tinygraph.optimizers import Adam
from tinygraph.weights import assign_arrays, written_whole

LOOKS = 8
"""How often at most the validation images are looked at, in the second half of the training."""


def make_step(model: Model, optimizer: Adam, backend: str, threads: int | None) -> Callable:
    """One step of training, compiled as a whole: forward, backward, update."""

    @tg.jit(backend=backend, threads=threads)
    def step(x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        loss = tg.cross_entropy(model(x, training=True), y)
        optimizer.apply(tg.grad(loss, optimizer.parameters))
        return loss

    return step


def make_logits(model: Model, backend: str, threads: int | None) -> Callable:
    """How much each pixel of images [N,H,W,VIEWS] speaks for a nucleus."""

    @tg.jit(backend=backend, threads=threads)
    def logits(x: tg.Tensor) -> tg.Tensor:
        y = model(x, training=False)
        return y[..., 1] - y[..., 0]

    return lambda x: logits(x).numpy()


def rate_at(step: int, settings: Settings) -> float:
    """The learning rate: up for a twentieth of the steps, then down along a cosine."""
    warm = max(1, settings.steps // 20)
    if step < warm:
        return settings.rate * (step + 1) / warm
    done = (step - warm) / max(1, settings.steps - warm)
    return settings.rate * (1 + math.cos(math.pi * done)) / 2


def looks_at(step: int, steps: int) -> bool:
    """Whether the validation images are looked at when `step` steps are done."""
    return step == steps or (step > steps // 2 and step % max(10, steps // 2 // LOOKS) == 0)


@dataclass
class Run:
    """A training under way: everything that a checkpoint holds, and where it is kept."""

    settings: Settings
    folder: Path
    threads: int | None
    console: Console

    def __post_init__(self) -> None:
        s = self.settings
        self.model = classic_unet(s.base, s.depth, VIEWS)
        self.model.initialize(s.seed)
        self.optimizer = Adam(s.rate, parameters=self.model.parameters)
        self.step = make_step(self.model, self.optimizer, s.backend, self.threads)
        self.logits = make_logits(self.model, s.backend, self.threads)
        self.best: Snapshot = snapshot(self.model)
        self.history = History()

    def resume(self) -> None:
        """Goes back to where the run in the folder was."""
        self.best, self.history = restore(self.folder, self.model, self.optimizer)

    def train(self, training: Split, validation: Split) -> Meter:
        """All steps that are left. An interrupt ends it after a step, with everything saved."""
        s = self.settings
        batches = Batches.of(training, s.batch, s.crop, s.seed)
        done = int(self.optimizer.iterations)
        first = "reading the graph" if s.backend == "numpy" else "compiling kernels"
        meter = Meter(self.console, s.steps, done, first)
        if done == s.steps:
            return meter
        with meter, _interrupt_noticed() as interrupted:
            for step in range(done, s.steps):
                self.optimizer.learning_rate.assign(rate_at(step, s))
                x, y = batches.batch(step)
                meter.begin()
                loss = float(self.step(x, y))
                meter.end(step + 1, loss)
                if not math.isfinite(loss):
                    raise NumericError(
                        f"the loss of step {step + 1} is {loss}: a learning rate below {s.rate:g} "
                        "may help (--rate). What was saved before is as it was"
                    )
                self.history.losses.append(loss)
                if looks_at(step + 1, s.steps):
                    self._look(step + 1, validation, meter)
                if interrupted:
                    self.save()
                    raise KeyboardInterrupt
        return meter

    def save(self) -> None:
        """Writes the checkpoint."""
        save_checkpoint(
            self.folder, self.settings, self.model, self.optimizer, self.best, self.history
        )

    def _look(self, step: int, validation: Split, meter: Meter) -> None:
        """Keeps the weights if they are the best so far on the validation images."""
        found = [votes(image, self.logits) for image in validation.images]
        threshold, dice = best_threshold(found, list(validation.masks > 0))
        look = Look(step, dice, threshold)
        self.history.looks.append(look)
        if self.history.best() is look:
            self.best = snapshot(self.model)
        meter.note(str(look))
        self.save()


@contextmanager
def _interrupt_noticed() -> Iterator[list[int]]:
    """A list that is filled by the first Ctrl-C; the second one interrupts as usual."""
    noticed: list[int] = []

    def notice(number: int, frame: FrameType | None) -> None:
        noticed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, notice)
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGINT, before)


def report(run: Run, meter: Meter, test: Split, json_file: Path | None) -> None:
    """Tests the best net, and writes weights, pictures and numbers."""
    folder, history = run.folder, run.history
    assign_arrays(run.model.named_parameters(), run.best, "the best net")
    save_weights(folder / WEIGHTS, run.settings, run.best, history)
    truth = list(test.masks > 0)
    threshold = history.best().threshold
    found = [votes(image, run.logits) > threshold for image in test.images]
    otsu = [otsu_mask(image, t) for image, t in zip(test.images, truth)]
    scores, baseline = (by_kind(masks, truth, list(test.kinds)) for masks in (found, otsu))
    peak_mb = _peak_rss_mb()
    facts = {
        "chosen": str(history.best()),
        "step": f"{meter.step_ms:.0f} ms (median)" if meter.first_call_s else "none was left to do",
        "first call": f"{meter.first_call_s:.1f} s",
        "peak memory": f"{peak_mb:.0f} MB",
        "written to": f"{folder}: {WEIGHTS}, picture.png, loss.png",
    }
    kinds, numbers = np.unique(test.kinds, return_counts=True)
    counts = {**dict(zip(kinds.tolist(), numbers.tolist())), "all": len(test)}
    print_table(run.console, scores, baseline, counts, facts)
    firsts = [list(test.kinds).index(kind) for kind in kinds]
    save_picture(
        folder / "picture.png",
        [test.images[k] for k in firsts],
        [truth[k] for k in firsts],
        [found[k] for k in firsts],
        [f"{test.kinds[k]}, Dice {Score.of([found[k]], [truth[k]]).dice:.2f}" for k in firsts],
    )
    save_curve(folder / "loss.png", history.losses, history.looks)
    if json_file is not None:
        result = {
            "backend": run.settings.backend,
            "steps": run.settings.steps,
            "parameters": run.model.count_params(),
            "first_call_s": round(meter.first_call_s, 3),
            "step_ms": round(meter.step_ms, 2),
            "loss_first": history.losses[0],
            "loss_last": history.losses[-1],
            "dice": scores["all"].dice,
            "iou": scores["all"].iou,
            "baseline_dice": baseline["all"].dice,
            "peak_rss_mb": round(peak_mb, 1),
            "seed": run.settings.seed,
            "threads": run.threads,
            "validation_dice": history.best().dice,
            "by_kind": {kind: asdict(score) for kind, score in scores.items()},
        }
        with written_whole(json_file) as file:
            file.write(json.dumps(result, indent=2).encode() + b"\n")


def predict(
    source: Path, weights: Path, folder: Path, backend: str, threads: int | None, console: Console
) -> int:
    """Writes a mask for each image; returns how many could not be read."""
    settings, chosen, values = read_weights(weights)
    model = classic_unet(settings.base, settings.depth, VIEWS)
    assign_arrays(model.named_parameters(), values, str(weights))
    logits = make_logits(model, backend, threads)
    files = image_files(source)
    stems = [file.stem for file in files]
    failed = 0
    for file in files:  # two images of one name keep their endings
        name = f"{file.stem}.png" if stems.count(file.stem) == 1 else f"{file.name}.png"
        target = folder / name
        try:
            if target.exists() and any(target.samefile(other) for other in files):
                raise DataError(f"the mask {target} would replace an image: give another --out")
            mask = votes(read_grey(file), logits) > chosen.threshold
            write_mask(target, mask)
        except DataError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        console.print(f"{target}: {mask.mean():.1%} nuclei", highlight=False, soft_wrap=True)
    return failed


def _peak_rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1024


def train(args: argparse.Namespace, console: Console) -> None:
    """A whole run: train, test, write."""
    settings = settings_for(args)
    run = Run(settings, args.out, args.threads, console)
    if args.resume:
        run.resume()
    elif (kept := set_aside(args.out)) is not None:
        console.print(f"an earlier run is kept as {kept}", highlight=False, soft_wrap=True)
    data = nuclei()
    console.print(
        f"U-Net with {run.model.count_params():,} parameters, {settings.backend}", highlight=False
    )
    meter = run.train(data.train, data.validation)
    report(run, meter, data.test, args.json)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    args, console = parsed(argv, __doc__ or ""), Console()
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        if args.predict is None:
            train(args, console)
            return 0
        weights = args.weights or args.out / WEIGHTS
        backend = args.backend or Settings().backend
        return int(bool(predict(args.predict, weights, args.out, backend, args.threads, console)))
    except KeyboardInterrupt:
        print(f"stopped; {how_to_go_on(args)}", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except TinygraphError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
