"""What an agent says of its requests: counted before, reported after, in parts that sum to the total."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import (
    CannedProvider,
    RecordingSink,
    Threads,
    agent_request,
    finish,
    scripted,
    services,
    turn,
)
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.agents.context_teller import ContextTeller
from slop_qt.agents.loop import run_agent
from slop_qt.agents.reply import ReplyReader
from slop_qt.agents.stream_writer import StreamWriter
from slop_qt.agents.told_parts import shares
from slop_qt.core import conversation as conv
from slop_qt.core.context import ContextReport
from slop_qt.core.settings import Limits
from slop_qt.core.usage import Usage

STREAM = "Tier 3: T-001"


def reports(sink: RecordingSink) -> list[ContextReport]:
    """All of them, each checked for its sum."""
    found = [event.report for event in sink.of("context", stream=STREAM)]
    for report in found:
        assert sum(part.tokens for part in report.parts) == report.used_tokens
        assert report.cache.prefix_tokens == sum(part.tokens for part in report.parts if part.cached)
    return found


class CountingSession:
    """A session that counts; `counted` says how, and may wait."""

    def __init__(self, *counts: int | None) -> None:
        self._counts = list(counts)
        self.asked = 0

    async def count(self, _: conv.ModelRequest) -> int | None:
        self.asked += 1
        return self._counts.pop(0)

    def stream(self, request: conv.ModelRequest) -> AsyncGenerator[conv.ProviderEvent, None]:
        raise AssertionError("nobody reads here")

    async def aclose(self) -> None:
        """There is nothing to close."""


class StuckSession(CountingSession):
    """Its count never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()

    async def count(self, _: conv.ModelRequest) -> int | None:
        self.asked += 1
        self.waits.set()
        await asyncio.get_running_loop().create_future()
        return None


TellerOf = Callable[..., ContextTeller]


@pytest.fixture
def teller_of(sink: RecordingSink, offload: Threads, root: Path) -> TellerOf:
    """teller_of(**fields of its agent's request)."""

    def build(**fields: Any) -> ContextTeller:
        return ContextTeller(agent_request(root, **fields), services(sink, None, offload), CannedProvider())

    return build


async def tell(teller: ContextTeller, session: Any, request: conv.ModelRequest) -> None:
    """What an agent does before it sends."""
    await teller.compose(request)
    await teller.confirm(session)


def answered(sink: RecordingSink, root: Path, usage: Usage | None) -> ReplyReader:
    """The reader of an answer that is complete."""
    reader = ReplyReader(agent_request(root), sink, StreamWriter(sink, "R-1", STREAM))
    reader.usage = usage
    return reader


def request(*texts: str) -> conv.ModelRequest:
    messages = tuple(
        conv.Message("user" if number % 2 == 0 else "assistant", (conv.TextBlock(text),))
        for number, text in enumerate(texts)
    )
    return conv.ModelRequest("script-1", "You are tested.", messages)


