"""Sizes in words: exact where they are known, rounded where they are guessed."""

import pytest

from slop_qt.core.context import CacheReport, ContextPart, ContextReport
from slop_qt.widgets.context_words import composition_tip, size_words


def report(used=0, measured="estimate", limit=0, state="unknown", labels=()):
    parts = tuple(ContextPart(kind="tool_result", label=label, tokens=1, cached=False) for label in labels)
    cache = CacheReport(state=state)
    return ContextReport(model="m", limit_tokens=limit, used_tokens=used, measured=measured, parts=parts, cache=cache)


@pytest.mark.parametrize(
    ("used", "words"),
    [(0, "≈ 0"), (7, "≈ 7"), (999, "≈ 999"), (1234, "≈ 1,230"), (12_345, "≈ 12,300"), (1_234_567, "≈ 1,230,000")],
)
def test_an_estimate_is_rounded_to_what_it_is_worth(used, words):
    assert size_words(report(used)) == f"{words} tokens (estimate)"
    assert size_words(report(used, limit=200_000)) == f"{words} of 200,000 tokens (estimate)"


def test_a_count_is_told_to_the_token():
    assert size_words(report(12_345, "provider")) == "12,345 tokens (counted by the provider)"


def test_a_tip_is_short_and_escapes_what_models_wrote():
    tip = composition_tip(report(15, labels=["<img src=x>", *map(str, range(14))]))
    assert "<img" not in tip
    assert tip.count("<tr>") == 13
    assert "3 smaller parts" in tip


@pytest.mark.parametrize("state", ["warm", "cold", "expired", "none", "unknown"])
def test_every_state_of_the_cache_has_a_sentence(state):
    assert "cache" in composition_tip(report(state=state))
