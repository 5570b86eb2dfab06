"""Gemini's answers as they are on the wire: the events of `streamGenerateContent` as ours."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from typing_extensions import override

from slop_qt.core.conversation import (
    Finished,
    ProviderEvent,
    StopReason,
    TextDelta,
    ThinkingBlock,
    ThinkingDelta,
    ThinkingDone,
    ToolCallReceived,
    UsageUpdate,
)
from slop_qt.core.usage import Usage
from slop_qt.providers.decoding import AnswerDecoder
from slop_qt.providers.endpoint import Vendor
from slop_qt.providers.gemini_failures import broken_off, prompt_refused, stopped_short
from slop_qt.providers.gemini_request import made_up_id

__all__ = ["GEMINI", "STOPS", "ContentDecoder"]

GEMINI = Vendor(
    label="Gemini",
    api="the Gemini API",
    key_variable="GEMINI_API_KEY",
    address_variable="GOOGLE_GEMINI_BASE_URL",
    base_url="https://generativelanguage.googleapis.com",
    local_example="http://localhost:8080",
    no_key="Set GEMINI_API_KEY, or enter a key in the settings; Google AI Studio gives one.",
)

STOPS: dict[str, StopReason] = {
    "STOP": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "refusal",
    "CONTINUATION": "pause",
}
# Every event has counts, and a price takes longer to look up than many events to read: the first counts are told, the
# last ones, and those after so many more tokens of output.
_COUNT_EVERY = 256
# How much of the stream's end is kept, bytes: an error may come there without being an event.
_TAIL = 16 * 1024
_BARE_JSON = re.compile(rb"^[\[{].*", re.MULTILINE | re.DOTALL)


class ContentDecoder(AnswerDecoder):
    """One answer of the Gemini API.

    It has no event of its own for the end: an answer is complete when the model has said why it stopped, and finished
    when nothing more comes.
    """

    def __init__(self, cost_usd: Callable[[Usage], float | None], vendor: Vendor = GEMINI) -> None:
        super().__init__(vendor)
        self._cost_usd = cost_usd
        self._thoughts: list[str] = []
        self._calls = 0
        self._counts: dict[str, Any] = {}
        self._told: int | None = None  # output tokens, when the counts were told last
        self._stop = ""
        self._stop_message = ""
        self._continuation: str | None = None
        self._tail = b""

    @override
    def take(self, chunk: bytes) -> Iterator[ProviderEvent]:
        self._tail = (self._tail + chunk)[-_TAIL:]
        return super().take(chunk)

    @override
    def end(self) -> Iterator[ProviderEvent]:
        if not self.complete:
            self._look_for_bare_error()
        return super().end()

    @override
    def give_up(self) -> list[ProviderEvent]:
        try:
            return [UsageUpdate(self._usage())] if self._counts else []
        except (TypeError, ValueError):
            return []  # the counts are what it failed by

    @override
    def _read(self, events: list[bytes]) -> None:
        for data in events:
            self._event(orjson.loads(data))
        if self._counts and (self.complete or self._told is None or self._output() >= self._told + _COUNT_EVERY):
            self._tell_counts()

    @override
    def _conclude(self) -> None:
        stop = STOPS.get(self._stop)
        if stop is None:
            raise stopped_short(self._stop, self._stop_message)
        if stop == "end_turn" and self._calls:
            stop = "tool_use"
        self._end_thinking()
        if stop == "pause":
            self._pause()
        if self._told is None:
            self._tell_counts()
        self.finished = True
        self._emit(Finished(stop))

    def _event(self, event: dict[str, Any]) -> None:
        counts = event.get("usageMetadata")
        if counts:
            self.begun = True
            self._counts.update(counts)
        for candidate in event.get("candidates") or ():
            self.begun = True
            if not candidate.get("index"):
                self._candidate(candidate)
        feedback = event.get("promptFeedback") or {}
        if feedback.get("blockReason"):
            raise prompt_refused(feedback)
        if event.get("error") is not None:
            raise broken_off(event["error"])

    def _candidate(self, candidate: dict[str, Any]) -> None:
        content = candidate.get("content") or {}
        for part in content.get("parts") or ():
            self._part(part)
        self._continuation = candidate.get("continuationToken") or self._continuation
        if candidate.get("finishReason"):
            self.complete = True
            self._stop = str(candidate["finishReason"])
            self._stop_message = str(candidate.get("finishMessage") or "")

    def _part(self, part: dict[str, Any]) -> None:
        """Text, thinking or a tool call; what else there is was not asked for, and is passed over."""
        signature = part.get("thoughtSignature")
        if not isinstance(signature, str | None):
            raise self._nonsense("a signature that is no string")
        if "functionCall" in part:
            self._call(part["functionCall"], signature)
        elif part.get("thought"):
            self._think(part.get("text", ""), signature)
        elif "text" in part or signature:
            self._speak(part.get("text", ""), signature)

    def _speak(self, words: str, signature: str | None) -> None:
        if self._thoughts:
            self._end_thinking()
        if signature is None:
            self._say(TextDelta, words)
        elif isinstance(words, str):
            self._emit(TextDelta(words, signature))
        else:
            raise self._nonsense("text that is no string")

    def _think(self, words: str, signature: str | None) -> None:
        self._say(ThinkingDelta, words)
        self._thoughts.append(words)
        if signature is not None:
            self._end_thinking(signature)

    def _end_thinking(self, signature: str | None = None) -> None:
        if self._thoughts:
            self._emit(ThinkingDone(ThinkingBlock("".join(self._thoughts), signature)))
            self._thoughts.clear()

    def _call(self, call: dict[str, Any], signature: str | None) -> None:
        self._end_thinking()
        name, call_id, arguments = call["name"], call.get("id", ""), call.get("args", {})
        if not (isinstance(name, str) and isinstance(call_id, str)):
            raise self._nonsense("a tool call whose id or name is no string")
        if call.get("willContinue") or call.get("partialArgs"):
            raise self._nonsense("a tool call in parts, which were not asked for")
        try:
            arguments_json = json.dumps(arguments, ensure_ascii=False)
        except RecursionError:
            raise self._nonsense("arguments that are nested too deeply") from None
        self._calls += 1
        self._emit(ToolCallReceived(call_id or made_up_id(self._calls), name, arguments_json, signature))

    def _output(self) -> int:
        return int(self._counts.get("candidatesTokenCount", 0) + self._counts.get("thoughtsTokenCount", 0))

    def _tell_counts(self) -> None:
        usage = self._usage()
        self._told = usage.output_tokens
        self._emit(UsageUpdate(usage))

    def _usage(self) -> Usage:
        """Counts are cumulative. A prompt's are with what was read from a cache, a candidate's without its thoughts.

        What tools of the server's own brought in is counted apart from the prompt.
        """
        count = self._counts.get
        total = Usage(
            requests=1,
            input_tokens=count("promptTokenCount", 0) + count("toolUsePromptTokenCount", 0),
            output_tokens=self._output(),
            cache_read_tokens=count("cachedContentTokenCount", 0),
            reasoning_tokens=count("thoughtsTokenCount", 0),
        )
        # Tokens that nobody counted have no known price.
        cost = self._cost_usd(total) if self._counts else None
        return total.model_copy(update={"cost_usd": cost})

    def _pause(self) -> None:
        """The server divides a long answer: what the next request goes on with is kept as redacted thinking."""
        if self._calls or not isinstance(self._continuation, str):
            raise stopped_short("CONTINUATION", self._stop_message)
        self._emit(ThinkingDone(ThinkingBlock("", redacted=self._continuation)))

    def _look_for_bare_error(self) -> None:
        """An error may be written into the stream as it is, when the answer had begun. Raises ProviderError then."""
        cut = len(self._tail) == _TAIL
        bare = _BARE_JSON.search(self._tail.partition(b"\n")[2] if cut else self._tail)
        if bare is None:
            return
        with contextlib.suppress(KeyError, IndexError, TypeError, ValueError):
            said = orjson.loads(bare[0])
            raise broken_off((said[0] if isinstance(said, list) else said)["error"])
