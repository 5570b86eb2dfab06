"""Anthropic's Messages API as its servers speak it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dialect import CANARY_KEY, Counts, Reply, Wire
from loopback import Answer, Received

from slop_qt.core.conversation import StopReason
from slop_qt.core.ports import Offload
from slop_qt.providers.anthropic import AnthropicProvider

__all__ = ["AnthropicDialect", "answer_events", "block_events", "json_error", "sse", "stream_answer"]


def sse(*events: dict[str, Any]) -> bytes:
    """Events on the wire."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events
    )


def block_events(index: int, start: dict[str, Any], deltas: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A content block, begun, grown and ended."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def answer_events(
    *,
    text: Iterable[str] = (),
    thinking: Iterable[str] = (),
    signature: str = "signature",
    tools: Sequence[tuple[str, str, Iterable[str]]] = (),
    stop: str | None = None,
    usage: dict[str, Any] | None = None,
    final_usage: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """A whole answer; text and thinking in the given deltas, tools as (id, name, pieces of JSON)."""
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    thoughts, words = list(thinking), list(text)
    if thoughts:
        grown = [{"type": "thinking_delta", "thinking": thought} for thought in thoughts]
        grown.append({"type": "signature_delta", "signature": signature})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, grown))
    if words:
        blocks.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": word} for word in words]))
    for call_id, name, pieces in tools:
        start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        blocks.append((start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]))
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "model",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage if usage is not None else {"input_tokens": 10, "output_tokens": 1},
    }
    ending = {"stop_reason": stop or ("tool_use" if tools else "end_turn"), "stop_sequence": None}
    return [
        {"type": "message_start", "message": message},
        *(event for index, (start, deltas) in enumerate(blocks) for event in block_events(index, start, deltas)),
        {"type": "message_delta", "delta": ending, "usage": final_usage or {"output_tokens": 20}},
        {"type": "message_stop"},
    ]


def stream_answer(**fields: Any) -> Answer:
    """`answer_events` as a response, in one piece for each event."""
    return Answer([sse(event) for event in answer_events(**fields)])


def json_error(status: int, kind: str, message: str, **headers: str) -> Answer:
    """An error response as the API sends it; headers' underscores become dashes."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([json.dumps(body).encode()], status, {"content-type": "application/json", **names})


def _delta(**delta: Any) -> bytes:
    return sse({"type": "content_block_delta", **delta})


class AnthropicDialect:
    """As `Dialect` says."""

    name = "anthropic"
    model = "claude-opus-4-5"
    address_variable = "ANTHROPIC_BASE_URL"
    stops: Mapping[str, StopReason] = MappingProxyType(
        {
            "end_turn": "end_turn",
            "stop_sequence": "end_turn",
            "tool_use": "tool_use",
            "max_tokens": "max_tokens",
            "refusal": "refusal",
            "pause_turn": "pause",
        }
    )
    bad_stops: Mapping[str, str] = MappingProxyType(
        {"model_context_window_exceeded": "context window", "tired": "'tired'"}
    )
    cache_writes = True
    streams_arguments = True
    signature = "signature"
    keep_alive = sse({"type": "ping"})
    unknown = sse({"type": "something_new", "data": [1]})
    nonsense = (
        _delta(index=7, delta={"type": "text_delta", "text": "x"}),
        _delta(index=-1, delta={"type": "text_delta", "text": "x"}),
        _delta(index=[], delta={"type": "text_delta", "text": "x"}),
        sse({"type": "content_block_stop", "index": 3}),
        sse({"type": "message_start"}),
        sse({"type": "message_start", "message": {"usage": {"input_tokens": "many"}}}),
        sse({"type": "message_start", "message": {"usage": {"input_tokens": -5}}}),
        sse({"type": "message_delta", "delta": {"stop_reason": None}, "usage": {}}, {"type": "message_stop"}),
        b"data: {}\n\n",
        b'data: {"type": []}\n\n',
    )

    def provider(self, base_url: str, offload: Offload, key: str = CANARY_KEY) -> AnthropicProvider:
        return AnthropicProvider(key=key, offload=offload, base_url=base_url)

    def carries_key(self, request: Received) -> bool:
        return request.headers["authorization"] == f"Bearer {CANARY_KEY}"

    def wire(self, reply: Reply) -> Wire:
        events = answer_events(
            text=reply.text,
            thinking=reply.thinking,
            tools=[(call.call_id, call.name, call.pieces) for call in reply.calls],
            stop=reply.stop,
            usage=_early_usage(reply.counts),
            final_usage=_final_usage(reply.counts),
        )
        if reply.counts is None:
            del events[0]["message"]["usage"], events[-2]["usage"]
        return Wire(tuple(sse(event) for event in events), len(events))

    def error_event(self, message: str, *, passing: bool) -> bytes:
        kind = "overloaded_error" if passing else "invalid_request_error"
        return sse({"type": "error", "error": {"type": kind, "message": message}})

    def refusal(self, status: int, message: str, **headers: str) -> Answer:
        return json_error(status, "an_error", message, **headers)

    def overflow(self) -> Answer:
        return json_error(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum")

    def bad_key(self, message: str) -> Answer:
        return json_error(401, "authentication_error", message)


def _early_usage(counts: Counts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    return {
        "input_tokens": counts.input - counts.cache_read - counts.cache_write,
        "cache_read_input_tokens": counts.cache_read,
        "cache_creation_input_tokens": counts.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write - counts.cache_write_1h,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": 1,
    }


def _final_usage(counts: Counts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    return {"output_tokens": counts.output, "output_tokens_details": {"thinking_tokens": counts.reasoning}}
