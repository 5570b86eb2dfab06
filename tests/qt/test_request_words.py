"""A request's size, its cache and what is left out of it, in words."""

from datetime import timedelta
from typing import Any

import pytest

from slop_qt.core.context import CacheReport, ContextPart, ContextReport, Trimming
from slop_qt.core.events import utc_now
from slop_qt.core.usage import Usage
from slop_qt.qt.context_words import cache_sentence, share_words, size_of, time_left, trim_sentence
from slop_qt.qt.part_looks import cache_look, cache_now

NOW = utc_now()
USAGE = Usage(requests=1, input_tokens=20_000, cache_read_tokens=18_200, cache_write_tokens=1_040)


def report(**changes: Any) -> ContextReport:
    fields: dict[str, Any] = {
        "model": "m",
        "limit_tokens": 200_000,
        "used_tokens": 12_340,
        "measured": "provider",
        "parts": (
            ContextPart(kind="file", label="a.py", tokens=2340, cached=True),
            ContextPart(kind="tool_result", label="read_file b.py", tokens=10_000, cached=False),
        ),
        "cache": CacheReport(state="unknown"),
    }
    return ContextReport(**(fields | changes))


def cache(state: str, seconds: float | None = None, broken_by: str | None = None) -> ContextReport:
    expires_at = NOW + timedelta(seconds=seconds) if seconds is not None else None
    return report(cache=CacheReport(state=state, prefix_tokens=9_000, expires_at=expires_at, broken_by=broken_by))


def test_an_estimate_is_called_one_and_a_count_is_not() -> None:
    assert size_of(report()) == "12,340 of 200,000 tokens"
    assert size_of(report(measured="estimate")) == "≈ 12,340 of 200,000 tokens, estimated"
    assert size_of(report(measured="estimate", limit_tokens=0)) == "≈ 12,340 tokens, estimated"


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(31, 100, "31 %"), (1, 1000, "< 1 %"), (0, 10, "0 %"), (5, 0, "0 %"), (7, 7, "100 %")]
)
def test_a_share_that_is_there_is_never_nothing(part: int, whole: int, words: str) -> None:
    assert share_words(part, whole) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(252.9, "4:12"), (0, "0:00"), (-3, "0:00"), (59.9, "0:59"), (3750, "1:02:30")]
)
def test_time_left_is_minutes_and_seconds(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


@pytest.mark.parametrize(
    ("shown", "word", "sentence"),
    [
        (cache("warm", 252), "Warm", "for 4:12 more: 18,200 tokens read, 1,040 written by the last request."),
        (cache("warm"), "Warm", "18,200 tokens read, 1,040 written by the last request."),
        (cache("cold"), "Cold", "18,200 tokens read, 1,040 written by the last request."),
        (cache("expired", -30), "Expired", "0:30 ago: 9,000 tokens will be read anew, at the full price."),
        (cache("warm", -30), "Expired", "0:30 ago: 9,000 tokens will be read anew, at the full price."),
        (cache("none"), "No cache", "This provider has no cache."),
        (cache("unknown"), "Unknown", "Whether it is in the provider's cache shows with the answer."),
        (
            cache("cold", broken_by="read_file src/a.py was left out to make room"),
            "Broken",
            "by: read_file src/a.py was left out to make room. 18,200 tokens read, 1,040 written by the last request.",
        ),
    ],
)
def test_each_state_of_the_cache_is_a_sentence(shown: ContextReport, word: str, sentence: str) -> None:
    assert cache_look(shown.cache, NOW).word == word
    assert cache_sentence(shown, USAGE, NOW) == sentence


def test_before_the_first_answer_nothing_is_said_of_tokens() -> None:
    assert cache_sentence(cache("warm", 60), None, NOW) == "for 1:00 more."
    assert cache_sentence(cache("cold"), None, NOW) == "Nothing of it was in the cache."
    broken = cache("unknown", broken_by="the tools changed")
    assert cache_sentence(broken, None, NOW) == "by: the tools changed."


def test_what_would_be_obeyed_in_the_name_of_what_broke_the_cache_is_shown() -> None:
    assert "⟨U+202E⟩" in cache_sentence(cache("cold", broken_by="a\u202eb"), None, NOW)


def test_a_warm_cache_is_expired_from_the_moment_on_that_was_told() -> None:
    warm = cache("warm", 10).cache
    assert [cache_now(warm, NOW + timedelta(seconds=late)) for late in (9, 10)] == ["warm", "expired"]


def test_what_is_left_out_is_counted_and_called_by_its_kind() -> None:
    results = (
        Trimming(label="read_file b.py", tokens=10_000, reason=""),
        Trimming(label="read_file b.py", tokens=2_300, reason=""),
    )
    words = "The next request leaves out 2 results and saves about 12,300 tokens."
    assert trim_sentence(report(would_trim=results)) == words
    outline = (Trimming(label="a.py", tokens=500, reason=""),)
    assert "leaves out 1 part and" in trim_sentence(report(would_trim=outline))


def test_where_nothing_is_left_out_the_room_is_told() -> None:
    assert trim_sentence(report()) == "Nothing would be left out: 187,660 tokens of room."
    assert "≈ 187,660 tokens of room" in trim_sentence(report(measured="estimate"))
    assert "nobody has said how much" in trim_sentence(report(limit_tokens=0))
    assert "2,340 tokens over its limit" in trim_sentence(report(limit_tokens=10_000))
