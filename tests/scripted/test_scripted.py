"""The scripted provider: it sends what the file says, at the file's pace, with the file's faults."""

import asyncio
import itertools
import json
import threading
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import run_in_virtual_time

from slop_qt.core.conversation import (
    Caller,
    Finished,
    Message,
    ModelRequest,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
    UsageUpdate,
)
from slop_qt.core.errors import ProviderError
from slop_qt.providers.scenario import parse_scenario
from slop_qt.providers.scripted import ScriptedProvider


def request(tier=3, ticket="T-001", attempt=1, turn=1, track=None, **fields):
    caller = Caller(tier, track, ticket, attempt, turn)
    return ModelRequest("any", **{"system": "", "messages": (), "caller": caller, **fields})


async def receive(provider, asked=None, into=None):
    """All events of one send; `into` keeps them where the send fails."""
    events = [] if into is None else into
    session = await provider.open()
    async for event in session.stream(asked or request()):
        events.append(event)
    await session.aclose()
    return events


def provider_of(toml):
    return ScriptedProvider(parse_scenario(toml))


def chunks_of(events, kind=TextDelta):
    return [event.text for event in events if isinstance(event, kind)]


def last_usage(events):
    return [event.usage for event in events if isinstance(event, UsageUpdate)][-1]


WHOLE = """
[defaults]
chunk_chars = 5
[[turn]]
tier = 3
thinking = "let me see"
text = "hello, world"
[[turn.tool]]
name = "read_file"
input = { path = "a.py" }
[[turn.tool]]
name = "finish_ticket"
input = { summary = "grüße 🙂" }
[turn.usage]
input_tokens = 100
output_tokens = 40
cache_read_tokens = 60
cache_write_tokens = 10
reasoning_tokens = 5
"""


async def test_a_turn_is_thinking_then_text_then_tools_then_usage_and_end():
    events = await receive(provider_of(WHOLE))
    kinds = [type(event) for event in events]
    assert kinds == [
        UsageUpdate,
        *[ThinkingDelta] * 2,
        ThinkingDone,
        *[TextDelta] * 3,
        *[ToolCallReceived] * 2,
        UsageUpdate,
        Finished,
    ]
    assert chunks_of(events, ThinkingDelta) == ["let m", "e see"]
    assert events[3] == ThinkingDone(ThinkingBlock("let me see"))
    assert chunks_of(events) == ["hello", ", wor", "ld"]
    calls = [event for event in events if isinstance(event, ToolCallReceived)]
    assert [(call.name, json.loads(call.arguments_json)) for call in calls] == [
        ("read_file", {"path": "a.py"}),
        ("finish_ticket", {"summary": "grüße 🙂"}),
    ]
    assert events[-1] == Finished("tool_use")


async def test_usage_is_as_given_early_without_output_and_at_the_end_with_it():
    events = await receive(provider_of(WHOLE))
    first, last = (event.usage for event in events if isinstance(event, UsageUpdate))
    assert first.model_dump() == {
        "requests": 1,
        "input_tokens": 100,
        "output_tokens": 0,
        "cache_read_tokens": 60,
        "cache_write_tokens": 10,
        "reasoning_tokens": 0,
        "cost_usd": None,
    }
    assert last == first.model_copy(update={"output_tokens": 40, "reasoning_tokens": 5})


async def test_usage_that_is_not_given_is_a_quarter_of_the_characters_rounded_up():
    provider = provider_of(
        '[[turn]]\ntier = 3\nthinking = "12345"\ntext = "123456"\n[[turn.tool]]\nname = "abc"\ninput = { k = 1 }'
    )
    asked = request(
        system="12345",
        messages=(
            Message("user", (TextBlock("1234"),)),
            Message("assistant", (ThinkingBlock("12"), ToolUseBlock("c", "name", {"a": 1}))),
            Message("user", (ToolResultBlock("c", "123"),)),
        ),
        tools=(ToolSpec("tool", "does", {"type": "object"}),),
    )
    usage = last_usage(await receive(provider, asked))
    sent = 5 + 4 + 2 + len('name{"a": 1}') + 3 + len('tooldoes{"type": "object"}')
    received = 5 + 6 + len('abc{"k": 1}')
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (1, -(-sent // 4), -(-received // 4))
    assert usage.reasoning_tokens == 2


async def test_a_usage_that_is_given_in_part_is_estimated_for_the_rest():
    provider = provider_of('[[turn]]\ntier = 3\ntext = "12345"\n[turn.usage]\ninput_tokens = 7')
    usage = last_usage(await receive(provider))
    assert (usage.input_tokens, usage.output_tokens) == (7, 2)


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"])), chars=st.integers(1, 9))
def test_text_is_cut_by_code_points_and_nothing_is_lost(text, chars):
    scenario = parse_scenario(
        f"[defaults]\nchunk_chars = {chars}\n[[turn]]\ntier = 3\ntext = {json.dumps(text, ensure_ascii=False)}"
    )
    chunks = chunks_of(asyncio.run(receive(ScriptedProvider(scenario))))
    assert "".join(chunks) == text
    assert all(len(chunk) == chars for chunk in chunks[:-1])
    assert all(chunks)


async def test_an_empty_turn_is_an_answer_that_says_nothing():
    events = await receive(provider_of("[[turn]]\ntier = 3"))
    assert [type(event) for event in events] == [UsageUpdate, UsageUpdate, Finished]
    assert events[-1] == Finished("end_turn")


@pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "refusal"])
async def test_the_end_is_as_given(stop):
    events = await receive(provider_of(f'[[turn]]\ntier = 3\nstop = "{stop}"'))
    assert events[-1] == Finished(stop)


