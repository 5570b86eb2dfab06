"""What a provider was heard to answer, as the turns of a scenario: nothing is lost without a word."""

import contextlib
import json
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_support import CannedProvider

from slop_qt.agents.recorded_turns import recorded_turns
from slop_qt.agents.recording import Recorder, RecordingProvider, Sent
from slop_qt.core import conversation as conv
from slop_qt.core.errors import ProviderError, StoreError, ToolError
from slop_qt.core.usage import Usage
from slop_qt.providers.scenario import Scenario, ScriptedFault, ScriptedTurn, ScriptedUsage, parse_scenario
from slop_qt.providers.scenario_writer import scenario_text
from slop_qt.providers.scripted import ScriptedProvider
from slop_qt.tools.registry import ToolRegistry, default_tools

TOOLS = ToolRegistry(default_tools())
CALLER = conv.Caller(3, "A track", "T-001", 2, 1)
BROKEN = ["{", '{"a": 1', "[1]", "null", '"text"', '{"a": 1, "a": 2}', '{"a": NaN}', "{} {}", "not JSON", "[" * 2000]
BROKEN += ['{"path": "\\ud800"}', '{"depth": 1e999}', '{"depth": %s}' % ("9" * 301), '{"a":' * 65 + "1" + "}" * 65]
BROKEN += ["x" * 5000, '{"path": "\ud83d"}']


def used(requests: int = 1, **tokens: int) -> Usage:
    return Usage(requests=requests, **{f"{name}_tokens": count for name, count in tokens.items()})


def call(name: str, arguments: str | dict[str, Any]) -> conv.ToolCallReceived:
    return conv.ToolCallReceived("id", name, arguments if isinstance(arguments, str) else json.dumps(arguments))


def recorded(*sends: Sent, caller: conv.Caller = CALLER) -> tuple[ScriptedTurn, str]:
    """The one turn that comes of these sends, and what the file's comment says beyond what it always says."""
    turns, comment = recorded_turns({caller: sends}, TOOLS)
    _, without = recorded_turns({}, TOOLS)
    (turn,) = parse_scenario(scenario_text(turns, comment)).turns
    assert (turn,) == turns
    return turn, " ".join(comment[len(without) :])


