"""How many tokens a request will be, for one model: a guess that its own answers correct."""

import math
import threading
from typing import Annotated

from pydantic import Field, FiniteFloat, NonNegativeInt

from slop_qt.core.shape import Shape
from slop_qt.providers.token_features import APART, PRIOR, STRUCTURAL, Features

__all__ = ["ModelCalibration", "TokenEstimator"]

_SIZE = len(PRIOR)
# How far a tokenizer may lie from the first guess with all of its weights together, as a share of it.
_TOGETHER = 0.2
# How well the true weights would describe a request: texts of one kind differ from each other, a few tokens are lost.
_NOISE = 0.04
_NOISE_TOKENS = 3.0
# Weights may drift by this share of the first guess with every answer: a name like "latest" can change its model.
_DRIFT = 0.004
# What lies further off than so many times what was to be expected is believed less, and beyond a factor not at all.
_STRANGE = 3.0
_NONSENSE = 8.0
_LARGEST = 8.0  # weights, in first guesses
# So many standard deviations above the estimate is what a text comes to at most, but for one in a thousand.
_AT_MOST = 3.0

Row = Annotated[tuple[FiniteFloat, ...], Field(min_length=_SIZE, max_length=_SIZE)]


class ModelCalibration(Shape):
    """What was learnt of one model: seen answers, the tokens of each feature, and how sure that is (a covariance)."""

    seen: NonNegativeInt
    weights: Row
    spread: Annotated[tuple[Row, ...], Field(min_length=_SIZE, max_length=_SIZE)]


class TokenEstimator:
    """A Kalman filter over the weights of FEATURES. May be used from any thread."""

    def __init__(self, calibration: ModelCalibration | None = None) -> None:
        self._lock = threading.Lock()
        self._seen = 0
        self._weights: tuple[float, ...] = PRIOR
        self._spread = _first_spread()
        if calibration is not None and _holds(calibration):
            self._seen = calibration.seen
            self._weights = _within(calibration.weights)
            self._spread = [list(row) for row in calibration.spread]

    @property
    def seen(self) -> int:
        """From how many answers it has learnt."""
        return self._seen

    def tokens(self, features: Features) -> float:
        """The estimate; never negative."""
        return _dot(self._weights, features)

    def at_most(self, features: Features) -> float:
        """What it will hardly be more than: by what is not known of the weights, and by what no weights describe."""
        with self._lock:
            expected = _dot(self._weights, features)
            unsure = sum(
                _dot(tuple(row), features) * amount for row, amount in zip(self._spread, features, strict=True)
            )
        return expected + _AT_MOST * math.sqrt(max(unsure, 0.0) + (_NOISE * expected) ** 2 + _NOISE_TOKENS**2)

    def learn(self, features: Features, tokens: int) -> None:
        """Something of these features has been that many tokens. What cannot be true is passed over."""
        with self._lock:
            expected = _dot(self._weights, features)
            if tokens <= 0 or expected <= 0 or not 1 / _NONSENSE < tokens / expected < _NONSENSE:
                return
            self._update(features, tokens - expected, (_NOISE * tokens) ** 2 + _NOISE_TOKENS**2)
            self._seen += 1

    def calibration(self) -> ModelCalibration:
        """What it has learnt, to be kept."""
        with self._lock:
            spread = tuple(tuple(row) for row in self._spread)
            return ModelCalibration(seen=self._seen, weights=self._weights, spread=spread)

    def _update(self, features: Features, surprise: float, noise: float) -> None:
        present = [index for index, amount in enumerate(features) if amount]
        towards = [sum(row[index] * features[index] for index in present) for row in self._spread]
        known = sum(towards[index] * features[index] for index in present)
        # A request that is stranger than any tokenizer's habit counts as a noisy one.
        noise = max(noise, surprise**2 / _STRANGE**2 - known)
        total = known + noise
        self._weights = _within(
            tuple(weight + move * surprise / total for weight, move in zip(self._weights, towards, strict=True))
        )
        for index, (row, move) in enumerate(zip(self._spread, towards, strict=True)):
            share = move / total
            row[:] = [value - share * other for value, other in zip(row, towards, strict=True)]
            row[index] = min(row[index] + (_DRIFT * PRIOR[index]) ** 2, _FIRST_VARIANCE[index])


def _dot(weights: Features, features: Features) -> float:
    return sum(map(float.__mul__, weights, features))


def _within(weights: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(min(max(weight, 0.0), _LARGEST * first) for weight, first in zip(weights, PRIOR, strict=True))


def _first_variance(index: int) -> float:
    together = 0.0 if index in STRUCTURAL else _TOGETHER
    return (together**2 + APART[index] ** 2) * PRIOR[index] ** 2


_FIRST_VARIANCE = tuple(_first_variance(index) for index in range(_SIZE))


def _first_spread() -> list[list[float]]:
    """The weights of texts move together: most of what tells tokenizers apart is that one makes more of everything."""
    return [
        [
            _FIRST_VARIANCE[row]
            if row == column
            else 0.0
            if row in STRUCTURAL or column in STRUCTURAL
            else _TOGETHER**2 * PRIOR[row] * PRIOR[column]
            for column in range(_SIZE)
        ]
        for row in range(_SIZE)
    ]


def _holds(calibration: ModelCalibration) -> bool:
    """Whether the spread can be one: no variance is negative."""
    return all(row[index] >= 0 for index, row in enumerate(calibration.spread))
