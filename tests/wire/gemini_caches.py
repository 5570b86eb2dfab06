"""A Gemini server on loopback that keeps caches: makes, extends, uses, loses and deletes them as the real one does."""

import json
import threading
from dataclasses import replace
from typing import Any

from dialect import Counts
from gemini_dialect import chunk, error_body, sse
from loopback import Answer, Received

from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ToolResultBlock, ToolSpec, ToolUseBlock

__all__ = ["PREFIX_TOKENS", "CacheServer", "json_answer", "turn"]

PREFIX_TOKENS = 5000
_PROMPT = Message("user", (TextBlock("Do the ticket."),))
_TOOLS = (ToolSpec("one", "first", {"type": "object"}), ToolSpec("two", "second", {"type": "object"}))
_FIRST = ModelRequest("gemini-2.5-pro", "You are tested.", (_PROMPT,), _TOOLS)


def turn(number: int, **fields: Any) -> ModelRequest:
    """The number-th request of an agent, from 1: its prompt, and a call and a result for each turn before."""
    history = [_PROMPT]
    for before in range(1, number):
        history.append(Message("assistant", (ToolUseBlock(f"c{before}", "one", {"turn": before}, "c2lnbmVk"),)))
        history.append(Message("user", (ToolResultBlock(f"c{before}", "fine"),)))
    return replace(_FIRST, messages=tuple(history), **fields)


def json_answer(body: Any, status: int = 200) -> Answer:
    """A response that is no stream."""
    return Answer([json.dumps(body).encode()], status, {"content-type": "application/json"})


class CacheServer:
    """Responds for a LoopbackServer. Attributes that a test may set: what is answered to each kind of request.

    tokens is how large a prefix is; carried, how much of it Gemini's own cache has; a request brings 10 more.
    """

    def __init__(self) -> None:
        self.tokens = PREFIX_TOKENS
        self.carried = 0
        self.create: Answer | None = None
        self.extend: Answer | None = None
        self.delete: Answer | None = None
        self.use: Answer | None = None
        self.live: dict[str, Any] = {}
        self.log: list[tuple[str, Any]] = []
        self._asked = threading.Condition()

    def __call__(self, request: Received) -> Answer:
        place = request.path.removeprefix("/v1beta/").partition("?")[0]
        if place == "cachedContents":
            return self._create(request.body)
        if place.startswith("cachedContents/"):
            return self._change(request.method, place, request.body)
        if place.endswith(":countTokens"):
            return json_answer({"totalTokens": self.tokens})
        return self._generate(request.body)

    def wait_for(self, kind: str, timeout_s: float) -> bool:
        """Whether such a request has come within that time."""
        with self._asked:
            return self._asked.wait_for(lambda: kind in self.kinds(), timeout_s)

    def kinds(self) -> list[str]:
        """What was asked for but counts, in order: create, extend, delete, whole, cached."""
        return [kind for kind, _ in self.log]

    def _note(self, kind: str, what: Any) -> None:
        with self._asked:
            self.log.append((kind, what))
            self._asked.notify_all()

    def _create(self, body: Any) -> Answer:
        self._note("create", body)
        if self.create is not None:
            return self.create
        name = f"cachedContents/cache-{len(self.kinds())}"
        self.live[name] = body
        used = {"totalTokenCount": self.tokens}
        return json_answer({"name": name, "model": body["model"], "usageMetadata": used})

    def _change(self, method: str, name: str, body: Any) -> Answer:
        kind = {"PATCH": "extend", "DELETE": "delete"}[method]
        self._note(kind, (name, body))
        given = self.extend if kind == "extend" else self.delete
        if given is not None:
            return given
        if name not in self.live:
            return self._lost()
        if kind == "delete":
            del self.live[name]
        return json_answer({} if kind == "delete" else {"name": name})

    def _generate(self, body: Any) -> Answer:
        name = body.get("cachedContent")
        self._note("whole" if name is None else "cached", body)
        if name is not None and self.use is not None:
            return self.use
        if name is not None and name not in self.live:
            return self._lost()
        read = self.carried if name is None else self.tokens
        counts = Counts(self.tokens + 10 * (len(body["contents"]) - (name is None)), 20, cache_read=read)
        return Answer([sse(chunk({"text": "yes"}, finishReason="STOP", counts=counts))])

    @staticmethod
    def _lost() -> Answer:
        body = error_body(403, "CachedContent not found (or permission denied)", "PERMISSION_DENIED")
        return Answer([body], 403, {"content-type": "application/json"})
