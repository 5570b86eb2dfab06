"""Where a provider's cache of an agent's requests stands, as far as answers tell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from agent_support import CannedProvider

from slop_qt.agents.cache_watch import CacheWatch
from slop_qt.agents.trimming import LeftOut
from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ToolSpec
from slop_qt.core.usage import Usage
from slop_qt.providers.request_meter import Place

START = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Anthropic(CannedProvider):
    """What is known of a provider that promises five minutes."""

    life_s = 300.0


class Clock:
    """A time of day that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def request(*texts: str, system: str = "S") -> ModelRequest:
    return ModelRequest("m", system, tuple(Message("user", (TextBlock(text),)) for text in texts))


def usage(read: int = 0, written: int = 0) -> Usage:
    return Usage(requests=1, input_tokens=10_000, cache_read_tokens=read, cache_write_tokens=written)


def answered(watch: CacheWatch, of: Usage, began: datetime = START, held_s: float | None = None) -> None:
    watch.went_out()
    watch.answered(of, began, held_s)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> CacheWatch:
    """A cache that was written by a first request of two messages."""
    watch = CacheWatch(Anthropic(), "5m", clock)
    watch.composed(request("a", "b"), ())
    assert (watch.report(0).state, watch.cached_messages) == ("unknown", 1)
    answered(watch, usage(written=9000))
    return watch


def test_what_was_written_is_cold_and_kept_for_its_life(watch: CacheWatch) -> None:
    report = watch.report(7)
    assert (report.state, report.prefix_tokens, report.broken_by) == ("cold", 7, None)
    assert report.expires_at == START + timedelta(seconds=300)


def test_a_request_that_begins_like_the_one_before_has_all_of_that_inside(watch: CacheWatch) -> None:
    watch.composed(request("a", "b", "c", "d"), ())
    assert watch.cached_messages == 2
    later = START + timedelta(seconds=60)
    answered(watch, usage(read=8900, written=500), later)
    report = watch.report(0)
    assert (report.state, report.expires_at) == ("warm", later + timedelta(seconds=300))


def test_what_was_left_out_broke_it(watch: CacheWatch) -> None:
    out = LeftOut(Place(1, 0), "read_file src/a.py", 100, 80)
    watch.composed(request("a", "(left out)", "c"), (out,))
    assert watch.report(0).broken_by == "read_file src/a.py was left out to make room."
    assert watch.cached_messages == 1
    answered(watch, usage(read=1000))
    assert watch.report(0).state == "warm"
    watch.composed(request("a", "(left out)", "c", "d"), ())
    assert watch.report(0).broken_by is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (replace(request("a", "b"), model="n"), "The model changed."),
        (request("a", "b", system="T"), "The system prompt changed."),
        (replace(request("a", "b"), tools=(ToolSpec("t", "T", {}),)), "The tools changed."),
        (request("x", "b"), "The first message changed."),
        (request("a", "x"), "An earlier message changed."),
        (request("a"), "Messages were taken away."),
    ],
)
def test_what_differs_first_is_named(watch: CacheWatch, changed: ModelRequest, sentence: str) -> None:
    watch.composed(changed, ())
    assert watch.report(0).broken_by == sentence


def test_a_life_that_is_over_is_said_before_the_request_and_after_it(watch: CacheWatch, clock: Clock) -> None:
    clock.now = START + timedelta(seconds=301)
    watch.composed(request("a", "b", "c"), ())
    assert watch.report(0).state == "expired"
    answered(watch, usage(written=9500), clock.now)
    report = watch.report(0)
    assert (report.state, report.broken_by) == ("expired", None)
    assert report.expires_at == clock.now + timedelta(seconds=300), "it was written again"
    watch.composed(request("a", "b", "c", "d"), ())
    assert watch.report(0).state == "cold"


def test_a_cache_that_the_provider_lost_is_said_to_be_lost(watch: CacheWatch) -> None:
    watch.composed(request("a", "b", "c"), ())
    answered(watch, usage(written=9500), START + timedelta(seconds=30))
    report = watch.report(0)
    assert (report.state, report.broken_by) == ("cold", "The provider no longer had it.")


def test_what_is_too_short_to_be_cached_was_never_there(clock: Clock) -> None:
    watch = CacheWatch(Anthropic(), "5m", clock)
    for texts in (("a",), ("a", "b")):
        watch.composed(request(*texts), ())
        answered(watch, usage())
    report = watch.report(0)
    assert (report.state, report.broken_by, report.expires_at) == ("cold", None, None)


def test_a_servers_own_cache_ends_when_the_server_says(clock: Clock) -> None:
    class Gemini(CannedProvider):
        cache_reach = "stable"

    watch = CacheWatch(Gemini(), "5m", clock)
    watch.composed(request("a"), ())
    answered(watch, usage())
    assert watch.report(0).expires_at is None
    watch.composed(request("a", "b", "c"), ())
    assert watch.cached_messages == 1
    answered(watch, usage(read=5000), START, 250.0)
    assert watch.report(0).expires_at == START + timedelta(seconds=250)


def test_without_a_cache_there_is_none(clock: Clock) -> None:
    class Nothing(CannedProvider):
        caches = False

    watch = CacheWatch(Nothing(), "5m", clock)
    watch.composed(request("a"), ())
    answered(watch, usage())
    assert (watch.report(0).state, watch.cached_messages) == ("none", None)
