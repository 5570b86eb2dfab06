"""Makes a scenario's turns of what was heard in a live run, and says what a scenario cannot say of it."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from pydantic import JsonValue

from slop_qt.agents.recording import Sent
from slop_qt.core.conversation import Caller, ToolCallReceived
from slop_qt.core.errors import ToolError
from slop_qt.core.usage import Usage, total_usage
from slop_qt.providers.scenario import ScenarioDefaults, ScriptedFault, ScriptedTool, ScriptedTurn, ScriptedUsage
from slop_qt.providers.scenario_writer import without_surrogates
from slop_qt.tools.registry import ToolRegistry
from slop_qt.tools.strict_json import parse_object, unreadable

__all__ = ["recorded_turns"]

_COMMENT = (
    "What the models answered in one run, recorded by `slop-qt run --record`.",
    "To play it again, on the commit that the run started from: the same command with",
    "`--provider scripted --scenario THIS_FILE` in place of the provider, the model and `--record`.",
    "It gives the same tickets, diffs and tokens. Tokens of the scripted provider have no price.",
)


def recorded_turns(
    sends: Mapping[Caller, Sequence[Sent]], tools: ToolRegistry
) -> tuple[tuple[ScriptedTurn, ...], tuple[str, ...]]:
    """The turns that answer the same callers again, and the lines of comment above them.

    Lost without a word, since it changes neither tickets nor tokens: signatures, the order of thinking and text among
    each other, how text was cut, and sends that failed and cost nothing.
    """
    record = _Record(tools)
    agents = groupby(sorted(sends, key=_order), key=lambda caller: replace(caller, turn=1))
    turns = tuple(turn for _, callers in agents for turn in record.agent([(each, sends[each]) for each in callers]))
    return turns, (*_COMMENT, *record.unsaid())


class _Record:
    """Makes turns, and counts what could not be said in them."""

    def __init__(self, tools: ToolRegistry) -> None:
        self._tools = tools
        self._fewer_requests = 0
        self._broken_calls = 0
        self._cut_parts = 0
        self._again = 0
        self._lost_output = 0
        self._unanswered: list[str] = []

    def agent(self, requests: Sequence[tuple[Caller, Sequence[Sent]]]) -> Iterator[ScriptedTurn]:
        """One agent's turns in their order.

        A pause has no word in a scenario. As any other end it would be a mistake to tell the model of, and some of
        those end an agent: a paused answer and the one that goes on with it are one turn, and later turns move up.
        """
        heard: list[Sent] = []
        pauses = 0
        for caller, sends in requests:
            heard += self._until_answered(sends)
            if heard[-1].stop == "pause":
                pauses += 1
                continue
            moved = replace(caller, turn=caller.turn - pauses)
            yield from self._unfinished(moved, heard) if heard[-1].stop is None else [self._answered(moved, heard)]
            heard = []
        if heard:
            yield from self._unfinished(replace(caller, turn=caller.turn - pauses + 1), heard)

    def unsaid(self) -> Iterator[str]:
        """Sentences on what the turns cannot say."""
        if self._fewer_requests:
            yield (
                f"{_counted(self._fewer_requests, 'request')} fewer will be counted: the tokens of sends that were "
                "cut, of answers that paused and of caches that were made are in the turn that followed."
            )
        if self._broken_calls:
            yield (
                f"{_counted(self._broken_calls, 'tool call')} had arguments that TOML cannot hold or that were no JSON "
                "object: they are called `unreadable`, which no tool takes."
            )
        if self._unanswered:
            yield f"Not answered to the end, so written as a refusal or a crash: {'; '.join(self._unanswered)}."
        if self._lost_output:
            yield f"{_counted(self._lost_output, 'output token')} of what crashed will not be counted."
        if self._cut_parts:
            turns = _counted(self._cut_parts, "turn")
            yield f"{turns} reported more cached or reasoning tokens than tokens: cut to what there were."
        if self._again:
            answers = _counted(self._again, "more answer")
            yield f"{answers} went to somebody who had one for the same turn already: left out."

    def _until_answered(self, sends: Sequence[Sent]) -> Sequence[Sent]:
        """A scenario has one answer for the same caller: the first."""
        end = next((number for number, sent in enumerate(sends, 1) if sent.stop is not None), len(sends))
        self._again += sum(sent.stop is not None for sent in sends[end:])
        return sends[:end]

    def _answered(self, caller: Caller, heard: Sequence[Sent]) -> ScriptedTurn:
        last = heard[-1]
        usage = total_usage(sent.usage for sent in heard)
        cut = [sent for sent in heard if sent.stop is None and sent.usage.requests]
        fault = None
        if cut and all(sent.stop is None for sent in heard[:-1]) and _divisible(usage, len(cut) + 1):
            # Each send that the fault cuts reports the turn's input again, and no output.
            usage = _share(usage, len(cut) + 1)
            fault = ScriptedFault(
                kind="disconnect", after_chunks=max(1, _chunks(cut[0])), times=len(cut), retry_after_s=0.0
            )
        else:
            self._fewer_requests += max(0, usage.requests - 1)
        stop = None if last.stop in {"tool_use", "pause"} else last.stop
        return self._turn(caller, heard, usage, stop=stop, tool=self._calls(caller.tier, last.calls), fault=fault)

    def _unfinished(self, caller: Caller, heard: Sequence[Sent]) -> Iterator[ScriptedTurn]:
        """The last turn of an agent that got no whole answer; none if it cost nothing: no turn ends an agent as well.

        What was reported is counted again by a refusal, which ends an agent as any failure of a provider does. After
        a crash there is another attempt, so that one has to be a crash.
        """
        usage = total_usage(sent.usage for sent in heard)
        ending: dict[str, object] = {"stop": "refusal"}
        if heard[-1].crashed:
            shown = max(1, sum(_chunks(sent) for sent in heard)) if usage.requests else 0
            ending = {"fault": ScriptedFault(kind="crash", after_chunks=shown)}
            self._lost_output += usage.output_tokens
        elif not usage.requests:
            return
        turn = self._turn(caller, heard, usage, **ending)
        self._fewer_requests += max(0, usage.requests - 1)
        self._unanswered.append(turn.label)
        yield turn

    def _turn(self, caller: Caller, heard: Sequence[Sent], usage: Usage, **ending: object) -> ScriptedTurn:
        """What was heard of answers, and of the last send whatever became of it."""
        said = [sent for sent in heard[:-1] if sent.stop is not None] + [heard[-1]]
        return ScriptedTurn.model_validate(
            {
                "tier": caller.tier,
                "track": caller.track or None,
                "ticket": caller.ticket or None,
                "attempt": caller.attempt,
                "turn": caller.turn,
                "text": without_surrogates("".join(sent.text for sent in said)),
                "thinking": without_surrogates("".join(sent.thinking for sent in said)),
                "usage": self._usage(usage),
                **ending,
            }
        )

    def _calls(self, tier: int, calls: Sequence[ToolCallReceived]) -> tuple[ScriptedTool, ...]:
        return tuple(
            ScriptedTool(name=without_surrogates(call.name) or "(no name)", input=self._input(tier, call))
            for call in calls
        )

    def _input(self, tier: int, call: ToolCallReceived) -> dict[str, JsonValue]:
        """The arguments as TOML can hold them and as the tools take them for the same."""
        with contextlib.suppress(ToolError):
            found = parse_object(call.arguments_json)
            plain: dict[str, JsonValue] = _without_nulls(found)
            if not _has_null(plain) and (plain == found or self._same(tier, call.name, found, plain)):
                return plain
        self._broken_calls += 1
        return unreadable(without_surrogates(call.arguments_json))

    def _same(self, tier: int, name: str, found: JsonValue, plain: JsonValue) -> bool:
        return self._tools.same_call(tier, name, json.dumps(found), json.dumps(plain))

    def _usage(self, usage: Usage) -> ScriptedUsage:
        """What was reported. Parts over their whole, as careless servers report them, are cut to it."""
        read = min(usage.cache_read_tokens, usage.input_tokens)
        write = min(usage.cache_write_tokens, usage.input_tokens - read)
        reasoning = min(usage.reasoning_tokens, usage.output_tokens)
        told = (usage.cache_read_tokens, usage.cache_write_tokens, usage.reasoning_tokens)
        self._cut_parts += (read, write, reasoning) != told
        return ScriptedUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=read,
            cache_write_tokens=write,
            reasoning_tokens=reasoning,
        )


def _order(caller: Caller) -> tuple[object, ...]:
    """By tier, track, ticket, attempt and turn; nobody's after somebody's, since a turn without a name fits any."""
    track, ticket = caller.track or "", caller.ticket or ""
    return (caller.tier, not track, track, not ticket, ticket, caller.attempt, caller.turn)


def _divisible(usage: Usage, sends: int) -> bool:
    parts = (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens)
    return usage.requests == sends and not any(part % sends for part in parts)


def _share(usage: Usage, sends: int) -> Usage:
    return usage.model_copy(
        update={
            "input_tokens": usage.input_tokens // sends,
            "cache_read_tokens": usage.cache_read_tokens // sends,
            "cache_write_tokens": usage.cache_write_tokens // sends,
        }
    )


def _chunks(sent: Sent) -> int:
    """As how many chunks the scripted provider sends the words."""
    size = ScenarioDefaults().chunk_chars
    return -(-len(sent.thinking) // size) - (-len(sent.text) // size)


def _without_nulls(value: Any) -> Any:
    """The value without the members that are null, which TOML has not. A null in a list has a place: it stays."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _has_null(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
