"""Events: every kind survives JSON, nothing else is accepted."""

from typing import get_args

import pytest
from event_strategies import EVENTS
from hypothesis import given, settings
from pydantic import ValidationError

from slop_qt.core.events import EVENT_KINDS, Event, StreamText, dump_event, parse_event


@settings(deadline=None)
@given(EVENTS)
def test_every_event_comes_back_equal_from_json(event: Event) -> None:
    line = dump_event(event)
    assert "\n" not in line
    assert parse_event(line) == event


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d"])
def test_half_a_surrogate_pair_comes_back_equal_from_utf8(text: str) -> None:
    event = StreamText(run_id="R-1", stream_id="Tier 1", text=text)
    assert parse_event(dump_event(event).encode("utf-8")) == event


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", '{"kind": "dance"}', '{"kind": "applied"}', '{"kind": "applied", "commit": "c", "more": 1}'],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        parse_event(line)


def test_every_kind_can_be_subscribed_to_but_those_that_are_our_own() -> None:
    union = get_args(Event)[0]
    kinds = {member.model_fields["kind"].default for member in get_args(union)}
    assert kinds - set(EVENT_KINDS) == {"run_prepared", "run_replanned", "budget_changed", "context_explained"}
    assert set(EVENT_KINDS) <= kinds
