"""Whole agents on answers of all kinds, and then again on what was recorded: they come to the same."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_support import CannedProvider, RecordingSink, Threads, agent_request, services
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_recording import BROKEN, TOOLS, call, used

from slop_qt.agents.loop import run_agent
from slop_qt.agents.recording import Recorder
from slop_qt.agents.request import AgentOutcome
from slop_qt.core import conversation as conv
from slop_qt.core.errors import ProviderError
from slop_qt.core.settings import Limits
from slop_qt.core.usage import NO_USAGE, Usage, total_usage
from slop_qt.providers.scenario import parse_scenario
from slop_qt.providers.scripted import ScriptedProvider

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
CALLS = st.one_of(
    st.sampled_from(
        [
            call("read_file", {"path": "src/core.py"}),
            call("read_file", {"path": "src/core.py", "start_line": None}),
            call("read_file", {"path": "src/core.py", "no_such_field": None}),
            call("read_file", {"path": "src/core.py", "start_line": 2**70}),
            call("list_directory", {"path": None}),
            call("list_directory", {}),
            call("write_file", {"path": "src/new.txt", "content": "1\n"}),
            call("finish_ticket", {"summary": "Done."}),
            call("finish_ticket", {"summary": None}),
        ]
    ),
    st.builds(call, st.sampled_from(["read_file", "write_file", "finish_ticket", ""]), st.sampled_from(BROKEN[:-1])),
    st.builds(
        call, st.sampled_from(["read_file", "search_text", "x"]), st.dictionaries(WORDS, JSON_VALUES, max_size=3)
    ),
)
COUNTS = st.integers(0, 9)
USAGES = st.builds(
    lambda fresh, read, write, said, thought: used(
        input=fresh + read + write, output=said + thought, cache_read=read, cache_write=write, reasoning=thought
    ),
    *[COUNTS] * 5,
)
STOPS = st.sampled_from(["tool_use", "tool_use", "tool_use", "end_turn", "max_tokens", "refusal", "pause", "pause"])
FAILURES = st.sampled_from(
    [
        ProviderError("Again.", retryable=True, retry_after_s=0.0),
        ProviderError("Again.", retryable=True, retry_after_s=0.0),
        ProviderError("Never."),
        RuntimeError("A defect."),
    ]
)


@st.composite
def answers(draw: Callable[..., Any], usage: Usage) -> list[conv.ProviderEvent | Exception]:
    """The events of one send, whole or cut."""
    events: list[conv.ProviderEvent | Exception] = []
    if draw(st.integers(0, 5)) == 5:
        events.append(conv.CacheWritten(draw(USAGES)))
    if draw(st.booleans()):
        events.append(conv.UsageUpdate(usage))
    events += [conv.ThinkingDelta(words) for words in draw(st.lists(WORDS, max_size=2))]
    events += [conv.TextDelta(words) for words in draw(st.lists(WORDS, max_size=3))]
    if draw(st.integers(0, 3)) == 3:
        return [*events, draw(FAILURES)]
    events += draw(st.lists(CALLS, max_size=2))
    return [*events, conv.UsageUpdate(usage), conv.Finished(draw(STOPS))]


@st.composite
def scripts(draw: Callable[..., Any]) -> list[list[conv.ProviderEvent | Exception]]:
    """The sends of an agent."""
    usages = draw(st.lists(USAGES, min_size=1, max_size=2))
    return [draw(answers(draw(st.sampled_from(usages)))) for _ in range(draw(st.integers(0, 8)))]


FINISHING = (
    conv.UsageUpdate(used(input=3)),
    call("finish_ticket", {"summary": "At last."}),
    conv.Finished("tool_use"),
)


async def played(provider: Any, root: Path, limits: Limits) -> tuple[AgentOutcome, RecordingSink]:
    sink, threads = RecordingSink(), Threads(1)
    try:
        return await run_agent(agent_request(root, limits=limits), services(sink, provider, threads)), sink
    finally:
        threads.close()


def gist(outcome: AgentOutcome, sink: RecordingSink) -> dict[str, Any]:
    """What an agent came to."""
    return {
        "answer": outcome.answer,
        "failed": (outcome.error is not None, outcome.fatal),
        "results": [(event.name or "(no name)", event.ok) for event in sink.of("tool_result")],
    }


def total(sink: RecordingSink, *, reasoning: bool = True) -> Usage:
    unpriced = {"cost_usd": None} if reasoning else {"cost_usd": None, "reasoning_tokens": 0}
    return total_usage(event.usage for event in sink.of("usage")).model_copy(update=unpriced)


def noted(text: str, what: str) -> int:
    found = re.search(rf"^# (\d+) {what}", text, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("root")
    (root / "src").mkdir()
    (root / "src" / "core.py").write_text("def add(a, b):\n    return a - b\n")
    yield root


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(sends=scripts(), repairs=st.integers(0, 3))
async def test_an_agent_comes_to_the_same_again(
    shared_root: Path, sends: list[list[conv.ProviderEvent | Exception]], repairs: int
) -> None:
    limits = Limits(repairs=repairs, sends=3, turns=40)
    recorder = Recorder(shared_root / "unused.toml", TOOLS)
    outcome, sink = await played(recorder.wrap(CannedProvider(*sends, *[FINISHING] * 8)), shared_root, limits)
    text = recorder.scenario()
    if text is None:
        assert outcome.fatal and total(sink) == NO_USAGE.model_copy(update={"cost_usd": None})
        return
    again, replay = await played(ScriptedProvider(parse_scenario(text)), shared_root, limits)
    assert gist(again, replay) == gist(outcome, sink)
    expected = total(sink)
    fewer, lost = noted(text, "requests? fewer"), noted(text, "output tokens? of what crashed")
    if lost:
        expected = expected.model_copy(update={"reasoning_tokens": 0, "output_tokens": expected.output_tokens - lost})
    assert total(replay, reasoning=not lost) == expected.model_copy(update={"requests": expected.requests - fewer})
    if not sink.of("retry", "fault") and not outcome.fatal:
        assert replay.text("Tier 3: T-001") == sink.text("Tier 3: T-001")
