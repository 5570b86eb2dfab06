"""Agents whose requests outgrow their model: what is left out, what is said of it, and how they end."""

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_support import CannedProvider, OpenGate, RecordingSink, Threads, agent_request, scripted, services, turn

from slop_qt.agents.context_teller import ContextTeller
from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentServices
from slop_qt.agents.request_shelf import RequestShelf, ShelvedRequest
from slop_qt.core import conversation as conv
from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, Decision
from slop_qt.core.context import ContextReport
from slop_qt.core.errors import NotFoundError, ProviderError
from slop_qt.core.prompt import Prompt, PromptPart
from slop_qt.core.settings import Limits
from slop_qt.core.usage import Usage
from slop_qt.providers.request_meter import HEAD, Place, RequestMeter

STREAM = "Tier 3: T-001"
FILES = 8
ServicesOf = Callable[..., AgentServices]


@pytest.fixture
def project(root: Path) -> Path:
    """Files of about 2,000 tokens each."""
    (root / "src").mkdir(exist_ok=True)
    for number in range(FILES):
        (root / "src" / f"{number}.py").write_text("value = compute(other, 12)\n" * 250)
    return root


@pytest.fixture
def with_limit(sink: RecordingSink, offload: Threads) -> ServicesOf:
    """with_limit(provider, tokens that its model takes)."""

    def build(provider: Any, tokens: int | None, gate: Any = None) -> AgentServices:
        return replace(services(sink, provider, offload, gate), limit_tokens=lambda _provider, _model: tokens)

    return build


def reading(*after: dict[str, Any]) -> Any:
    """A provider whose agent reads every file, one a turn, and is done."""
    turns = [turn(3, ("read_file", {"path": f"src/{n}.py"}), turn=n + 1) for n in range(FILES)]
    return scripted(*turns, *(after or [turn(3, ("finish_ticket", {"summary": "Done."}))]))


def results(request: conv.ModelRequest) -> list[conv.ToolResultBlock]:
    return [b for message in request.messages for b in message.blocks if isinstance(b, conv.ToolResultBlock)]


def reports(sink: RecordingSink) -> list[ContextReport]:
    return [event.report for event in sink.of("context", stream=STREAM)]


