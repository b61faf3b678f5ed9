"""How sure an answer is: a calibrated probability that it is right, and the threshold below which there is none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 100
_STILL: Final = 1e-9
_RIDGE: Final = 1e-3
_LEAST_SLOPE: Final = 0.05
_EDGE: Final = 1e-6
_BINS: Final = 10
_DRAWS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """σ(slope · logit(score) + bias) of an answer's score; answers below `threshold` are not given.

    Of scores below `lowest`, the least that an answer to a dev question had, nothing is known: they are trusted in proportion to
    it. Where nearly all dev questions are answered right nothing tells the slope, and else 1e-6 was trusted like 0.9.
    Before it is fitted, the score stands for itself and every answer is given.
    """

    slope: float = 1.0
    bias: float = 0.0
    threshold: float = 0.0
    lowest: float = 0.0

    def of(self, score: float) -> float:
        """Return the probability that an answer of this score is right."""
        known = max(score, self.lowest)
        sure = 0.5 + 0.5 * math.tanh(0.5 * (self.slope * _logit(known) + self.bias))  # σ, with no overflow for a steep slope
        return sure * min(max(score, _EDGE) / self.lowest, 1.0) if score < self.lowest else sure


def fit(scores: Sequence[float], right: Sequence[bool], nothing: Sequence[bool], *, precision: float | None = None) -> Confidence:
    """Fit the calibration to answered questions (Platt scaling), and choose the threshold.

    Args:
        scores: shape (n,), the scores of first answers, in [0, 1].
        right: shape (n,), whether each answer is right.
        nothing: shape (n,), whether it would have been right to give none.
        precision: the least share of given answers that must be right; where no threshold reaches it, the one that comes nearest
            is chosen. If not set, the threshold with most right answers and right abstentions together, the lowest among equals.
    """
    x = np.array([_logit(score) for score in scores])
    y = np.array(right, dtype=np.float64)
    if len(y) == 0:
        return Confidence()
    slope, bias = _logistic(x, y)
    fitted = Confidence(slope=slope, bias=bias, lowest=min(scores))
    sure = np.array([fitted.of(score) for score in scores])
    order = np.argsort(-sure, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(sure[order]) < 0, True))  # a threshold cannot come between equal ones
    given = np.cumsum(y[order])[ends]
    if precision is None:
        left = np.sum(nothing) - np.cumsum(np.array(nothing)[order])[ends]
        last = len(ends) - 1 - int(np.argmax((given + left)[::-1]))
        if np.sum(nothing) > (given + left).max():
            return replace(fitted, threshold=float(1.0 + sure.max()) / 2)  # no answer at all is right most often
    else:
        enough = np.flatnonzero(given / (ends + 1) >= precision)
        last = int(enough[-1]) if len(enough) else int(np.argmax(given / (ends + 1)))
    # Halfway to the first answer that is not given; where every answer is given, whatever comes later is given too.
    threshold = 0.0 if last == len(ends) - 1 else float(sure[order][ends[last : last + 2]].mean())
    return replace(fitted, threshold=threshold)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Return the expected calibration error over ten bins equally wide: Σ share of answers · |mean confidence − share right|."""
    if not confidences:
        return 0.0
    sure, y = np.array(confidences), np.array(right, dtype=np.float64)
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    total = sum(abs(sure[bins == place].sum() - y[bins == place].sum()) for place in range(_BINS))
    return float(total / len(sure))


def error_by_chance(confidences: Sequence[float]) -> float:
    """Return the calibration error to expect of answers that are right exactly as often as their confidences say.

    Few answers fall unevenly into the bins: an error near this one says nothing against the confidences.
    """
    drawn = np.random.default_rng(0).random((_DRAWS, len(confidences))) < np.array(confidences)
    return float(np.mean([calibration_error(confidences, right) for right in drawn.tolist()]))


def _logistic(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and bias of the least cross-entropy, with Platt's targets, which keep them finite where all answers are right.

    The slope is at least `_LEAST_SLOPE`, so that a better score is always a higher confidence.
    """
    positive = y.sum()
    target = np.where(y > 0, (positive + 1) / (positive + 2), 1 / (len(y) - positive + 2))
    middle = x.mean()  # scores near 1 have large logits that differ little: slope and bias could not be told apart
    slope, height = _newton(np.stack([x - middle, np.ones_like(x)], axis=1), target, np.array([1.0, middle]))
    if slope < _LEAST_SLOPE:
        slope = _LEAST_SLOPE
        (height,) = _newton(np.ones((len(x), 1)), target, np.array([slope * middle]), offset=slope * (x - middle))
    return float(slope), float(height - slope * middle)


def _newton(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    prior: NDArray[np.float64],
    *,
    offset: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return the weights with the least cross-entropy, drawn a little towards `prior`, by Newton's method.

    A step that makes it worse is halved: where all scores are nearly certain the whole one leads away, and never back.
    """

    def loss(weights: NDArray[np.float64]) -> float:
        z = features @ weights + offset
        return float(np.sum(np.logaddexp(0.0, z) - target * z) + 0.5 * _RIDGE * np.sum((weights - prior) ** 2))

    weights = prior
    for _ in range(_ROUNDS):
        p = 0.5 + 0.5 * np.tanh(0.5 * (features @ weights + offset))
        gradient = features.T @ (p - target) + _RIDGE * (weights - prior)
        curvature = (features * (p * (1 - p))[:, None]).T @ features + _RIDGE * np.eye(len(prior))
        step = np.linalg.solve(curvature, gradient)
        before = loss(weights)
        while np.abs(step).max() > _STILL and not loss(weights - step) < before:
            step = 0.5 * step
        weights = weights - step
        if np.abs(step).max() <= _STILL:
            break
    return weights


def _logit(score: float) -> float:
    inside = min(max(score, _EDGE), 1.0 - _EDGE)
    return math.log(inside / (1.0 - inside))
