"""Gemini's `streamGenerateContent` as its servers speak it."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dialect import CANARY_KEY, Call, Counts, Reply, Wire
from loopback import Answer, Received

from slop_qt.core.conversation import StopReason
from slop_qt.core.ports import Offload
from slop_qt.providers.gemini import GeminiProvider

__all__ = ["GeminiDialect", "chunk", "error_body", "sse"]


def sse(*events: dict[str, Any]) -> bytes:
    """Events on the wire."""
    return b"".join(f"data: {json.dumps(event, ensure_ascii=False)}\r\n\r\n".encode() for event in events)


def chunk(*parts: dict[str, Any], counts: Counts | None = None, **candidate: Any) -> dict[str, Any]:
    """An event with these parts of an answer; candidate is what it says besides, like finishReason."""
    content = {"content": {"parts": list(parts), "role": "model"}} if parts else {}
    event: dict[str, Any] = {"candidates": [{**content, "index": 0, **candidate}], "modelVersion": "model"}
    return event if counts is None else {**event, "usageMetadata": usage(counts)}


def usage(counts: Counts) -> dict[str, Any]:
    """Counts in Gemini's way: thoughts beside the candidates, what was read from the cache within the prompt."""
    said = {"promptTokenCount": counts.input, "totalTokenCount": counts.input + counts.output}
    given = {
        "candidatesTokenCount": counts.output - counts.reasoning,
        "thoughtsTokenCount": counts.reasoning,
        "cachedContentTokenCount": counts.cache_read,
    }
    return said | {name: count for name, count in given.items() if count}


def error_body(code: int, message: str, status: str = "", details: list[dict[str, Any]] | None = None) -> bytes:
    """An error as google.rpc.Status."""
    error = {"code": code, "message": message, "status": status, **({"details": details} if details else {})}
    return json.dumps({"error": error}, indent=2).encode()


def function_call(call: Call) -> dict[str, Any]:
    """A part. An empty call_id is none at all."""
    named = {"id": call.call_id} if call.call_id else {}
    return {"functionCall": {**named, "name": call.name, "args": json.loads(call.arguments)}}


class GeminiDialect:
    """As `Dialect` says."""

    name = "gemini"
    model = "gemini-2.5-pro"
    address_variable = "GOOGLE_GEMINI_BASE_URL"
    stops: Mapping[str, StopReason] = MappingProxyType(
        {"STOP": "end_turn", "MAX_TOKENS": "max_tokens", "SAFETY": "refusal", "CONTINUATION": "pause"}
    )
    bad_stops: Mapping[str, str] = MappingProxyType(
        {
            "RECITATION": "repeat",
            "LANGUAGE": "language",
            "BLOCKLIST": "a word that may not be said",
            "PROHIBITED_CONTENT": "prohibited",
            "SPII": "personal data",
            "MALFORMED_FUNCTION_CALL": "tool call that cannot be read",
            "UNEXPECTED_TOOL_CALL": "a tool that it does not have",
            "MALFORMED_RESPONSE": "cannot be read",
            "OTHER": "no reason",
            "TIRED": "'TIRED'",
        }
    )
    cache_writes = False
    streams_arguments = False
    signature = "c2lnbmVkLXRob3VnaHQ="
    keep_alive = b": still thinking\r\n\r\n"
    unknown = sse({"responseId": "r", "somethingNew": {"a": [1]}}, chunk({"inlineData": {"mimeType": "x", "data": ""}}))
    nonsense = (
        b"data: {broken\r\n\r\n",
        b"data: [1]\r\n\r\n",
        b"data: 1\r\n\r\n",
        b'data: "\xff"\r\n\r\n',
        sse({"candidates": 5}),
        sse({"candidates": [[]]}),
        sse(chunk({"text": 5})),
        sse(chunk({"text": 5, "thoughtSignature": "s"})),
        sse(chunk({"text": 5, "thought": True})),
        sse(chunk({"text": "x", "thoughtSignature": 5})),
        sse(chunk({"functionCall": {"args": {}}})),
        sse(chunk({"functionCall": {"name": 5}})),
        sse(chunk({"functionCall": {"name": "x", "id": 5}})),
        sse(chunk({"functionCall": {"name": "x", "willContinue": True}})),
        sse({"usageMetadata": {"promptTokenCount": "many"}}, chunk(finishReason="STOP")),
        sse({"usageMetadata": {"promptTokenCount": -5}}, chunk(finishReason="STOP")),
        sse({"usageMetadata": {"candidatesTokenCount": {}}}, chunk(finishReason="STOP")),
    )

    def provider(self, base_url: str, offload: Offload, key: str = CANARY_KEY) -> GeminiProvider:
        return GeminiProvider(key=key, offload=offload, base_url=base_url)

    def carries_key(self, request: Received) -> bool:
        return request.headers.get("x-goog-api-key") == CANARY_KEY and "key" not in request.path

    def wire(self, reply: Reply) -> Wire:
        first = None if reply.counts is None else Counts(input=reply.counts.input, output=0)
        parts: list[dict[str, Any]] = [{"text": thought, "thought": True} for thought in reply.thinking]
        if reply.thinking:
            parts.append({"text": "", "thought": True, "thoughtSignature": self.signature})
        parts += [{"text": words} for words in reply.text]
        parts += [function_call(call) for call in reply.calls]
        ending: dict[str, Any] = {"finishReason": reply.stop or "STOP"}
        if reply.stop == "CONTINUATION":
            ending["continuationToken"] = "dG9rZW4="
        events = [
            *(sse(chunk(part, counts=first)) for part in parts),
            sse(chunk({"text": ""}, counts=reply.counts, **ending)),
        ]
        return Wire(tuple(events), len(events))

    def error_event(self, message: str, *, passing: bool) -> bytes:
        code, status = (503, "UNAVAILABLE") if passing else (400, "INVALID_ARGUMENT")
        return b"data: " + json.dumps(json.loads(error_body(code, message, status))).encode() + b"\r\n\r\n"

    def refusal(self, status: int, message: str, **headers: str) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return Answer([error_body(status, message)], status, {"content-type": "application/json", **names})

    def overflow(self) -> Answer:
        return self.refusal(
            400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
        )

    def bad_key(self, message: str) -> Answer:
        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
        body = error_body(400, message, "INVALID_ARGUMENT", details)
        return Answer([body], 400, {"content-type": "application/json"})