class TestArguments:
    """Every JSON object that TOML can hold is kept; of others what the tools take for the same."""

    @staticmethod
    def kept(name: str, arguments: str) -> Any:
        turn, said = recorded(Sent(calls=(call(name, arguments),), stop="tool_use"))
        kept = turn.tools[0].input
        assert ("`unreadable`" in said) is ("unreadable" in kept)
        return kept

    @pytest.mark.parametrize("arguments", ["", " ", "{}", '{"a": {"b": [1, 2.5, true, "x", {}]}, "": "\\u0000"}'])
    def test_an_object_is_kept_as_it_is(self, arguments: str) -> None:
        assert self.kept("read_file", arguments) == json.loads(arguments.strip() or "{}")

    def test_an_integer_of_any_size_is_kept(self) -> None:
        assert self.kept("read_file", f'{{"start_line": {2**70}}}') == {"start_line": 2**70}

    def test_as_deep_as_tools_read_it_is_kept(self) -> None:
        arguments = '{"a":' * 63 + "1" + "}" * 63
        assert self.kept("read_file", arguments) == json.loads(arguments)

    @pytest.mark.parametrize("arguments", BROKEN)
    def test_what_is_no_json_object_is_called_unreadable(self, arguments: str) -> None:
        kept = self.kept("write_file", arguments)
        assert kept == {"unreadable": arguments[:2000].replace("\ud83d", "\ufffd")}
        assert TOOLS.same_call(3, "write_file", arguments, json.dumps(kept))

    @pytest.mark.parametrize(
        ("name", "arguments", "kept"),
        [
            ("read_file", {"path": "a", "start_line": None}, {"path": "a"}),
            ("read_file", {"path": None, "end_line": 5}, {"end_line": 5}),
            ("no_such_tool", {"a": None, "b": {"c": None}}, {"b": {}}),
            ("submit_tickets", {"tickets": [{"id": "a", "verify": None}]}, {"tickets": [{"id": "a"}]}),
        ],
    )
    def test_a_null_that_a_tool_takes_like_nothing_is_left_out(
        self, name: str, arguments: dict[str, Any], kept: dict[str, Any]
    ) -> None:
        assert self.kept(name, json.dumps(arguments)) == kept

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("list_directory", '{"path": null}'),
            ("read_file", '{"path": "a", "no_such_field": null}'),
            ("ask_user", '{"question": "Which?", "choices": ["a", null]}'),
        ],
    )
    def test_a_null_that_a_tool_refuses_stays_a_mistake(self, name: str, arguments: str) -> None:
        assert self.kept(name, arguments) == {"unreadable": arguments}

    @pytest.mark.parametrize("tool", default_tools(), ids=lambda tool: tool.name)
    def test_no_tool_takes_a_null_for_anything_but_nothing(self, tool: Any) -> None:
        whole = {name: "a" for name, field in tool.arguments.model_fields.items() if field.is_required()}
        for name, field in tool.arguments.model_fields.items():
            if field.is_required():
                continue
            with contextlib.suppress(ToolError):
                (tier, *_) = tool.tiers
                _, taken = TOOLS.parse(tier, tool.name, json.dumps(whole | {name: None}))
                assert taken == TOOLS.parse(tier, tool.name, json.dumps(whole))[1]

    def test_a_tool_without_a_name_is_still_none_that_there_is(self) -> None:
        turn, _ = recorded(Sent(calls=(call("", {}), call("\ud800", {})), stop="tool_use"))
        assert [tool.name for tool in turn.tools] == ["(no name)", "\ufffd"]


class TestUsage:
    """The tokens of an agent are the same to the last one; requests too, or the file says how many are not."""

    def test_a_cut_send_that_reported_the_same_input_is_cut_again(self) -> None:
        cut = Sent("one two t", "hm", usage=used(input=50, cache_read=20, output=3))
        turn, said = recorded(
            cut, Sent("one two three", usage=used(input=50, cache_read=20, output=9), stop="end_turn")
        )
        assert turn.fault == ScriptedFault(kind="disconnect", after_chunks=4, times=1, retry_after_s=0.0)
        assert turn.usage == ScriptedUsage(input_tokens=50, output_tokens=12, cache_read_tokens=20)
        assert (turn.text, said) == ("one two three", "")

    def test_a_cut_send_that_reported_other_input_is_added_to_the_answers_and_the_file_says_so(self) -> None:
        cut = Sent("one", usage=used(input=50, cache_write=45, output=3))
        turn, said = recorded(cut, Sent("two", usage=used(input=50, cache_read=45), stop="end_turn"))
        assert turn.fault is None
        assert turn.usage == ScriptedUsage(
            input_tokens=100, output_tokens=3, cache_read_tokens=45, cache_write_tokens=45
        )
        assert said.startswith("1 request fewer will be counted")

    def test_a_cache_that_was_made_is_added_to_the_answer_that_it_was_made_for(self) -> None:
        whole = Sent("x", usage=used(2, input=90, cache_write=40, cache_read=40, output=5), stop="end_turn")
        turn, said = recorded(whole)
        assert turn.usage == ScriptedUsage(
            input_tokens=90, output_tokens=5, cache_read_tokens=40, cache_write_tokens=40
        )
        assert turn.fault is None and said.startswith("1 request fewer")

    def test_sends_that_failed_and_cost_nothing_are_left_out_without_a_word(self) -> None:
        turn, said = recorded(Sent(), Sent("half"), Sent("whole", usage=used(input=5), stop="end_turn"))
        assert (turn.text, turn.fault, turn.usage, said) == (
            "whole",
            None,
            ScriptedUsage(input_tokens=5, output_tokens=0),
            "",
        )

    def test_an_answer_that_nobody_counted_counts_nothing_again(self) -> None:
        turn, _ = recorded(Sent("many words", stop="end_turn"))
        assert turn.usage == ScriptedUsage(input_tokens=0, output_tokens=0)

    def test_parts_over_their_whole_are_cut_and_the_file_says_so(self) -> None:
        much = used(input=5, output=3, cache_read=9, cache_write=9, reasoning=9)
        turn, said = recorded(Sent("a\ud83d", usage=much, stop="end_turn"))
        assert turn.usage == ScriptedUsage(input_tokens=5, output_tokens=3, cache_read_tokens=5, reasoning_tokens=3)
        assert said.startswith("1 turn reported more")
        assert turn.text == "a\ufffd"


