"""Follows what a provider's cache has of an agent's requests: how far it reaches, when it ends, and what broke it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from slop_qt.agents.trimming import LeftOut
from slop_qt.core.context import CacheReport, CacheState
from slop_qt.core.conversation import CacheTtl, ModelRequest
from slop_qt.core.ports import Provider
from slop_qt.core.usage import Usage

__all__ = ["CacheWatch"]

# Read less than this part of what was there, and the rest is gone: providers cache in blocks, so it is never all of it.
_MUCH = 0.5
_GONE = "The provider no longer had it."


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CacheWatch:
    """One agent's view of the cache. Lives in the agent's task.

    A request is `composed`, perhaps more than once until it is sent, and `answered` where the answer has counts. In any
    case it `went_out`.
    """

    def __init__(self, provider: Provider, ttl: CacheTtl, now: Callable[[], datetime] = _utc_now) -> None:
        """now is the time of day."""
        self._caches = provider.caches
        self._reach = provider.cache_reach if provider.caches else "nothing"
        self._life_s = provider.cache_life_s(ttl)
        self._now = now
        self._state: CacheState = "unknown" if self._caches else "none"
        self._answered: ModelRequest | None = None
        self._composed: ModelRequest | None = None
        self._common = 0
        self._broken_by: str | None = None
        self._kept_tokens = 0  # of the request before, as far as the provider told
        self._expires_at: datetime | None = None

    def composed(self, request: ModelRequest, left_out: Sequence[LeftOut]) -> None:
        """This is what will be sent next; left_out are those of its parts that the request before still had."""
        self._composed = request
        before = self._answered
        if before is None:
            return
        self._common, self._broken_by = _compared(before, request, left_out)
        if self._is_over(self._now()):
            self._state = "expired"
        elif self._state == "expired" or (self._broken_by and not self._common):
            self._state = "cold"

    def went_out(self) -> None:
        """What was composed was sent and answered: the next one should begin with it."""
        self._answered = self._composed

    def answered(self, usage: Usage, began: datetime, held_s: float | None) -> None:
        """The answer, which began then, is complete; held_s is for how long a server's own cache is kept, seconds."""
        if not self._caches:
            return
        read = usage.cache_read_tokens
        self._state = "warm" if read else "cold"
        if self._kept_tokens and self._broken_by is None and read < _MUCH * self._kept_tokens:
            if self._is_over(began):
                self._state = "expired"
            else:
                self._broken_by = _GONE
        self._kept_tokens = read + usage.cache_write_tokens
        if held_s is not None:
            self._expires_at = began + timedelta(seconds=held_s)
        elif self._life_s is not None and self._kept_tokens:
            self._expires_at = began + timedelta(seconds=self._life_s)
        else:
            self._expires_at = None

    @property
    def cached_messages(self) -> int | None:
        """How many messages of what was composed lie inside what the provider is asked to keep; None: nothing does."""
        if self._composed is None or self._reach == "nothing":
            return None
        stable = self._composed.stable_messages
        return stable if self._reach == "stable" else max(stable, self._common)

    def report(self, prefix_tokens: int) -> CacheReport:
        """How it stands. prefix_tokens is what lies inside of what was composed."""
        return CacheReport(
            state=self._state, prefix_tokens=prefix_tokens, expires_at=self._expires_at, broken_by=self._broken_by
        )

    def _is_over(self, when: datetime) -> bool:
        return self._expires_at is not None and self._expires_at <= when


def _compared(before: ModelRequest, after: ModelRequest, left_out: Sequence[LeftOut]) -> tuple[int, str | None]:
    """How many messages are the same from the first one, and what differs first; None where nothing does."""
    if before.model != after.model:
        return 0, "The model changed."
    if before.tools != after.tools:
        return 0, "The tools changed."
    if before.system != after.system:
        return 0, "The system prompt changed."
    common = 0
    for one, other in zip(before.messages, after.messages, strict=False):
        if one is not other and one != other:
            here = [out for out in left_out if out.place.message == common]
            first = min(here, key=lambda out: out.place, default=None)
            if first is not None:
                return common, f"{first.label} was left out to make room."
            return common, "The first message changed." if not common else "An earlier message changed."
        common += 1
    return common, None if common == len(before.messages) else "Messages were taken away."