async def test_who_asks_decides_and_the_words_of_the_prompt_do_not():
    provider = provider_of(
        '[[turn]]\ntier = 1\ntext = "plan"\n[[turn]]\ntier = 3\nticket = "T-002"\nattempt = 2\ntext = "again"\n'
        '[[turn]]\ntier = 3\nticket = "T-002"\ntext = "first"'
    )
    misleading = (Message("user", (TextBlock("You are tier 1. Ticket: T-009, attempt 2."),)),)
    events = await receive(provider, request(ticket="T-002", messages=misleading))
    assert "".join(chunks_of(events)) == "first"
    events = await receive(provider, request(ticket="T-002", attempt=2))
    assert "".join(chunks_of(events)) == "again"


async def test_a_request_that_no_turn_matches_fails_and_says_who_asked_and_what_there_is():
    provider = provider_of('[[turn]]\ntier = 1\ntrack = "A"\n[[turn]]\ntier = 3\nticket = "T-1"\nattempt = 2\nturn = 3')
    with pytest.raises(ProviderError) as caught:
        await receive(provider, request(ticket="T-9", attempt=4, turn=5))
    assert "tier 3, ticket T-9, attempt 4, turn 5" in caught.value.message
    assert "tier 1, track A; tier 3, ticket T-1, attempt 2, turn 3" in caught.value.hint
    assert not caught.value.retryable


async def test_call_ids_are_unique_and_the_same_when_sent_again():
    provider = provider_of(WHOLE)
    ids = {
        (ticket, turn, send): [
            e.call_id
            for e in await receive(provider, request(ticket=ticket, turn=turn))
            if isinstance(e, ToolCallReceived)
        ]
        for ticket in ("T-001", "T-002")
        for turn in (1, 2)
        for send in (1, 2)
    }
    assert ids["T-001", 1, 1] == ids["T-001", 1, 2]
    assert len({call_id for found in ids.values() for call_id in found}) == 2 * 2 * 2


async def test_at_full_speed_the_loop_is_not_held():
    provider = provider_of(f'[defaults]\nchunk_chars = 1\n[[turn]]\ntier = 3\ntext = "{"x" * 10_000}"')
    turns_of_the_loop = 0

    async def count():
        nonlocal turns_of_the_loop
        while True:
            turns_of_the_loop += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await receive(provider)
    counting.cancel()
    assert turns_of_the_loop >= 100


# Paces, on a clock of their own


def timed(toml, slow_consumer_s=0.0):
    """When each chunk of text came, in seconds of virtual time."""

    async def receive_timed():
        loop = asyncio.get_running_loop()
        session = await provider_of(toml).open()
        times = []
        async for event in session.stream(request()):
            if isinstance(event, TextDelta):
                times.append(round(loop.time(), 6))
                if len(times) == 1:
                    await asyncio.sleep(slow_consumer_s)
        return times

    return run_in_virtual_time(receive_timed())


def paced(chunks, per_s, fault=""):
    return f'[defaults]\nchunk_chars = 1\nchunks_per_s = {per_s}\n[[turn]]\ntier = 3\ntext = "{"x" * chunks}"\n{fault}'


def test_a_paced_stream_keeps_its_pace_from_the_first_chunk_on():
    assert timed(paced(5, 10)) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=0.001)


def test_a_fast_pace_comes_in_bursts_of_20_ms_and_does_not_drift():
    times = timed(paced(2001, 1000))
    assert len(set(times)) <= 102
    assert times[-1] == pytest.approx(2.0, abs=0.021)


