"""The two APIs that a llama-server speaks: our adapter for each, and a reading of its answers by other means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slop_qt.core.conversation import Message, ModelRequest, ProviderEvent, TextBlock
from slop_qt.core.ports import Offload, Provider, ProviderSession
from slop_qt.providers.anthropic import AnthropicProvider
from slop_qt.providers.openai_compatible import OpenAIProvider
from slop_qt.providers.retry import stream_with_retries
from slop_qt.providers.throttle import Throttle

__all__ = ["ENDPOINTS", "Endpoint", "Said", "ask", "question"]

_ANSWER_S = 90.0


@dataclass(frozen=True)
class Said:
    """What an answer says. input includes what was read from the cache, and is None where it is not said."""

    text: str
    input: int | None
    output: int
    cache_read: int
    stop: str


@dataclass(frozen=True)
class Endpoint:
    """One of the APIs.

    provider makes the adapter for a server's address; streamed reads a stream's events, whole an answer in one piece;
    limit is the vendor's word for an answer that reached its limit.
    """

    name: str
    path: str
    provider: Callable[[str, Offload], Provider]
    streamed: Callable[[list[dict[str, Any]]], Said]
    whole: Callable[[dict[str, Any]], Said]
    limit: str


def question(*words: str, system: str = "You are brief.", tokens: int = 24) -> ModelRequest:
    """A request for at most so many tokens; words are the person's and the model's in turn, the person's first."""
    messages = tuple(
        Message("assistant" if number % 2 else "user", (TextBlock(text),)) for number, text in enumerate(words)
    )
    return ModelRequest("local", system, messages, max_output_tokens=tokens)


async def ask(session: ProviderSession, request: ModelRequest) -> list[ProviderEvent]:
    """All events of a request, sent as agents send it.

    A llama-server closes the connection after every stream, and a request that comes just then has to be sent again.
    """
    sending = stream_with_retries(session, request, throttle=Throttle("local"), sends=3, no_progress_s=_ANSWER_S)
    return [event async for event in sending]


def _chunks(events: list[dict[str, Any]]) -> Said:
    choices = [event["choices"][0] for event in events if event["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    used = [event["usage"] for event in events if event.get("usage")]
    stops = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    return _completion_said(text, used[-1], stops[-1])


def _completion(answer: dict[str, Any]) -> Said:
    choice = answer["choices"][0]
    return _completion_said(choice["message"]["content"], answer["usage"], choice["finish_reason"])


def _completion_said(text: str, used: dict[str, Any], stop: str) -> Said:
    cached = used["prompt_tokens_details"]["cached_tokens"]
    return Said(text, used["prompt_tokens"], used["completion_tokens"], cached, stop)


def _message_events(events: list[dict[str, Any]]) -> Said:
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    text = "".join(delta.get("text", "") for delta in deltas)
    used = [event["message"]["usage"] for event in events if event["type"] == "message_start"]
    (end,) = [event for event in events if event["type"] == "message_delta"]
    return _message_said(text, (used[0] if used else {}) | end["usage"], end["delta"]["stop_reason"])


def _message(answer: dict[str, Any]) -> Said:
    text = "".join(block.get("text", "") for block in answer["content"])
    return _message_said(text, answer["usage"], answer["stop_reason"])


def _message_said(text: str, used: dict[str, Any], stop: str) -> Said:
    cached = used.get("cache_read_input_tokens", 0)
    given = used["input_tokens"] + cached if "input_tokens" in used else None
    return Said(text, given, used["output_tokens"], cached, stop)


ENDPOINTS = (
    Endpoint(
        name="openai",
        path="/v1/chat/completions",
        provider=lambda url, offload: OpenAIProvider(key="", offload=offload, base_url=f"{url}/v1"),
        streamed=_chunks,
        whole=_completion,
        limit="length",
    ),
    Endpoint(
        name="anthropic",
        path="/v1/messages",
        provider=lambda url, offload: AnthropicProvider(key="none", offload=offload, base_url=url),
        streamed=_message_events,
        whole=_message,
        limit="max_tokens",
    ),
)
