"""How many tokens a request is, before it is sent: the provider's word where it gives one, else an estimate."""

import asyncio
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, ValidationError

from slop_qt.core.context import Measured
from slop_qt.core.ports import ProviderSession
from slop_qt.core.shape import Shape
from slop_qt.providers.request_meter import MeasuredRequest
from slop_qt.providers.token_bounds import most_input_tokens
from slop_qt.providers.token_estimate import ModelCalibration, TokenEstimator
from slop_qt.providers.token_features import FEATURES_VERSION, NOTHING, Features, text_features

__all__ = ["TokenCount", "TokenCounter", "TokenCounters"]

_LOG = logging.getLogger(__name__)

# Seconds that a request waits for its count; the provider's own time is longer, for those who can wait.
_PATIENCE_S = 2.0
_PAUSE_S = 60.0
# Counts and reports that are remembered, by hash.
_KNOWN = 4096
_MODELS = 256
# How far a provider's own count may lie below what it charges: Anthropic calls it an estimate, off by a small amount.
_COUNTED_SHARE = 0.01
_COUNTED_TOKENS = 16
# A scenario's counts are whatever its author wrote.
_INVENTED = "scripted"


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A request's input, and who counted it."""

    tokens: int
    measured: Measured


class TokenCounter:
    """Counts the requests to one model of one provider. May be used from any thread.

    What the provider counted or reported is kept by the hash of the request: a request that begins with one that is
    known is that, and an estimate of what was added since.
    """

    def __init__(self, calibration: ModelCalibration | None = None, now: Callable[[], float] = time.monotonic) -> None:
        """now is the time in seconds."""
        self._estimator = TokenEstimator(calibration)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, int] = OrderedDict()
        self._now = now
        self._slow_until = -math.inf

    async def count(self, session: ProviderSession, measured: MeasuredRequest, *, ask: bool = True) -> TokenCount:
        """The request's tokens. ask is whether the provider may be asked; for what is known it never is.

        It gets two seconds, since an answer waits for this; where it takes longer, a minute passes without asking.
        """
        counted = self.estimate(measured)
        if counted.measured == "provider" or not ask or self._now() < self._slow_until:
            return counted
        try:
            async with asyncio.timeout(_PATIENCE_S):
                tokens = await session.count(measured.request)
        except TimeoutError:
            self._slow_until = self._now() + _PAUSE_S
            return counted
        if tokens is None:
            return counted
        self._remember(measured.digest, tokens)
        return TokenCount(tokens, "provider")

    def estimate(self, measured: MeasuredRequest) -> TokenCount:
        """The request's tokens, without asking: known, or estimated."""
        known, messages = self._longest_known(measured)
        if messages == len(measured.digests) - 1:
            return TokenCount(known, "provider")
        since = measured.totals[messages] if messages >= 0 else NOTHING
        added = self._estimator.tokens(_less(measured.features, since))
        return TokenCount(known + round(added), "estimate")

    def at_most(self, measured: MeasuredRequest) -> int:
        """An upper bound of the request's tokens, for what must not come to more.

        What the provider counted or reported, and 1 % and 16 tokens; else the estimate and three standard deviations,
        which get smaller with each answer. Never more than the bytes that are sent: that bound is certain.
        """
        known, messages = self._longest_known(measured)
        since = measured.totals[messages] if messages >= 0 else NOTHING
        added = self._estimator.at_most(_less(measured.features, since)) if messages < len(measured.digests) - 1 else 0
        likely = known * (1 + _COUNTED_SHARE) + _COUNTED_TOKENS + added
        return min(math.ceil(likely), most_input_tokens(measured.request))

    def weigh(self, measured: MeasuredRequest) -> list[float]:
        """An estimate for each part by itself; their sum is not the request's count."""
        return [self._estimator.tokens(part.features) for part in measured.parts]

    def weigh_text(self, text: str) -> float:
        """An estimate for a text by itself. Costs what it is long."""
        return self._estimator.tokens(text_features(text))

    def learn(self, measured: MeasuredRequest, input_tokens: int) -> None:
        """An answer to the request reported that many tokens of input."""
        if input_tokens <= 0:
            return
        known, messages = self._longest_known(measured, full=False)
        if messages < 0 or input_tokens <= known:
            self._estimator.learn(measured.features, input_tokens)
        else:
            # What both have in common is known already, and would hide what is new.
            self._estimator.learn(_less(measured.features, measured.totals[messages]), input_tokens - known)
        self._remember(measured.digest, input_tokens)

    @property
    def calibration(self) -> ModelCalibration | None:
        """What it has learnt; None before the first answer."""
        return self._estimator.calibration() if self._estimator.seen else None

    def _remember(self, digest: bytes, tokens: int) -> None:
        with self._lock:
            self._known[digest] = tokens
            self._known.move_to_end(digest)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def _longest_known(self, measured: MeasuredRequest, *, full: bool = True) -> tuple[int, int]:
        """The tokens of the longest beginning that is known, and how many messages it has; (0, -1) for none.

        full is whether all of the request may be that beginning.
        """
        with self._lock:
            last = len(measured.digests) - (1 if full else 2)
            for messages in range(last, -1, -1):
                tokens = self._known.get(measured.digests[messages])
                if tokens is not None:
                    return tokens, messages
        return 0, -1


class _Calibrations(Shape):
    """The file: version is that of the features, models is by provider and model."""

    version: int
    models: Annotated[dict[str, ModelCalibration], Field(max_length=_MODELS)]


class TokenCounters:
    """The counters of all models, made when first asked for. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, str], TokenCounter] = {}
        self._kept: dict[str, ModelCalibration] = {}

    def of(self, provider: str, model: str) -> TokenCounter:
        """The counter of that model."""
        with self._lock:
            counter = self._counters.get((provider, model))
            if counter is None:
                counter = TokenCounter(self._kept.get(_name(provider, model)))
                self._counters[provider, model] = counter
            return counter

    def restore(self, text: str) -> None:
        """Take up what `export` gave, here or in another process, where it has seen more than what is known here.

        Counters that are made already stay as they are. Text that is none of this is passed over, with a log line.
        """
        try:
            found = _Calibrations.model_validate_json(text)
        except ValidationError as error:
            _LOG.warning("What was learnt about tokens is not used: %d mistakes in the file.", error.error_count())
            return
        if found.version != FEATURES_VERSION:
            return
        with self._lock:
            _take_better(self._kept, found.models)

    def export(self) -> str:
        """What was learnt, of at most 256 models, as JSON; empty where it is nothing."""
        learnt: dict[str, ModelCalibration] = {}
        with self._lock:
            for (provider, model), counter in self._counters.items():
                calibration = counter.calibration
                if calibration is not None and provider != _INVENTED:
                    learnt[_name(provider, model)] = calibration
            models = dict(self._kept)
        _take_better(models, learnt)
        if not models:
            return ""
        return _Calibrations(version=FEATURES_VERSION, models=dict(list(models.items())[-_MODELS:])).model_dump_json()


def _take_better(known: dict[str, ModelCalibration], found: dict[str, ModelCalibration]) -> None:
    """Put what was found at the end of what is known, where it has seen more."""
    for name, calibration in found.items():
        if name not in known or known[name].seen < calibration.seen:
            known.pop(name, None)
            known[name] = calibration


def _name(provider: str, model: str) -> str:
    return f"{provider} {model}"


def _less(all_of_it: Sequence[float], some: Sequence[float]) -> Features:
    return tuple(map(float.__sub__, all_of_it, some))
