"""OpenAI's chat completions as OpenAI and the servers that are compatible with it speak them."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dialect import CANARY_KEY, Counts, Reply, Wire
from loopback import Answer, Received

from slop_qt.core.conversation import StopReason
from slop_qt.core.ports import Offload
from slop_qt.providers.openai_compatible import OpenAIProvider

__all__ = ["DONE", "OpenAIDialect", "call_delta", "chunk", "data", "json_error", "usage_chunk"]

DONE = b"data: [DONE]\n\n"


def data(event: Any) -> bytes:
    """An event on the wire."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def chunk(delta: dict[str, Any], *, finish: str | None = None, index: int = 0) -> bytes:
    """A piece of the answer."""
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice], "usage": None})


def call_delta(**fields: Any) -> bytes:
    """A piece of a tool call: index, id, and the function's name and arguments, as far as they are given."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return chunk({"tool_calls": [{**fields, "function": function}]})


def usage_chunk(counts: Counts) -> bytes:
    """What comes last where stream_options.include_usage is set."""
    written = {"cache_write_tokens": counts.cache_write} if counts.cache_write else {}
    usage = {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output,
        "total_tokens": counts.input + counts.output,
        "prompt_tokens_details": {"cached_tokens": counts.cache_read, **written},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }
    return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage})


def json_error(status: int, message: str, *, code: str | None = None, kind: str = "an_error", **headers: str) -> Answer:
    """An error response as the API sends it; headers' underscores become dashes."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer([json.dumps(body).encode()], status, {"content-type": "application/json", **names})


class OpenAIDialect:
    """As `Dialect` says."""

    name = "openai"
    model = "gpt-5"
    address_variable = "OPENAI_BASE_URL"
    stops: Mapping[str, StopReason] = MappingProxyType(
        {
            "stop": "end_turn",
            "tool_calls": "tool_use",
            "function_call": "tool_use",
            "length": "max_tokens",
            "content_filter": "refusal",
        }
    )
    bad_stops: Mapping[str, str] = MappingProxyType({"tired": "'tired'"})
    cache_writes = True
    streams_arguments = True
    signature = "reasoning_content"
    keep_alive = b": OPENROUTER PROCESSING\n\n"
    unknown = data({"object": "something.new", "data": [1]})
    nonsense = (
        chunk({"content": "x"}, index=1),
        chunk({"content": 5}),
        chunk({"reasoning_content": {"a": 1}}),
        chunk({"tool_calls": [{"index": -1, "function": {"name": "x"}}]}),
        chunk({"tool_calls": [{"index": 1000, "function": {"name": "x"}}]}),
        chunk({"tool_calls": [{"index": "0", "function": {"name": "x"}}]}),
        chunk({"tool_calls": [5]}),
        chunk({"tool_calls": [{"index": 0, "id": 7, "function": {"name": "x"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"name": ["x"]}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}, finish="tool_calls"),
        data({"choices": [5]}),
        data({"choices": 5}),
        data({"choices": [], "usage": {"prompt_tokens": "many"}}),
        data({"choices": [], "usage": {"prompt_tokens": -5}}),
    )

    def provider(self, base_url: str, offload: Offload, key: str = CANARY_KEY) -> OpenAIProvider:
        return OpenAIProvider(key=key, offload=offload, base_url=f"{base_url}/v1")

    def carries_key(self, request: Received) -> bool:
        return request.headers["authorization"] == f"Bearer {CANARY_KEY}"

    def wire(self, reply: Reply) -> Wire:
        events = [chunk({"role": "assistant", "content": ""})]
        events += [chunk({"reasoning_content": words}) for words in reply.thinking]
        events += [chunk({"content": words}) for words in reply.text]
        for index, call in enumerate(reply.calls):
            events.append(call_delta(index=index, id=call.call_id, type="function", name=call.name, arguments=""))
            events += [call_delta(index=index, arguments=piece) for piece in call.pieces]
        events.append(chunk({}, finish=reply.stop or ("tool_calls" if reply.calls else "stop")))
        needed = len(events)
        if reply.counts is not None:
            events.append(usage_chunk(reply.counts))
        return Wire((*events, DONE), needed)

    def error_event(self, message: str, *, passing: bool) -> bytes:
        kind = "server_error" if passing else "invalid_request_error"
        return data({"error": {"message": message, "type": kind, "code": None}})

    def refusal(self, status: int, message: str, **headers: str) -> Answer:
        return json_error(status, message, **headers)

    def overflow(self) -> Answer:
        message = "This model's maximum context length is 8192 tokens."
        return json_error(400, message, code="context_length_exceeded")

    def bad_key(self, message: str) -> Answer:
        return json_error(401, message, code="invalid_api_key")