def test_a_late_stream_catches_up_in_a_burst():
    times = timed(paced(8, 10), slow_consumer_s=0.55)
    assert times == pytest.approx([0, 0.55, 0.55, 0.55, 0.55, 0.55, 0.6, 0.7], abs=0.001)


def test_no_pace_is_no_waiting():
    assert set(timed(paced(1000, 0))) == {0}


def test_a_slow_stream_waits_before_every_chunk_after_the_first_ones():
    fault = '[turn.fault]\nkind = "slow"\nafter_chunks = 3'
    times = timed(paced(20, 0, fault))
    assert times[:3] == [0, 0, 0]
    waits = [later - earlier for earlier, later in itertools.pairwise(times[2:])]
    assert all(0.05 <= wait <= 0.1501 for wait in waits)
    assert len(set(waits)) > 10


def test_jitter_is_the_same_for_a_seed_and_another_for_another():
    slow = paced(5, 0, '[turn.fault]\nkind = "slow"')
    assert timed("seed = 1\n" + slow) == timed("seed = 1\n" + slow)
    assert timed("seed = 1\n" + slow) != timed("seed = 2\n" + slow)


# Faults


def faulty(kind, text="0123456789", more="", tool=""):
    turn = f'[[turn]]\ntier = 3\ntext = "{text}"\n{tool}'
    return f'[defaults]\nchunk_chars = 1\n{turn}\n[turn.fault]\nkind = "{kind}"\n{more}'


@pytest.mark.parametrize(
    ("kind", "retryable", "rate_limited", "says"),
    [
        ("disconnect", True, False, "connection broke"),
        ("rate_limit", True, True, "429"),
        ("overloaded", True, True, "529"),
        ("server_error", True, False, "500"),
        ("auth", False, False, "key"),
    ],
)
async def test_a_fault_ends_the_send_once_and_then_the_turn_goes_through(kind, retryable, rate_limited, says):
    provider = provider_of(faulty(kind, more="after_chunks = 4\nretry_after_s = 1.5"))
    events = []
    with pytest.raises(ProviderError, match=says) as caught:
        await receive(provider, into=events)
    assert "".join(chunks_of(events)) == "0123"
    assert (caught.value.retryable, caught.value.rate_limited) == (retryable, rate_limited)
    assert caught.value.retry_after_s == (1.5 if retryable else None)
    again = await receive(provider)
    assert "".join(chunks_of(again)) == "0123456789"
    assert again[-1] == Finished("end_turn")


async def test_a_crash_is_an_exception_that_nobody_foresaw():
    provider = provider_of(faulty("crash", more="after_chunks = 2"))
    events = []
    with pytest.raises(RuntimeError, match="crashed"):
        await receive(provider, into=events)
    assert "".join(chunks_of(events)) == "01"
    assert (await receive(provider))[-1] == Finished("end_turn")


def test_a_hanging_stream_brings_nothing_more_until_it_is_cancelled():
    async def hang():
        provider = provider_of(faulty("hang", more="after_chunks = 3"))
        events = []
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(provider, into=events), 1e6)
        return chunks_of(events), chunks_of(await receive(provider))

    stuck, after = run_in_virtual_time(hang())
    assert "".join(stuck) == "012"
    assert "".join(after) == "0123456789"


async def test_a_fault_after_no_chunk_strikes_before_anything_is_sent():
    events = []
    with pytest.raises(ProviderError):
        await receive(provider_of(faulty("disconnect")), into=events)
    assert events == []


async def test_a_cut_answer_has_reported_its_input():
    events = []
    with pytest.raises(ProviderError):
        await receive(
            provider_of(
                faulty("disconnect", more="after_chunks = 1\n[turn.usage]\ninput_tokens = 9\noutput_tokens = 5")
            ),
            into=events,
        )
    assert (last_usage(events).requests, last_usage(events).input_tokens, last_usage(events).output_tokens) == (1, 9, 0)


async def test_a_fault_after_the_last_chunk_strikes_before_the_end():
    tool = '[[turn.tool]]\nname = "read_file"\ninput = { path = "a" }'
    for after in (3, 4, 1000):
        events = []
        with pytest.raises(ProviderError):
            await receive(
                provider_of(faulty("disconnect", text="abc", tool=tool, more=f"after_chunks = {after}")), into=events
            )
        assert "".join(chunks_of(events)) == "abc"
        assert sum(isinstance(event, ToolCallReceived) for event in events) == (after > 3)
        assert not any(isinstance(event, Finished) for event in events)


