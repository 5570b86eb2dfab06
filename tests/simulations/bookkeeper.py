"""Servers of three vendors that answer with counts of their own, break some answers off, and keep what they said."""

import json
import random
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dialect import Call, Counts, Dialect, Reply
from loopback import STALL, Answer, Received
from simulation_support import finish, write_file

from slop_qt.core.usage import Usage

__all__ = ["STAYING", "Bookkeeper"]

# An epic that is never answered: it keeps an application without a window where it is.
STAYING = "Stay where you are."

_DRAFTS = {"tracks": [{"title": "Count", "spec": "# S\n", "plan": "# P\n\n- [ ] Task: Count\n"}]}
_LOOK = {"name": "list_directory", "input": {}}
_REPORT = {"name": "report_failure", "input": {"cause": "It has no 1.", "advice": "Write a 1."}}


@dataclass
class Bookkeeper:
    """Plans, and works on `names`, of which the first fails once and is explained. While asking, every worker asks.

    said has what was counted in the answers, as far as they were sent: (tier, ticket, model, usage without a price).
    What is answered and what breaks hangs on the seed alone, ticket by ticket. Called in the threads of its servers.
    """

    seed: int
    names: Sequence[str]
    asking: bool = True
    said: list[tuple[int, str | None, str, Usage]] = field(default_factory=list)
    cuts: int = 0
    refusals: int = 0
    _sends: dict[tuple[int, str | None], int] = field(default_factory=dict)
    _spoilt: set[tuple[int, str | None, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, dialect: Dialect) -> Callable[[Received], Answer]:
        """One vendor's server."""
        return lambda request: self._answer(dialect, request)

    def _answer(self, dialect: Dialect, request: Received) -> Answer:
        if re.search("count|input_tokens|cachedContents", request.path):
            return dialect.refusal(404, "not here")
        text = request.raw.decode()
        if STAYING in text:
            return Answer([STALL])
        tier, ticket_id = _asks(text)
        model = request.body.get("model") or re.findall(r"models/([^:]+):", request.path)[0]
        with self._lock:
            number = self._sends[tier, ticket_id] = self._sends.get((tier, ticket_id), 0) + 1
            chance = random.Random(f"{self.seed} {tier} {ticket_id} {number}")
            # The same request is spoilt once only, so that it goes through in the end.
            fresh = (tier, ticket_id, text) not in self._spoilt
            fate = chance.choice(("refused", "cut", "broken", "whole", "whole")) if fresh else "whole"
            if fate != "whole":
                self._spoilt.add((tier, ticket_id, text))
            if fate == "refused":
                self.refusals += 1
                return dialect.refusal(503, "full", retry_after="0")
            events = self._events(dialect, chance, self._call(tier, ticket_id, request.body, text))
            if fate != "whole":
                self.cuts += 1
                events = events[: chance.randrange(1, len(events) - 1)]
            usage = _counted(dialect.name, b"".join(events))
            self.said.append((tier, ticket_id, model, usage))
        broken = [dialect.error_event("overloaded", passing=True)] if fate == "broken" else []
        return Answer([*events, *broken])

    def _call(self, tier: int, ticket_id: str | None, body: Any, text: str) -> dict[str, Any]:
        """What the model does next."""
        messages = body.get("messages") or body["contents"]
        answered = sum(message["role"] in {"assistant", "model"} for message in messages)
        if tier == 1:
            return (_LOOK, {"name": "submit_tracks", "input": _DRAFTS})[min(answered, 1)]
        if tier == 2:
            tickets = [_ticket(name, verified=name == self.names[0]) for name in self.names]
            return {"name": "submit_tickets", "input": {"tickets": tickets}}
        if tier == 4:
            return _REPORT
        assert ticket_id is not None
        mended = ticket_id != self.names[0] or "Write a 1." in text
        question = {"name": "ask_user", "input": {"question": f"{ticket_id}?"}}
        written = write_file(ticket_id, "1\n" if mended else "0\n")
        return (_LOOK, question if self.asking else _LOOK, written, finish())[answered]

    def _events(self, dialect: Dialect, chance: random.Random, call: dict[str, Any]) -> tuple[bytes, ...]:
        given = chance.randint(1_000, 2_000)
        read = chance.randint(0, given // 2)
        output = chance.randint(20, 900)
        counts = Counts(
            input=given,
            output=output,
            cache_read=read,
            cache_write=chance.randint(0, given - read) if dialect.cache_writes else 0,
            reasoning=chance.randint(0, output),
        )
        whole = json.dumps(call["input"])
        called = Call(call["name"], (whole[:9], whole[9:]))
        return dialect.wire(Reply(("So. ", "Then."), ("Hm.",), (called,), counts=counts)).events


def _asks(text: str) -> tuple[int, str | None]:
    """The tier, by the tool that only it has, and the ticket."""
    if "submit_tracks" in text:
        return 1, None
    if "submit_tickets" in text:
        return 2, None
    named = re.search(r"Ticket: (\w+)", text)
    assert named is not None
    return (4 if "report_failure" in text else 3), named[1]


def _ticket(name: str, *, verified: bool) -> dict[str, Any]:
    verify = {"verify": f"grep 1 {name}.txt"} if verified else {}
    return {"id": name, "title": "t", "brief": "b", "files": [f"{name}.txt"], "depends_on": [], **verify}


def _counted(vendor: str, sent: bytes) -> Usage:
    """What these bytes say of their own tokens, as the vendor's reference has it."""
    lines = [line[6:] for line in sent.decode().splitlines() if line.startswith("data: {")]
    events = [json.loads(line) for line in lines]
    return {"anthropic": _of_anthropic, "openai": _of_openai, "gemini": _of_gemini}[vendor](events)


def _of_anthropic(events: Sequence[dict[str, Any]]) -> Usage:
    """input_tokens is what was neither read from the cache nor written to it; message_delta has the totals so far."""
    said: dict[str, Any] = {}
    for event in events:
        said |= event["message"]["usage"] if event["type"] == "message_start" else event.get("usage", {})
    read, written = said["cache_read_input_tokens"], said["cache_creation_input_tokens"]
    return Usage(
        requests=1,
        input_tokens=said["input_tokens"] + read + written,
        output_tokens=said["output_tokens"],
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=said.get("output_tokens_details", {}).get("thinking_tokens", 0),
    )


def _of_openai(events: Sequence[dict[str, Any]]) -> Usage:
    """The last chunk has it, and includes what was cached and thought; an answer without it is one all the same."""
    said = next((event["usage"] for event in events if event.get("usage")), None)
    if said is None:
        return Usage(requests=1)
    return Usage(
        requests=1,
        input_tokens=said["prompt_tokens"],
        output_tokens=said["completion_tokens"],
        cache_read_tokens=said["prompt_tokens_details"]["cached_tokens"],
        cache_write_tokens=said["prompt_tokens_details"].get("cache_write_tokens", 0),
        reasoning_tokens=said["completion_tokens_details"]["reasoning_tokens"],
    )


def _of_gemini(events: Sequence[dict[str, Any]]) -> Usage:
    """Each chunk has the counts so far; thoughts are beside the candidates."""
    said = [event["usageMetadata"] for event in events if "usageMetadata" in event][-1]
    thought = said.get("thoughtsTokenCount", 0)
    return Usage(
        requests=1,
        input_tokens=said["promptTokenCount"],
        output_tokens=said.get("candidatesTokenCount", 0) + thought,
        cache_read_tokens=said.get("cachedContentTokenCount", 0),
        reasoning_tokens=thought,
    )