async def test_requests_stay_beneath_the_limit_and_what_is_left_out_stays_out(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = reading()
    request = agent_request(project, limits=Limits(max_output_tokens=1000))
    outcome = await run_agent(request, with_limit(provider, 14_000))
    assert outcome.error is None
    assert all(report.used_tokens <= 13_000 for report in reports(sink) if report.measured == "estimate")
    assert {report.limit_tokens for report in reports(sink)} == {14_000}
    last = [bool(block.had_tokens) for block in results(provider.requests[-1])]
    assert last == sorted(last, reverse=True), "the oldest are lines"
    assert 0 < sum(last) < FILES
    for before, after in itertools.pairwise(provider.requests):
        lines = [block for block in results(before) if block.had_tokens]
        assert results(after)[: len(lines)] == lines
        assert [block.call_id for block in results(after)][: len(results(before))] == [
            block.call_id for block in results(before)
        ]


async def test_what_is_left_out_is_told_with_what_it_saves_and_what_it_breaks(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    request = agent_request(project, limits=Limits(max_output_tokens=1000))
    await run_agent(request, with_limit(reading(), 14_000))
    first = next(report for report in reports(sink) if report.would_trim)
    assert first.would_trim[0].label == "read_file src/0.py"
    assert all(out.tokens > 1000 for out in first.would_trim)
    assert first.would_trim[0].reason == "Without that it would not fit: it may have 13,000 tokens."
    broken = [report.cache.broken_by for report in reports(sink)]
    assert "read_file src/0.py was left out to make room." in broken
    reasons = sink.of("context_explained", stream=STREAM)[-1].reasons
    assert len(reasons) == len(reports(sink)[-1].parts)
    assert reasons[:3] == ("System prompt of Tier 3.", "Tools of Tier 3.", "It is the agent's first message.")
    assert any(reason.startswith("Result of turn 1, left out to make room: it had about ") for reason in reasons)
    assert reasons[-1] == f"Result of turn {FILES}, read by the agent."


async def test_a_tier_may_have_less_than_its_model_takes(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = reading()
    await run_agent(agent_request(project, context_tokens=14_000), with_limit(provider, 200_000))
    assert {report.limit_tokens for report in reports(sink)} == {14_000}
    assert {request.max_output_tokens for request in provider.requests} == {3_500}
    assert any(block.had_tokens for block in results(provider.requests[-1]))


async def test_nothing_is_left_out_where_no_limit_is_known(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = reading()
    await run_agent(agent_request(project), with_limit(provider, None))
    assert not any(block.had_tokens for block in results(provider.requests[-1]))
    assert {request.max_output_tokens for request in provider.requests} == {16_000}
    assert not any(report.would_trim for report in reports(sink))


async def test_what_cannot_fit_is_not_sent_and_says_what_is_largest(
    sink: RecordingSink, with_limit: ServicesOf, root: Path
) -> None:
    provider = scripted(turn(3, ("finish_ticket", {"summary": "Done."})))
    big = PromptPart("file", "src/big.py", "The ticket declares it.", "value = compute(other, 12)\n" * 900)
    ticket_part = PromptPart("ticket", "Ticket", "It is to be done.", "Do it.")
    request = agent_request(root, prompt=Prompt((ticket_part, big)), limits=Limits(max_output_tokens=16_000))
    outcome = await run_agent(request, with_limit(provider, 4_096))
    assert outcome.fatal
    assert provider.requests == []
    assert outcome.error is not None
    assert "may have 3,072, so that 1,024 of 4,096 are left to answer. The largest parts: src/big.py (" in outcome.error
    assert "choose a model with a larger context window" in outcome.error
    [report] = reports(sink)
    assert report.used_tokens > 3_072
    assert [part.label for part in report.parts][-2:] == ["Ticket", "src/big.py"]
    [explained] = sink.of("context_explained", stream=STREAM)
    assert explained.reasons[-2:] == ("It is to be done.", "The ticket declares it.")


def done() -> list[conv.ProviderEvent]:
    call = conv.ToolCallReceived("c", "finish_ticket", '{"summary": "Done."}')
    usage = conv.UsageUpdate(Usage(requests=1, input_tokens=50))
    return [usage, call, conv.Finished("tool_use")]


def read(number: int) -> list[conv.ProviderEvent]:
    call = conv.ToolCallReceived(f"c{number}", "read_file", f'{{"path": "src/{number}.py"}}')
    return [call, conv.Finished("tool_use")]


OVERFLOW = ProviderError("The model takes less.", "Cut the ticket.", overflow=True)


async def test_what_the_provider_finds_too_large_is_sent_once_more_with_less(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = CannedProvider(*map(read, range(4)), [OVERFLOW], done())
    outcome = await run_agent(agent_request(project), with_limit(provider, None))
    assert outcome.error is None
    refused, again = provider.requests[-2:]
    assert not any(block.had_tokens for block in results(refused))
    assert [bool(block.had_tokens) for block in results(again)] == [True, True, False, False]
    [retry] = sink.of("retry", stream=STREAM)
    assert retry.reason == "The model takes less. More was left out of it."


async def test_what_is_too_large_even_then_ends_the_agent(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = CannedProvider(*map(read, range(4)), [OVERFLOW], [OVERFLOW])
    outcome = await run_agent(agent_request(project), with_limit(provider, None))
    assert outcome.fatal
    assert outcome.error is not None
    assert outcome.error.startswith("The model takes less. All that may be left out was left out of it: it had about ")
    assert len(provider.requests) == 6
    assert sink.of("worker_ended", stream=STREAM)[0].outcome == "failed"


async def test_where_nothing_can_be_left_out_it_is_not_sent_again(with_limit: ServicesOf, project: Path) -> None:
    provider = CannedProvider([OVERFLOW])
    outcome = await run_agent(agent_request(project), with_limit(provider, None))
    assert outcome.fatal
    assert len(provider.requests) == 1


class AskingGate(OpenGate):
    """Holds every step until it is let go, and remembers what was known by then."""

    def __init__(self, sink: RecordingSink, provider: "CountingProvider") -> None:
        super().__init__()
        self._sink = sink
        self._provider = provider
        self.seen: list[tuple[int, int]] = []

    async def decide(self, request: ApprovalRequest) -> Decision:
        if request.kind is ApprovalKind.STEP:
            self.seen.append((len(self._sink.of("context")), self._provider.counted))
        return await super().decide(request)


class CountingProvider(CannedProvider):
    """Its endpoint counts 777 tokens, whatever it is asked."""

    counted = 0

    async def count(self, _: conv.ModelRequest) -> int | None:
        self.counted += 1
        return 777


async def test_a_person_sees_the_request_before_anything_of_it_is_sent_anywhere(
    sink: RecordingSink, with_limit: ServicesOf, root: Path
) -> None:
    provider = CountingProvider(done())
    gate = AskingGate(sink, provider)
    await run_agent(agent_request(root), with_limit(provider, None, gate))
    assert gate.seen == [(1, 0)], "an estimate was reported, and nobody was asked"
    assert [(report.measured, report.used_tokens == 777) for report in reports(sink)[:2]] == [
        ("estimate", False),
        ("provider", True),
    ]


async def test_the_providers_count_decides_where_an_estimate_may_be_wrong(
    sink: RecordingSink, offload: Threads, with_limit: ServicesOf, root: Path
) -> None:
    await run_agent(agent_request(root), services(sink, CannedProvider(done()), offload))
    limit = int(reports(sink)[0].used_tokens / 1.2 / 0.75)
    outcome = await run_agent(agent_request(root, context_tokens=limit), with_limit(CountingProvider(done()), None))
    assert outcome.error is None
    uncounted = await run_agent(agent_request(root, context_tokens=limit), with_limit(CannedProvider(), None))
    assert uncounted.fatal
    assert "The request was not sent: it has about " in (uncounted.error or "")


async def test_after_an_answer_the_report_says_what_the_next_request_would_leave_out(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    full = [conv.UsageUpdate(Usage(requests=1, input_tokens=9_000, output_tokens=4_000)), *read(3)]
    provider = CannedProvider(*map(read, range(3)), full, done())
    await run_agent(agent_request(project, context_tokens=14_000), with_limit(provider, None))
    planned = next(report for report in reports(sink) if report.measured == "provider")
    assert [out.label for out in planned.would_trim][:1] == ["read_file src/0.py"]
    assert planned.would_trim[0].reason == "The next request has 13,000 tokens already, and may have 10,500."
    assert results(provider.requests[4])[0].had_tokens, "and so it did"


async def test_every_part_of_a_report_has_its_exact_text(
    sink: RecordingSink, with_limit: ServicesOf, project: Path
) -> None:
    provider = reading()
    parts = (PromptPart("ticket", "Ticket", "To do.", "Do ä🙂.\n"), PromptPart("file", "a.py", "Declared.", "x = 1\n"))
    of = with_limit(provider, None)
    await run_agent(agent_request(project, prompt=Prompt(parts)), of)
    shelved = of.shelf.find("R-1", STREAM)
    report = reports(sink)[-1]
    texts = {part.label: shelved.text(number) for number, part in enumerate(report.parts)}
    assert len(shelved.parts) == len(report.parts)
    assert (texts["System prompt"], texts["Ticket"], texts["a.py"]) == ("You are tested.", "Do ä🙂.\n", "x = 1\n")
    assert texts["read_file src/3.py"] == results(provider.requests[-1])[3].output
    assert '"name": "write_file"' in texts[report.parts[1].label]
    said = "".join(text for label, text in texts.items() if label.endswith(("message", "messages")))
    assert '(call) read_file {"path": "src/0.py"}' in said
    whole = shelved.text(None)
    assert "Do ä🙂.\\nx = 1\\n" in whole
    assert '"reason"' not in whole, "what only we know is not sent"
    with pytest.raises(NotFoundError, match="no part 99"):
        shelved.text(99)
    with pytest.raises(NotFoundError, match=r"(?s)Tier 3: other.*while the application runs"):
        of.shelf.find("R-1", "Tier 3: other")


def test_the_shelf_keeps_the_newest_streams() -> None:
    shelf = RequestShelf()
    shelved = ShelvedRequest(conv.ModelRequest("m", "You are tested.", ()), ((Place(HEAD, 0),),), repr)
    for number in range(300):
        shelf.put("R-1", f"S{number}", shelved)
    assert shelf.find("R-1", "S44").text(0) == "You are tested."
    with pytest.raises(NotFoundError):
        shelf.find("R-1", "S43")


def many_results(number: int, size: int) -> list[conv.Message]:
    """A history with so many results of so many lines."""
    messages = [conv.Message("user", (conv.TextBlock("Go."),))]
    for at in range(number):
        use = conv.ToolUseBlock(f"c{at}", "read_file", {"path": f"{at}.py"})
        result = conv.ToolResultBlock(use.call_id, "value = compute(other, 12)\n" * size)
        messages += [conv.Message("assistant", (use,)), conv.Message("user", (result,))]
    return messages


async def test_a_turn_over_hundreds_of_results_costs_its_lane_little(with_limit: ServicesOf, root: Path) -> None:
    teller = ContextTeller(agent_request(root), with_limit(CannedProvider(), 10**7), CannedProvider())
    messages = many_results(300, 10)
    await teller.compose(conv.ModelRequest("m", "You are tested.", tuple(messages)))
    started = time.thread_time()
    for number in range(5):
        messages.append(conv.Message("user", (conv.TextBlock(f"On {number}."),)))
        await teller.compose(conv.ModelRequest("m", "You are tested.", tuple(messages)))
    assert (time.thread_time() - started) / 5 < 0.1


def test_what_comes_after_something_left_out_is_not_measured_again() -> None:
    meter = RequestMeter()
    messages = many_results(5, 10)
    before = meter.measure(conv.ModelRequest("m", "You are tested.", tuple(messages)))
    line = conv.ToolResultBlock("c1", "(left out)", had_tokens=80)
    messages[4] = conv.Message("user", (line,))
    after = meter.measure(conv.ModelRequest("m", "You are tested.", tuple(messages)))
    pairs = zip(before.parts, after.parts, strict=True)
    changed = [one.label for one, other in pairs if one is not other]
    assert changed == ["read_file 1.py"]
    assert before.digests[4] == after.digests[4]
    assert before.digests[5] != after.digests[5]
    afresh = RequestMeter().measure(after.request)
    assert (afresh.digests, afresh.totals, afresh.parts) == (after.digests, after.totals, after.parts)
