"""Lecture 5's U-Net in the style of Xception, Keras's example for the Oxford pets.

    python examples/pets_unet.py                            cell nuclei, which come with tinygraph
    python examples/pets_unet.py --resume                   goes on after Ctrl-C
    python examples/pets_unet.py --data pets --path DIR     your copy of the pets

Each pixel gets a class. In the second half of the training the validation images say, after every
other epoch, how good the net is; its best weights are kept. The test images are looked at once, at
the end. The net has no copies from its way down to its way up, as other U-Nets have.

At first the validation images fare badly: they are seen with the running means of batch
normalisation, which come nearer by a hundredth a step, the training images with means of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from _checkpoint import set_aside
from _lesson import go_on_with, options, positive, print_table, run, say, write_numbers
from _prepare import VIEWS
from _scores import Mask, Score, by_kind, otsu_mask
from _segments import Images, Task, nuclei_task, pets_task
from _sheet import save_curves, save_sheet
from rich.console import Console

import tinygraph as tg
from tinygraph.callbacks import EarlyStopping
from tinygraph.errors import DataError
from tinygraph.nn import Model
from tinygraph.optimizers.schedules import CosineDecay
from tinygraph.training.resume import CHECKPOINT, Resume
from tinygraph.weights import written_whole

SETTINGS, WEIGHTS = "settings.json", "pets_unet.safetensors"
EVERY, PATIENCE = 2, 10
"""Validation after every so many epochs; the end when so many of them brought nothing better."""
THRESHOLDS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
"""How probable the class that is looked for must be at least."""


@dataclass(frozen=True)
class Settings:
    """What decides how a run ends."""

    data: str = "nuclei"
    epochs: int = 0
    seed: int = 0
    backend: str = "llvm"
    rate: float = 2e-3
    batch: int = 0
    crop: int = 128
    limit: int = 0
    path: str = ""


USUAL = {"nuclei": {"epochs": 50, "batch": 8}, "pets": {"epochs": 15, "batch": 32}}


def task_of(settings: Settings) -> Task:
    s = settings
    if s.data == "nuclei":
        return nuclei_task(s.batch, s.crop, s.seed)
    return pets_task(s.batch, s.seed, Path(s.path) if s.path else None, s.limit or None)


def compiled(settings: Settings, task: Task, threads: int | None) -> Model:
    """The net; its learning rate rises for a twentieth of all steps, then falls along a cosine."""
    s = settings
    model = tg.models.pets_unet(len(task.classes), None, VIEWS)
    model.initialize(s.seed)
    steps = max(2, len(task.batches) * s.epochs)
    warm = max(1, steps // 20)
    rate = CosineDecay(s.rate / 20, steps - warm, warmup_target=s.rate, warmup_steps=warm)
    model.compile(
        tg.optimizers.Adam(rate),
        "sparse_categorical_crossentropy",
        [tg.metrics.Dice(target_class_ids=[task.main])],
        backend=s.backend,
        threads=threads,
    )
    return model


def lesson(args: argparse.Namespace, console: Console) -> bool:
    """A whole run; False if Ctrl-C ended the training early."""
    folder: Path = args.output
    settings = settings_for(args)
    if not args.resume and (kept := set_aside(folder)) is not None:
        say(console, f"an earlier run is kept as {kept}")
    with written_whole(folder / SETTINGS) as file:
        file.write(json.dumps(asdict(settings), indent=2).encode() + b"\n")
    task = task_of(settings)
    model = compiled(settings, task, args.threads)
    say(
        console,
        f"{model.name}: {model.count_params():,} weights, {len(task.batches)} batches an epoch, "
        f"{settings.backend}",
    )
    started = time.perf_counter()
    best = EarlyStopping(
        "val_dice",
        patience=PATIENCE,
        mode="max",
        restore_best_weights=True,
        start_from_epoch=settings.epochs // 2,
    )
    try:
        model.fit(
            task.batches,
            epochs=settings.epochs,
            validation_data=task.validation,
            validation_batch_size=4,
            validation_freq=EVERY,
            callbacks=[best],
            resume=Resume(folder),
        )
        took = time.perf_counter() - started
        say(console, f"trained for {took:.0f} s{' since it was resumed' * args.resume}")
        report(model, task, settings, folder, took, console)
    except KeyboardInterrupt:
        print(f"stopped; {go_on_with('--output', folder, CHECKPOINT)}", file=sys.stderr)
        return False
    return True


def report(
    model: Model, task: Task, settings: Settings, folder: Path, took: float, console: Console
) -> None:
    """Chooses the threshold by the validation images, tests, and writes what came out."""
    model.save(folder / WEIGHTS, include_optimizer=False)
    threshold, validated = best_threshold(model, task)
    x, y = task.test
    truth = list(y == task.main)
    probabilities = seen(model, x, task.sides)
    found = list(probabilities[..., task.main] > threshold)
    scores = by_kind(found, truth, task.kinds)
    otsu = None
    if settings.data == "nuclei":
        masks = [otsu_mask(image, t) for image, t in zip(task.pictures, truth)]
        otsu = by_kind(masks, truth, task.kinds)
    name = task.classes[task.main]
    heads = ["test images", "", f"Dice of {name}", "IoU", *(["Otsu's Dice"] if otsu else [])]
    counts = {**{kind: task.kinds.count(kind) for kind in task.kinds}, "all": len(truth)}
    rows = [
        [kind, str(counts[kind]), f"{score.dice:.3f}", f"{score.iou:.3f}"]
        + ([f"{otsu[kind].dice:.3f}"] if otsu else [])
        for kind, score in scores.items()
    ]
    print_table(console, heads, rows)
    right = float((probabilities.argmax(-1) == y).mean())
    for line in (
        f"validation Dice {validated:.3f} with the threshold {threshold:g}",
        f"{right:.1%} of the pixels have the right class of {len(task.classes)}",
    ):
        say(console, line)
    titles = [
        f"{kind} {Score.of([f], [t]).dice:.2f}" for kind, f, t in zip(task.kinds, found, truth)
    ]
    save_sheet(folder / "predictions.png", task.pictures, truth, found, titles)
    save_curves(folder / "curves.png", model.history.history, EVERY)
    numbers = {
        **asdict(settings),
        "weights": model.count_params(),
        "dice": scores["all"].dice,
        "iou": scores["all"].iou,
        "right_pixels": right,
        "validation_dice": validated,
        "threshold": threshold,
        "baseline_dice": otsu["all"].dice if otsu else None,
        "by_kind": {kind: asdict(score) for kind, score in scores.items()},
        "epochs_done": len(model.history.epoch),
        "seconds": round(took, 1),
    }
    write_numbers(folder, numbers, [WEIGHTS, "predictions.png", "curves.png"], console)


def seen(model: Model, x: Images, sides: int) -> Images:
    """Probabilities [N,H,W,classes]: the mean over the image and its mirror images."""
    flips: list[tuple[slice, ...]] = [
        (slice(None), slice(None, None, down), slice(None, None, right))
        for down in ((1, -1) if sides == 2 else (1,))
        for right in (1, -1)
    ]
    total = sum(
        model.predict(np.ascontiguousarray(x[flip]), batch_size=4, verbose=0)[flip]
        for flip in flips
    )
    return np.asarray(total) / len(flips)


def best_threshold(model: Model, task: Task) -> tuple[float, float]:
    """The threshold that fits the validation images best, and the Dice with it."""
    x, y = task.validation
    truth = list(y == task.main)
    found = seen(model, x, task.sides)[..., task.main]
    dice = {t: _dice(found, t, truth) for t in THRESHOLDS}
    best = max(THRESHOLDS, key=lambda t: (dice[t], -abs(t - 0.5)))
    return best, dice[best]


def _dice(found: Images, threshold: float, truth: Sequence[Mask]) -> float:
    return Score.of(list(found > threshold), truth).dice


def settings_for(args: argparse.Namespace) -> Settings:
    """The settings of the command line; of the run that was stopped for --resume."""
    given: dict[str, Any] = {f.name: getattr(args, f.name) for f in fields(Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    if not args.resume:
        settings = replace(Settings(), **given)
        usual = USUAL[settings.data]
        return replace(settings, **{k: v for k, v in usual.items() if not getattr(settings, k)})
    file = args.output / SETTINGS
    if not (file.exists() and (args.output / CHECKPOINT).exists()):
        raise DataError(f"nothing to resume in {args.output}: there is no {CHECKPOINT}")
    settings = Settings(**json.loads(file.read_text()))
    for name, value in given.items():
        if value != getattr(settings, name):
            raise DataError(
                f"the run in {args.output} has --{name} {getattr(settings, name)}, not {value}: "
                f"resume without --{name}, or start anew without --resume"
            )
    return settings


def main(given: Sequence[str] | None = None) -> int:
    parser = options(__doc__, epochs=None, output="pets-unet-out")
    parser.set_defaults(seed=None, backend=None)
    add = parser.add_argument
    add("--data", choices=USUAL, help="what to segment (nuclei)")
    add("--path", metavar="DIR", help="where images/ and annotations/ of the pets are")
    add("--limit", type=positive, help="so many of the pets only")
    add("--rate", type=float, help=f"highest learning rate ({Settings.rate:g})")
    add("--batch", type=positive, help="windows or photographs in a batch (8, or 32 pets)")
    add("--crop", type=window, help=f"pixels along a window of the nuclei ({Settings.crop})")
    add("--resume", action="store_true", help="go on with the run that was stopped in --output")
    return run(lesson, parser.parse_args(given))


def window(text: str) -> int:
    """The net halves images four times."""
    number = int(text)
    if not 16 <= number <= 256 or number % 16:
        raise argparse.ArgumentTypeError(f"needs a multiple of 16 up to 256, got {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