async def test_an_agent_reports_each_request_before_it_and_after_it(
    sink: RecordingSink, offload: Threads, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x = 1\n" * 50)
    usages = {"input_tokens": 1000}, {"input_tokens": 1300, "cache_read_tokens": 900}
    provider = scripted(
        turn(3, ("read_file", {"path": "src/a.py"}), usage=usages[0], turn=1),
        turn(3, finish(), usage=usages[1], turn=2),
    )
    await run_agent(agent_request(tmp_path), services(sink, provider, offload))
    first, first_after, second, second_after = reports(sink)
    assert [(report.measured, report.used_tokens) for report in (first_after, second_after)] == [
        ("provider", 1000),
        ("provider", 1300),
    ]
    assert (first.measured, second.measured) == ("estimate", "estimate")
    assert 1000 < second.used_tokens < 2000, "what was reported, and an estimate of what was added since"
    assert [(part.kind, part.label, part.cached) for part in second.parts] == [
        ("system", "System prompt", True),
        ("tools", second.parts[1].label, True),
        ("prompt", "First message", True),
        ("history", "1 message", False),
        ("tool_result", "read_file src/a.py", False),
    ]
    assert second.parts[4].tokens > 50
    assert [report.cache.state for report in (first, first_after, second, second_after)] == [
        "unknown",
        "cold",
        "cold",
        "warm",
    ]
    assert {report.model for report in reports(sink)} == {"script-1"}
    kinds = [event.kind for event in sink.events]
    assert kinds.index("context") < kinds.index("usage")


async def test_the_providers_count_is_said_to_be_its(sink: RecordingSink, teller_of: TellerOf) -> None:
    teller, session = teller_of(), CountingSession(123)
    await tell(teller, session, request("Hello?"))
    report = reports(sink)[-1]
    assert (report.used_tokens, report.measured, report.limit_tokens) == (123, "provider", 0)


async def test_what_was_counted_once_is_not_asked_again(sink: RecordingSink, teller_of: TellerOf) -> None:
    teller, session = teller_of(), CountingSession(123)
    for _ in range(3):
        await tell(teller, session, request("Hello?"))
    assert session.asked == 1
    assert {report.used_tokens for report in reports(sink)[1:]} == {123}


async def test_nobody_is_asked_where_the_limits_say_so(sink: RecordingSink, teller_of: TellerOf) -> None:
    teller, session = teller_of(limits=Limits(count_tokens=False)), CountingSession()
    await tell(teller, session, request("Hello?"))
    assert session.asked == 0
    assert reports(sink)[0].measured == "estimate"


async def test_a_count_that_does_not_come_holds_nothing_up_twice(
    sink: RecordingSink, teller_of: TellerOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slop_qt.providers.token_counter._PATIENCE_S", 0.05)
    teller, session = teller_of(), StuckSession()
    for words in ("one", "two"):
        await tell(teller, session, request(words))
    assert session.asked == 1
    assert [report.measured for report in reports(sink)] == ["estimate", "estimate"]


async def test_an_agent_is_cancelled_while_its_request_is_counted(sink: RecordingSink, teller_of: TellerOf) -> None:
    teller, session = teller_of(), StuckSession()
    task = asyncio.create_task(tell(teller, session, request("one")))
    await session.waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [report.measured for report in reports(sink)] == ["estimate"]


async def test_an_answer_without_counts_is_no_report(sink: RecordingSink, teller_of: TellerOf, root: Path) -> None:
    teller = teller_of()
    await teller.compose(request("one"))
    await teller.after(answered(sink, root, None))
    await teller.after(answered(sink, root, Usage(requests=1)))
    assert len(reports(sink)) == 1


async def test_a_provider_without_a_cache_has_none(sink: RecordingSink, offload: Threads, root: Path) -> None:
    class NoCache(CannedProvider):
        caches = False

    usage = conv.UsageUpdate(Usage(requests=1, input_tokens=50))
    call = conv.ToolCallReceived("c", "finish_ticket", '{"summary": "Done."}')
    await run_agent(agent_request(root), services(sink, NoCache([usage, call, conv.Finished("tool_use")]), offload))
    assert [report.cache.state for report in reports(sink)] == ["none", "none"]
    assert not any(part.cached for report in reports(sink) for part in report.parts)


async def test_many_results_are_told_as_the_last_hundred_and_the_rest(sink: RecordingSink, teller_of: TellerOf) -> None:
    messages = [conv.Message("user", (conv.TextBlock("Go."),))]
    for number in range(130):
        use = conv.ToolUseBlock(f"c{number}", "read_file", {"path": f"{number}.py"})
        messages.append(conv.Message("assistant", (use,)))
        messages.append(conv.Message("user", (conv.ToolResultBlock(f"c{number}", "x = 1"),)))
    await teller_of().compose(conv.ModelRequest("script-1", "You are tested.", tuple(messages)))
    [report] = reports(sink)
    labels = [part.label for part in report.parts]
    assert labels[:5] == ["System prompt", "First message", "130 messages", "30 earlier results", "read_file 30.py"]
    assert labels[-1] == "read_file 129.py"
    assert len(labels) == 104


async def test_a_turn_costs_what_is_new_in_it(sink: RecordingSink, teller_of: TellerOf) -> None:
    """Eighty turns over a history of 200 KB: a recount each turn would take seconds."""
    teller = teller_of()
    texts = ["def f(x):\n    return x + 1\n" * 8000]
    await teller.compose(request(*texts))
    messages = list(request(*texts).messages)
    started = time.process_time()
    for number in range(80):
        messages.append(conv.Message("assistant", (conv.TextBlock(f"Answer {number}."),)))
        await teller.compose(conv.ModelRequest("script-1", "You are tested.", tuple(messages)))
    assert time.process_time() - started < 1.0


@given(st.integers(0, 10**7), st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_shares_sum_exactly_to_the_total(total: int, weights: list[float]) -> None:
    parts = shares(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)
    whole = sum(weights)
    if whole > 1e-6:
        assert all(
            abs(part - total * weight / whole) <= 1 + 1e-6 * total for part, weight in zip(parts, weights, strict=True)
        )


def test_nothing_has_no_shares() -> None:
    assert shares(10, []) == []