class TestEnds:
    """How an answer ended, in the words that scenarios have."""

    @pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "refusal"])
    def test_an_end_is_kept_also_with_calls(self, stop: conv.StopReason) -> None:
        turn, said = recorded(Sent(calls=(call("read_file", {}),), stop=stop))
        assert (turn.stop_reason, len(turn.tools), said) == (stop, 1, "")

    def test_answers_that_paused_are_one_turn_with_the_one_that_went_on(self) -> None:
        sends = [
            Sent("one ", "a", (call("read_file", {}),), used(input=5, output=1), "pause"),
            Sent("two ", "b", (), used(input=6, output=2), "pause"),
            Sent("three", "c", (call("list_directory", {}),), used(input=7, output=3), "tool_use"),
            Sent("four", usage=used(input=8, output=4), stop="end_turn"),
        ]
        callers = [replace(CALLER, turn=number) for number in (1, 2, 3, 4)]
        turns, comment = recorded_turns({caller: [sent] for caller, sent in zip(callers, sends, strict=True)}, TOOLS)
        assert [(one.turn, one.text, one.thinking) for one in turns] == [(1, "one two three", "abc"), (2, "four", "")]
        assert [tool.name for tool in turns[0].tools] == ["list_directory"]
        assert turns[0].usage == ScriptedUsage(input_tokens=18, output_tokens=6)
        assert "2 requests fewer" in comment[-1]

    def test_what_failed_in_the_end_is_a_refusal_that_counts_what_it_cost(self) -> None:
        sends = [Sent("first", usage=used(input=5, output=2)), Sent("last", usage=used(input=5, output=3))]
        turn, said = recorded(*sends)
        assert (turn.stop_reason, turn.text, turn.fault) == ("refusal", "last", None)
        assert turn.usage == ScriptedUsage(input_tokens=10, output_tokens=5)
        assert "tier 3, track A track, ticket T-001, attempt 2, turn 1" in said and "1 request fewer" in said

    def test_what_paused_and_was_never_gone_on_with_is_a_refusal(self) -> None:
        turn, said = recorded(Sent("one", usage=used(input=5), stop="pause"))
        assert (turn.turn, turn.stop_reason, turn.text) == (1, "refusal", "one")
        assert "written as a refusal" in said

    def test_what_failed_for_nothing_is_no_turn(self) -> None:
        assert recorded_turns({CALLER: [Sent("words"), Sent()]}, TOOLS)[0] == ()

    def test_a_crash_is_a_crash(self) -> None:
        turn, said = recorded(Sent("abcdefgh", usage=used(input=5, output=2), crashed=True))
        assert turn.fault == ScriptedFault(kind="crash", after_chunks=2)
        assert "2 output tokens of what crashed" in said
        turn, said = recorded(Sent("abcdefgh", crashed=True))
        assert turn.fault == ScriptedFault(kind="crash", after_chunks=0)


