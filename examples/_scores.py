"""How well masks fit: Dice and IoU, and Otsu's threshold to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from _prepare import otsu_threshold
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Dice = 2 |A and B| / (|A| + |B|) and IoU = |A and B| / |A or B|, all pixels pooled."""

    dice: float
    iou: float

    @staticmethod
    def of(predicted: Sequence[Mask], truth: Sequence[Mask]) -> Score:
        pairs = list(zip(predicted, truth))
        both = sum(int((p & t).sum()) for p, t in pairs)
        total = sum(int(p.sum()) + int(t.sum()) for p, t in pairs)
        if not total:
            return Score(1.0, 1.0)
        return Score(2 * both / total, both / (total - both))


def by_kind(
    predicted: Sequence[Mask], truth: Sequence[Mask], kinds: Sequence[str]
) -> dict[str, Score]:
    """The score of each kind of image, and of all."""
    scores = {}
    for kind in sorted(set(kinds)):
        chosen = [k for k, its in enumerate(kinds) if its == kind]
        scores[str(kind)] = Score.of([predicted[k] for k in chosen], [truth[k] for k in chosen])
    return {**scores, "all": Score.of(predicted, truth)}


THRESHOLDS = tuple(k / 4 for k in range(-6, 3))
"""What pixels must say for a nucleus at least. Cross-entropy is best at 0, Dice below."""


def best_threshold(
    votes: Sequence[NDArray[np.float32]], truth: Sequence[Mask]
) -> tuple[float, float]:
    """The threshold that fits best, and its Dice."""
    dice = {t: Score.of([vote > t for vote in votes], truth).dice for t in THRESHOLDS}
    best = max(THRESHOLDS, key=lambda t: (dice[t], -abs(t)))
    return best, dice[best]


def otsu_mask(image: NDArray[np.uint8], truth: Mask) -> Mask:
    """The better side of Otsu's threshold: the baseline is told which side is nuclei."""
    bright = image > otsu_threshold(image)
    sides = (bright, ~bright)
    return max(sides, key=lambda side: Score.of([side], [truth]).dice)
