"""One agent's loop, with the shipped scripted provider: text, usage, retries, mistakes and ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import (
    CannedProvider,
    RecordingProvider,
    RecordingSink,
    agent_request,
    finish,
    scenario,
    scripted,
    ticket,
    turn,
)

from slop_qt.agents.loop import run_agent
from slop_qt.agents.request import AgentServices
from slop_qt.core import conversation as conv
from slop_qt.core.approvals import ApprovalKind, DecidedBy, Decision
from slop_qt.core.errors import ConfigurationError, ProviderError
from slop_qt.core.events import dump_event, parse_event
from slop_qt.core.prompt import plain_prompt
from slop_qt.core.settings import Limits
from slop_qt.core.usage import Usage, total_usage
from slop_qt.providers.scripted import ScriptedProvider
from slop_qt.tools.answers import FinishTicketArguments
from slop_qt.tools.submit_tracks import SubmitTracksArguments

Serve = Callable[..., AgentServices]
STREAM = "Tier 3: T-001"
TEXT = "Füge zuerst 👩‍🚀 hinzu,\r\n\tthen — at last\x00 — \u2028stop.\n" * 7


def tool(call_id: str, name: str, arguments: str) -> conv.ToolCallReceived:
    return conv.ToolCallReceived(call_id, name, arguments)


def finishing(call_id: str = "c-end") -> conv.ToolCallReceived:
    return tool(call_id, "finish_ticket", '{"summary": "Done."}')


def results(request: conv.ModelRequest) -> list[conv.ToolResultBlock]:
    return [block for block in request.messages[-1].blocks if isinstance(block, conv.ToolResultBlock)]


def shape_of(messages: tuple[conv.Message, ...]) -> list[tuple[str, list[str]]]:
    return [(message.role, [type(block).__name__ for block in message.blocks]) for message in messages]


@pytest.mark.parametrize("chunk_chars", [1, 3, 4, 1000])
async def test_the_stream_has_exactly_the_text_however_it_was_cut(
    sink: RecordingSink, root: Path, serve: Serve, chunk_chars: int
) -> None:
    provider = scripted(turn(3, finish(), text=TEXT, thinking="Hm.\n" * 50), chunk_chars=chunk_chars)
    outcome = await run_agent(agent_request(root), serve(provider))
    assert outcome.answer == FinishTicketArguments(summary="Done.") and outcome.error is None
    assert sink.text(STREAM) == TEXT == outcome.raw
    assert "".join(event.text for event in sink.of("thinking")) == "Hm.\n" * 50
    assert sink.kinds(STREAM) == [
        "worker_started",
        "thinking",
        "stream_text",
        "usage",
        "tool_call",
        "tool_result",
        "worker_ended",
    ]


async def test_a_long_answer_of_small_chunks_becomes_few_events(sink: RecordingSink, root: Path, serve: Serve) -> None:
    text = "0123456789" * 10_000
    await run_agent(agent_request(root), serve(scripted(turn(3, finish(), text=text), chunk_chars=4)))
    assert sink.text(STREAM) == text
    assert len(sink.of("stream_text")) < 1000  # of 25,000 chunks


async def test_the_streams_first_and_last_event_say_who_worked_and_how_it_ended(
    sink: RecordingSink, root: Path, serve: Serve
) -> None:
    await run_agent(agent_request(root, attempt=2), serve(scripted(turn(3, finish()))))
    first, last = sink.events[0], sink.events[-1]
    assert (first.kind, first.stream_id, first.tier, first.ticket_id) == ("worker_started", f"{STREAM} #2", 3, "T-001")
    assert (first.attempt, first.provider, first.model) == (2, "scripted", "script-1")
    assert (last.kind, last.stream_id, last.outcome, last.error) == ("worker_ended", f"{STREAM} #2", "finished", None)


async def test_the_request_is_complete_and_says_who_asks(root: Path, serve: Serve) -> None:
    provider = scripted(turn(3, ("read_file", {"path": "src/core.py"}), turn=1), turn(3, finish(), turn=2))
    await run_agent(
        agent_request(root, attempt=2, limits=Limits(max_output_tokens=77, cache_ttl="1h")), serve(provider)
    )
    first, second = provider.requests
    assert (first.model, first.system, first.max_output_tokens) == ("script-1", "You are tested.", 77)
    prompt = plain_prompt("Do the ticket.")
    assert first.messages == (conv.Message("user", (conv.TextBlock("Do the ticket.", parts=prompt.parts),)),)
    assert {spec.name for spec in first.tools} >= {"read_file", "write_file", "run_command", "finish_ticket"}
    assert not {"submit_tracks", "submit_tickets", "report_failure"} & {spec.name for spec in first.tools}
    assert first.caller == conv.Caller(tier=3, track="A track", ticket="T-001", attempt=2, turn=1)
    assert second.caller.turn == 2
    assert first.cache_ttl == second.cache_ttl == "1h"
    assert (second.system, second.tools, second.messages[:1]) == (first.system, first.tools, first.messages)


async def test_what_a_tool_found_is_in_the_next_request_beside_its_call(root: Path, serve: Serve) -> None:
    read = ("read_file", {"path": "src/core.py"})
    provider = scripted(turn(3, read, text="I read.", thinking="First.", turn=1), turn(3, finish(), turn=2))
    await run_agent(agent_request(root), serve(provider))
    asked, answered = provider.requests[1].messages[1:]
    assert asked.role == "assistant" and asked.blocks[:2] == (conv.ThinkingBlock("First."), conv.TextBlock("I read."))
    assert isinstance(asked.blocks[2], conv.ToolUseBlock) and asked.blocks[2].arguments == {"path": "src/core.py"}
    assert answered.role == "user" and isinstance(answered.blocks[0], conv.ToolResultBlock)
    assert answered.blocks[0].call_id == asked.blocks[2].call_id
    assert "return a - b" in answered.blocks[0].output and answered.blocks[0].ok


async def test_a_session_is_the_agents_own_and_is_closed_with_it(root: Path, serve: Serve) -> None:
    provider = scripted(turn(3, finish()), turn(1, text="no answer"))
    await run_agent(agent_request(root), serve(provider))
    await run_agent(agent_request(root, attempt=2), serve(provider))
    failed = await run_agent(agent_request(root, tier=4), serve(provider))
    assert failed.answer is None
    assert (provider.opened, provider.closed) == (3, 3)


class TestRetry:
    """A send that breaks is made again, visibly, and costs what it cost."""

    @staticmethod
    def broken(**fault: Any) -> RecordingProvider:
        usage = {"input_tokens": 100, "output_tokens": 40, "cache_read_tokens": 30, "reasoning_tokens": 10}
        given = {"kind": "disconnect", "after_chunks": 3, "retry_after_s": 0.0, **fault}
        return scripted(turn(3, finish(), text="one two three four", usage=usage, fault=given))

    async def test_text_before_the_fault_stays_and_is_marked(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        outcome = await run_agent(agent_request(root), serve(self.broken()))
        assert outcome.answer is not None and outcome.raw == "one two three four"
        assert sink.text(STREAM) == "one two thre" + "one two three four"
        assert sink.kinds(STREAM)[1:5] == ["stream_text", "usage", "retry", "stream_text"]
        (retry,) = sink.of("retry")
        assert "connection broke" in retry.reason and (retry.wait_s, retry.attempt) == (0.0, 2)

    async def test_the_identical_request_is_sent_again_with_nothing_of_the_cut_answer(
        self, root: Path, serve: Serve
    ) -> None:
        provider = self.broken(times=3)
        await run_agent(agent_request(root), serve(provider))
        assert len(provider.requests) == 4
        assert all(request == provider.requests[0] for request in provider.requests)
        assert len(provider.requests[0].messages) == 1

    async def test_the_cut_answer_is_not_in_the_history_of_later_turns(self, root: Path, serve: Serve) -> None:
        fault = {"kind": "server_error", "after_chunks": 2, "retry_after_s": 0.0}
        read = turn(3, ("read_file", {"path": "src/core.py"}), text="abcdefghij", fault=fault, turn=1)
        provider = scripted(read, turn(3, finish(), turn=2))
        await run_agent(agent_request(root), serve(provider))
        history = provider.requests[-1].messages
        assert history[1].blocks[0] == conv.TextBlock("abcdefghij")
        assert shape_of(history) == [
            ("user", ["TextBlock"]),
            ("assistant", ["TextBlock", "ToolUseBlock"]),
            ("user", ["ToolResultBlock"]),
        ]

    async def test_a_cut_answer_costs_the_last_usage_that_it_reported_once(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        await run_agent(agent_request(root), serve(self.broken(times=2)))
        usages = [event.usage for event in sink.of("usage")]
        cut = Usage(requests=1, input_tokens=100, cache_read_tokens=30)
        assert usages == [cut, cut, cut.model_copy(update={"output_tokens": 40, "reasoning_tokens": 10})]

    async def test_a_send_that_fails_before_anything_came_costs_nothing(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        await run_agent(agent_request(root), serve(self.broken(kind="overloaded", after_chunks=0)))
        assert [event.usage.requests for event in sink.of("usage")] == [1]
        assert len(sink.of("retry")) == 1

    async def test_no_tool_of_a_cut_answer_runs(self, sink: RecordingSink, root: Path, serve: Serve) -> None:
        write = ("write_file", {"path": "src/new.py", "content": "x = 1\n"})
        fault = {"kind": "disconnect", "after_chunks": 2, "retry_after_s": 0.0}
        provider = scripted(turn(3, write, finish(), text="abcd", fault=fault, turn=1), turn(3, finish(), turn=2))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer is not None
        assert [event.name for event in sink.of("tool_call")] == ["write_file", "finish_ticket"]

    async def test_the_last_send_that_fails_ends_the_agent_and_says_how_often_it_was_sent(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        request = agent_request(root, limits=Limits(sends=3))
        outcome = await run_agent(request, serve(self.broken(times=99)))
        assert outcome.answer is None and "sent 3 times" in (outcome.error or "")
        assert len(sink.of("retry")) == 2 and len(sink.of("usage")) == 3
        assert sink.text(STREAM) == "one two thre" * 3
        assert sink.of("worker_ended")[0].outcome == "failed"

    async def test_a_stalled_stream_is_sent_again(self, sink: RecordingSink, root: Path, serve: Serve) -> None:
        request = agent_request(root, limits=Limits(no_progress_s=0.05))
        fault = {"kind": "hang", "after_chunks": 1}
        outcome = await run_agent(request, serve(scripted(turn(3, finish(), text="abcdefgh", fault=fault))))
        assert outcome.answer is not None
        assert "Nothing came" in sink.of("retry")[0].reason
        assert sink.text(STREAM) == "abcd" + "abcdefgh"


async def test_an_answer_keeps_the_order_of_what_it_is_made_of(sink: RecordingSink, root: Path, serve: Serve) -> None:
    first, second = (conv.ThinkingBlock(words, signature=f"signed {words}") for words in ("one", "two"))
    looks = [conv.ToolCallReceived(f"c{number}", "list_directory", "{}") for number in (1, 2)]
    sent = [conv.ThinkingDone(first), looks[0], conv.TextDelta("And "), conv.TextDelta("now:"), looks[1]]
    sent += [conv.ThinkingDone(second), conv.Finished("tool_use")]
    provider = CannedProvider(sent, [finishing(), conv.Finished("tool_use")])
    assert (await run_agent(agent_request(root), serve(provider))).answer is not None
    uses = [conv.ToolUseBlock(look.call_id, look.name, {}) for look in looks]
    _, said, _ = provider.requests[1].messages
    assert said.blocks == (first, uses[0], conv.TextBlock("And now:"), uses[1], second)


class TestUsage:
    """Each response is counted once, with what it said last."""

    async def test_each_response_of_a_conversation_is_counted_once(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        read = ("read_file", {"path": "src/core.py"})
        parts = [
            {"input_tokens": 1000 + n, "output_tokens": 10 + n, "cache_write_tokens": 5 * n, "reasoning_tokens": n}
            for n in range(1, 4)
        ]
        turns = [turn(3, read, turn=n, usage=parts[n - 1]) for n in (1, 2)] + [turn(3, finish(), usage=parts[2])]
        await run_agent(agent_request(root), serve(scripted(*turns)))
        events = sink.of("usage")
        assert [(event.tier, event.ticket_id, event.model, event.stream_id) for event in events] == [
            (3, "T-001", "script-1", STREAM)
        ] * 3
        assert total_usage(event.usage for event in events) == Usage(
            requests=3, input_tokens=3006, output_tokens=36, cache_write_tokens=30, reasoning_tokens=6
        )

    async def test_of_several_counts_for_one_response_the_last_counts(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        counts = [conv.UsageUpdate(Usage(requests=1, input_tokens=9, output_tokens=n)) for n in (0, 5, 12)]
        sent = [counts[0], conv.TextDelta("a"), counts[1], finishing(), counts[2], conv.Finished("tool_use")]
        await run_agent(agent_request(root), serve(CannedProvider(sent)))
        assert [event.usage for event in sink.of("usage")] == [Usage(requests=1, input_tokens=9, output_tokens=12)]

    async def test_a_count_is_not_carried_over_to_a_send_that_reports_none(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        count, broken = Usage(requests=1, input_tokens=9), ProviderError("cut", retryable=True, retry_after_s=0.0)
        sends = [[conv.UsageUpdate(count), broken], [broken], [finishing(), conv.Finished("tool_use")]]
        await run_agent(agent_request(root), serve(CannedProvider(*sends)))
        assert [event.usage for event in sink.of("usage")] == [count] and len(sink.of("retry")) == 2

    async def test_a_response_without_a_count_is_not_counted_as_nothing_known(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        await run_agent(agent_request(root), serve(CannedProvider([finishing(), conv.Finished("tool_use")])))
        assert sink.of("usage") == []


class TestMistakes:
    """A model that does not do as it should is told, and given up after `repairs` repairs."""

    async def test_a_model_that_ends_without_finishing_is_told_and_goes_on(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        provider = scripted(turn(3, text="All done!", turn=1), turn(3, finish(), turn=2))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer is not None
        said, told = provider.requests[1].messages[1:]
        assert said == conv.Message("assistant", (conv.TextBlock("All done!"),))
        (sentence,) = told.blocks
        assert isinstance(sentence, conv.TextBlock) and "finish_ticket" in sentence.text

    @pytest.mark.parametrize("repairs", [0, 2])
    async def test_it_is_given_up_after_that_many_repairs(
        self, sink: RecordingSink, root: Path, serve: Serve, repairs: int
    ) -> None:
        provider = scripted(turn(3, text="All done!"))
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=repairs)), serve(provider))
        assert outcome.answer is None and not outcome.fatal and outcome.raw == "All done!"
        assert "finish_ticket" in (outcome.error or "")
        assert len(provider.requests) == repairs + 1
        ended = sink.of("worker_ended")[0]
        assert (ended.outcome, ended.error) == ("failed", outcome.error)

    async def test_an_empty_answer_is_told_and_the_history_holds_no_empty_message(
        self, root: Path, serve: Serve
    ) -> None:
        provider = scripted(turn(3, turn=1), turn(3, finish(), turn=2))
        assert (await run_agent(agent_request(root), serve(provider))).answer is not None
        assert all(message.blocks for message in provider.requests[1].messages)

    async def test_mistakes_that_alternate_with_good_turns_are_not_added_up(self, root: Path, serve: Serve) -> None:
        reads = [("read_file", {"path": "src/core.py", "start_line": 1 + n % 4 // 2}) for n in range(1, 11)]
        turns = [turn(3, read, turn=n) if n % 2 else turn(3, text="?", turn=n) for n, read in enumerate(reads, 1)]
        outcome = await run_agent(
            agent_request(root, limits=Limits(repairs=1)), serve(scripted(*turns, turn(3, finish())))
        )
        assert outcome.answer is not None

    @pytest.mark.parametrize(
        ("name", "arguments", "told"),
        [
            ("fly", "{}", "There is no tool 'fly'"),
            ("submit_tracks", '{"tracks": []}', "There is no tool 'submit_tracks'"),
            ("finish_ticket", '{"summary": "half', "not valid JSON"),
            ("finish_ticket", '{"summary": "a", "extra": 1}', "extra"),
            ("finish_ticket", '{"summary": "a", "summary": "b"}', "more than once"),
            ("finish_ticket", '["a"]', "must be one JSON object"),
            ("finish_ticket", '{"summary": NaN}', "NaN"),
            ("finish_ticket", '{"summary": 5}', "must be text"),
            ("finish_ticket", "", "missing"),
            ("finish_ticket", '{"summary": {"a":' * 3000 + "1" + "}}" * 3000, "deep"),
            ("finish_ticket", '{"summary": ' + '{"a":' * 400 + "1" + "}" * 401, "deep"),
            ("finish_ticket", '{"summary": "\\ud83d"}', "surrogate"),
        ],
        ids=lambda value: str(value)[:30],
    )
    async def test_a_call_of_wrong_form_is_told_and_repaired(
        self, sink: RecordingSink, root: Path, serve: Serve, name: str, arguments: str, told: str
    ) -> None:
        bad = [conv.TextDelta("so"), tool("c-1", name, arguments), conv.Finished("tool_use")]
        provider = RecordingProvider(CannedProvider(bad, [finishing(), conv.Finished("tool_use")]))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer == FinishTicketArguments(summary="Done.")
        (result,) = results(provider.requests[1])
        assert not result.ok and told in result.output
        use = provider.requests[1].messages[1].blocks[1]
        assert isinstance(use, conv.ToolUseBlock) and isinstance(use.arguments, dict) and use.call_id == result.call_id
        call, told_event = sink.of("tool_call")[0], sink.of("tool_result")[0]
        assert (call.call_id, call.name, told_event.ok) == ("c-1", name, False)
        assert parse_event(dump_event(call)) == call  # the journal holds whatever a model sends

    async def test_calls_of_wrong_form_are_given_up_after_the_repairs(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        fault = {"kind": "bad_json", "times": 99}
        provider = scripted(turn(3, finish(), fault=fault))
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=2)), serve(provider))
        assert outcome.answer is None and not outcome.fatal
        assert "not valid JSON" in (outcome.error or "") and len(provider.requests) == 3

    async def test_a_call_that_cannot_be_carried_out_is_no_mistake_of_form(self, root: Path, serve: Serve) -> None:
        lost = [("edit_file", {"path": "src/core.py", "old": f"nowhere {n}", "new": "x"}) for n in range(1, 6)]
        turns = [turn(3, call, turn=n) for n, call in enumerate(lost, 1)]
        outcome = await run_agent(
            agent_request(root, limits=Limits(repairs=0)), serve(scripted(*turns, turn(3, finish())))
        )
        assert outcome.answer is not None

    async def test_the_same_call_again_and_again_is_told_the_fifth_time_and_then_given_up(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        run = ("run_command", {"command": "echo again >> times"})
        provider = scripted(*(turn(3, run, text="Once more.", turn=n) for n in range(1, 7)), turn(3, finish()))
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=1)), serve(provider))
        assert outcome.answer is None and not outcome.fatal
        assert "You called run_command 6 times in a row with the same arguments" in (outcome.error or "")
        assert (root / "times").read_text() == "again\n" * 4, "the fifth and the sixth were not carried out"
        told = sink.of("tool_result")[4]
        assert not told.ok and told.output.endswith("do something else with it, or give your answer.")

    async def test_the_same_call_with_another_in_between_is_no_circle(self, root: Path, serve: Serve) -> None:
        run, look = ("run_command", {"command": "echo again >> times"}), ("list_directory", {})
        calls = [run, run, run, run, look, run, run, run, run]
        provider = scripted(*(turn(3, call, turn=n) for n, call in enumerate(calls, 1)), turn(3, finish()))
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=0)), serve(provider))
        assert outcome.answer is not None and (root / "times").read_text() == "again\n" * 8

    async def test_a_circle_that_the_model_leaves_costs_it_nothing(self, root: Path, serve: Serve) -> None:
        look = ("list_directory", {})
        provider = scripted(*(turn(3, look, turn=n) for n in range(1, 6)), turn(3, finish()))
        outcome = await run_agent(agent_request(root, limits=Limits(repairs=1)), serve(provider))
        assert outcome.answer is not None

    async def test_an_answer_cut_at_its_limit_runs_nothing_and_is_told(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        write = ("write_file", {"path": "src/new.py", "content": "x = 1\n"})
        provider = scripted(turn(3, write, text="I write.", stop="max_tokens", turn=1), turn(3, finish(), turn=2))
        request = agent_request(root, limits=Limits(max_output_tokens=123))
        assert (await run_agent(request, serve(provider))).answer is not None
        assert not (root / "src" / "new.py").exists()
        assert [event.name for event in sink.of("tool_call")] == ["finish_ticket"]
        said, told = provider.requests[1].messages[1:]
        assert said.blocks == (conv.TextBlock("I write."),)
        assert "123 tokens" in told.blocks[0].text  # type: ignore[union-attr]

    async def test_a_finish_that_was_cut_at_the_limit_is_no_answer(self, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, finish("half"), stop="max_tokens", turn=1), turn(3, finish("whole"), turn=2))
        assert (await run_agent(agent_request(root), serve(provider))).answer == FinishTicketArguments(summary="whole")

    async def test_a_refusal_ends_the_agent_for_good(self, sink: RecordingSink, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, text="I cannot help with that.", stop="refusal"))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.fatal and "refused" in (outcome.error or "") and len(provider.requests) == 1
        assert sink.text(STREAM) == outcome.raw == "I cannot help with that."
        assert len(sink.of("usage")) == 1

    async def test_a_model_that_pauses_goes_on_where_it_was(self, root: Path, serve: Serve) -> None:
        paused = [conv.TextDelta("Working…"), conv.Finished("pause")]
        provider = RecordingProvider(CannedProvider(paused, [finishing(), conv.Finished("tool_use")]))
        assert (await run_agent(agent_request(root), serve(provider))).answer is not None
        assert shape_of(provider.requests[1].messages) == [("user", ["TextBlock"]), ("assistant", ["TextBlock"])]

    async def test_turns_without_end_come_to_an_end(self, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, ("list_directory", {})))
        outcome = await run_agent(agent_request(root, limits=Limits(turns=4)), serve(provider))
        assert outcome.answer is None and "4 turns" in (outcome.error or "") and len(provider.requests) == 4


class TestEnds:
    """What else can end an agent."""

    async def test_a_wrong_key_is_fatal_and_not_sent_again(self, root: Path, serve: Serve) -> None:
        provider = scripted(turn(3, finish(), fault={"kind": "auth", "times": 9}))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.fatal and "401" in (outcome.error or "") and len(provider.requests) == 1

    async def test_a_turn_that_the_scenario_lacks_is_named(self, root: Path, serve: Serve) -> None:
        outcome = await run_agent(agent_request(root), serve(scripted(turn(3, finish(), ticket="T-999"))))
        assert outcome.fatal and "tier 3" in (outcome.error or "") and "ticket T-001" in (outcome.error or "")

    async def test_a_provider_that_cannot_be_opened_ends_the_agent_with_its_hint(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        class NoKey(ScriptedProvider):
            async def open(self) -> Any:
                raise ConfigurationError("The key is missing.", "Set THE_KEY.")

        outcome = await run_agent(agent_request(root), serve(NoKey(scenario(turn(3)))))
        assert outcome.fatal and outcome.error == "The key is missing. Set THE_KEY."
        assert [event.kind for event in sink.events] == ["worker_started", "worker_ended"]

    async def test_a_defect_becomes_a_fault_and_a_failed_outcome(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        provider = scripted(turn(3, finish(), text="abcdefgh", fault={"kind": "crash", "after_chunks": 1}))
        outcome = await run_agent(agent_request(root), serve(provider))
        assert outcome.answer is None and not outcome.fatal and "RuntimeError" in (outcome.error or "")
        (fault,) = sink.of("fault")
        assert fault.where == STREAM and "crashed" in fault.message and fault.hint and fault.run_id == "R-1"
        assert sink.text(STREAM) == "abcd"
        assert sink.events[-1].kind == "worker_ended" and sink.events[-1].outcome == "failed"
        assert provider.closed == 1

    async def test_text_that_waits_is_out_before_the_fault_that_ended_it(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        error = ProviderError("Something else.", retryable=False)
        await run_agent(agent_request(root), serve(CannedProvider([conv.TextDelta("last words"), error])))
        assert sink.kinds(STREAM) == ["worker_started", "stream_text", "worker_ended"]

    async def test_every_turn_is_asked_about_and_a_stop_says_why(self, root: Path, serve: Serve) -> None:
        class StopAtTwo:
            def __init__(self) -> None:
                self.asked: list[Any] = []

            async def decide(self, request: Any) -> Decision:
                self.asked.append(request)
                return Decision(
                    approved=request.kind is not ApprovalKind.STEP or request.payload.turn < 2,
                    by=DecidedBy.USER,
                    note="enough",
                )

        gate = StopAtTwo()
        provider = scripted(turn(3, ("list_directory", {})))
        outcome = await run_agent(agent_request(root), serve(provider, gate))
        assert outcome.error == "The person stopped it before turn 2: enough" and not outcome.fatal
        assert [request.payload.turn for request in gate.asked] == [1, 2] and len(provider.requests) == 1
        first = gate.asked[0]
        assert (first.stream_id, first.ticket_id, first.tier, first.run_id) == (STREAM, "T-001", 3, "R-1")

    async def test_a_planning_tier_answers_with_its_own_shape(
        self, sink: RecordingSink, root: Path, serve: Serve
    ) -> None:
        tracks = [{"title": "One", "spec": "# Spec", "plan": "- [ ] Task: One"}]
        provider = scripted(turn(1, ("submit_tracks", {"tracks": tracks}), text="I cut."))
        outcome = await run_agent(agent_request(root, tier=1, ticket=None, track=None), serve(provider))
        assert isinstance(outcome.answer, SubmitTracksArguments) and outcome.answer.tracks[0].title == "One"
        assert sink.of("usage")[0].ticket_id is None and sink.text("Tier 1") == "I cut."

    async def test_a_cyclic_plan_is_told_with_the_names_and_repaired(self, root: Path, serve: Serve) -> None:
        def plan(*needs: tuple[str, list[str]]) -> tuple[str, dict[str, Any]]:
            entries = [{"id": i, "title": i, "brief": "b", "files": [], "depends_on": d} for i, d in needs]
            return "submit_tickets", {"tickets": entries}

        provider = scripted(
            turn(2, plan(("A", ["B"]), ("B", ["A"])), turn=1),
            turn(2, plan(("A", ["C"])), turn=2),
            turn(2, plan(("A", []), ("B", ["A"])), turn=3),
        )
        request = agent_request(root, tier=2, ticket=None)
        assert (await run_agent(request, serve(provider))).answer is not None
        first, second = (results(request)[0] for request in provider.requests[1:])
        assert "circle" in first.output and "A" in first.output and "B" in first.output
        assert "A depends on C" in second.output


async def test_the_ticket_that_an_agent_works_on_is_its_own(sink: RecordingSink, root: Path, serve: Serve) -> None:
    request = agent_request(root, ticket=ticket("T-042", files=("src/core.py",)))
    await run_agent(request, serve(scripted(turn(3, finish(), ticket="T-042"))))
    assert sink.events[0].ticket_id == "T-042" and sink.of("usage")[0].ticket_id == "T-042"