def test_the_order_is_by_who_was_answered_and_a_second_answer_is_left_out_and_said() -> None:
    callers = [conv.Caller(1), conv.Caller(2, "A"), conv.Caller(2, "B"), conv.Caller(2)]
    callers += [conv.Caller(3, "A", name, attempt, turn) for name in "xy" for attempt in (1, 2) for turn in (1, 2, 10)]
    sends = {caller: [Sent(str(caller), stop="end_turn")] for caller in callers}
    turns, comment = recorded_turns(sends, TOOLS)
    assert (turns, comment) == recorded_turns(dict(reversed(sends.items())), TOOLS)
    assert [turn.text for turn in turns] == list(map(str, callers))
    sends[callers[0]] += [Sent("cut"), Sent("another", stop="end_turn")]
    again, said = recorded_turns(sends, TOOLS)
    assert again == turns
    assert said[:-1] == comment and said[-1].startswith("1 more answer went to somebody")


class TestRecorder:
    """It hears everything, changes nothing, and replaces no file."""

    @staticmethod
    async def replies(provider: Any) -> list[conv.ProviderEvent]:
        session = await provider.open()
        try:
            request = conv.ModelRequest("any", system="", messages=(), caller=CALLER)
            async with aclosing(session.stream(request)) as events:
                return [event async for event in events]
        finally:
            await session.aclose()

    async def test_events_are_the_providers_own_and_what_broke_is_kept_with_what_it_cost(self, tmp_path: Path) -> None:
        fault = ScriptedFault(kind="disconnect", after_chunks=1)
        script = Scenario(turn=(ScriptedTurn(tier=3, text="whole answer", fault=fault),))  # type: ignore[call-arg]  # its alias
        recorder = Recorder(tmp_path / "r.toml", TOOLS)
        provider = RecordingProvider(ScriptedProvider(script), recorder)
        assert provider.name == "scripted"
        with pytest.raises(ProviderError, match="The connection broke"):
            await self.replies(provider)
        plain = ScriptedProvider(script)
        with pytest.raises(ProviderError):
            await self.replies(plain)
        assert await self.replies(provider) == await self.replies(plain)
        (kept,) = parse_scenario(recorder.scenario() or "").turns
        assert (kept.text, kept.fault, kept.label) == (
            "whole answer",
            ScriptedFault(kind="disconnect", after_chunks=1, retry_after_s=0.0),
            "tier 3, track A track, ticket T-001, attempt 2, turn 1",
        )

    async def test_a_stream_that_is_left_early_is_a_send_that_was_cut(self, tmp_path: Path) -> None:
        recorder = Recorder(tmp_path / "r.toml", TOOLS)
        canned = CannedProvider([conv.UsageUpdate(used(input=7)), conv.TextDelta("a"), conv.Finished("end_turn")])
        session = await recorder.wrap(canned).open()
        async with aclosing(session.stream(conv.ModelRequest("any", "", (), caller=CALLER))) as events:
            await anext(events)
            await anext(events)
        (kept,) = parse_scenario(recorder.scenario() or "").turns
        assert (kept.text, kept.stop, kept.usage) == ("a", "refusal", ScriptedUsage(input_tokens=7, output_tokens=0))

    def test_a_file_that_came_meanwhile_is_left_alone_and_the_recording_is_written_once(self, tmp_path: Path) -> None:
        wanted = tmp_path / "r.toml"
        recorder = Recorder(wanted, TOOLS)
        recorder.add(CALLER, Sent("said", stop="end_turn"))
        wanted.write_text("somebody's")
        (tmp_path / "r-2.toml").symlink_to("nowhere")
        assert recorder.write() == tmp_path / "r-3.toml"
        assert recorder.write() is None
        assert wanted.read_text() == "somebody's"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["r-2.toml", "r-3.toml", "r.toml"]

    def test_no_answer_is_no_file(self, tmp_path: Path) -> None:
        recorder = Recorder(tmp_path / "r.toml", TOOLS)
        recorder.add(CALLER, Sent())
        with pytest.raises(StoreError, match=r"r\.toml was not written: no model has answered\."):
            recorder.write()
        assert list(tmp_path.iterdir()) == []