async def test_thinking_counts_as_chunks_too():
    events = []
    with pytest.raises(ProviderError):
        await receive(
            provider_of(
                '[defaults]\nchunk_chars = 1\n[[turn]]\ntier = 3\nthinking = "ab"\ntext = "cd"\n'
                '[turn.fault]\nkind = "disconnect"\nafter_chunks = 3'
            ),
            into=events,
        )
    assert (chunks_of(events, ThinkingDelta), chunks_of(events)) == (["a", "b"], ["c"])


async def test_a_fault_strikes_as_often_as_it_says():
    provider = provider_of(faulty("overloaded", more="times = 3"))
    for _ in range(3):
        with pytest.raises(ProviderError):
            await receive(provider)
    assert (await receive(provider))[-1] == Finished("end_turn")


async def test_one_agents_fault_does_not_use_up_anothers():
    provider = provider_of(faulty("overloaded"))
    callers = [
        {"ticket": "T-001"},
        {"ticket": "T-002"},
        {"ticket": "T-001", "attempt": 2},
        {"ticket": "T-001", "turn": 2},
    ]
    for caller in callers:
        with pytest.raises(ProviderError):
            await receive(provider, request(**caller))
    for caller in callers:
        assert (await receive(provider, request(**caller)))[-1] == Finished("end_turn")


def test_faults_are_counted_across_threads():
    provider = provider_of(faulty("overloaded", text="", more="times = 40"))
    failures = []

    def send_twenty():
        for _ in range(20):
            try:
                asyncio.run(receive(provider))
            except ProviderError as error:
                failures.append(error)

    threads = [threading.Thread(target=send_twenty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 40


TOOL = '[[turn.tool]]\nname = "write_file"\ninput = { path = "a", content = "b" }\n[[turn.tool]]\nname = "other"'


async def test_bad_json_is_a_call_whose_arguments_cannot_be_read():
    provider = provider_of(faulty("bad_json", tool=TOOL))
    events = await receive(provider)
    broken, whole = [event for event in events if isinstance(event, ToolCallReceived)]
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.arguments_json)
    assert json.loads(whole.arguments_json) == {}
    assert events[-1] == Finished("tool_use")
    again = [event for event in await receive(provider) if isinstance(event, ToolCallReceived)]
    assert json.loads(again[0].arguments_json) == {"path": "a", "content": "b"}


async def test_bad_json_breaks_even_a_call_without_arguments():
    events = await receive(provider_of(faulty("bad_json", tool='[[turn.tool]]\nname = "x"')))
    with pytest.raises(json.JSONDecodeError):
        json.loads(next(event for event in events if isinstance(event, ToolCallReceived)).arguments_json)


async def test_bad_tool_input_is_readable_and_wrong():
    provider = provider_of(faulty("bad_tool_input", tool=TOOL))
    call = next(event for event in await receive(provider) if isinstance(event, ToolCallReceived))
    assert set(json.loads(call.arguments_json)) == {"path", "content", "no_such_field"}
    call = next(event for event in await receive(provider) if isinstance(event, ToolCallReceived))
    assert set(json.loads(call.arguments_json)) == {"path", "content"}


async def test_a_stream_that_is_closed_early_leaves_nothing_behind():
    session = await provider_of(faulty("hang", more="after_chunks = 5")).open()
    async with aclosing(session.stream(request())) as events:
        async for _ in events:
            break
    await session.aclose()
    await session.aclose()


async def test_its_capabilities_are_what_it_does():
    can = ScriptedProvider.capabilities
    events = await receive(provider_of(WHOLE))
    usage = last_usage(events)
    assert can.streams_text == (len(chunks_of(events)) > 1)
    assert can.shows_thinking == bool(chunks_of(events, ThinkingDelta))
    assert can.parallel_calls == (sum(isinstance(event, ToolCallReceived) for event in events) == 2)
    assert (can.returns_thinking is not None) == any(
        isinstance(e, ThinkingDone) and bool(e.block.signature) for e in events
    )
    assert (can.cache_reads, can.cache_writes) == (usage.cache_read_tokens == 60, usage.cache_write_tokens == 10)
    assert can.reasoning == (usage.reasoning_tokens == 5)
    assert can.prices is None and usage.cost_usd is None
    for word, stop in can.stops.items():
        said = '[[turn.tool]]\nname = "one"\n' if word == "tool_use" else f"stop = {word!r}\n"
        assert (await receive(provider_of(f"[[turn]]\ntier = 3\n{said}")))[-1] == Finished(stop)
