"""One answer in each vendor's words, token by token: what the adapters' line reads."""

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.answers import CHARS_PER_TOKEN, text_of

__all__ = ["VENDORS", "rendered", "vendor_of"]

VENDORS = ("anthropic", "openai", "gemini")
_COUNTS = 1000


def vendor_of(path: str) -> str:
    """Whose API a request's path is of."""
    if "streamGenerateContent" in path:
        return "gemini"
    return "anthropic" if path.startswith("/v1/messages") else "openai"


def rendered(vendor: str, tokens: int) -> list[bytes]:
    """The events of an answer of that many tokens, each as it is on the wire."""
    text = text_of(tokens)
    words = [text[at : at + CHARS_PER_TOKEN] for at in range(0, len(text), CHARS_PER_TOKEN)]
    return list({"anthropic": _anthropic, "openai": _openai, "gemini": _gemini}[vendor](words))


def _data(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _anthropic(words: list[str]) -> Iterator[bytes]:
    def named(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **fields})

    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "bench", "content": []}
    counts = {"input_tokens": _COUNTS, "output_tokens": 1}
    yield named("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": counts})
    yield named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in words:
        yield named("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
    yield named("content_block_stop", index=0)
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    yield named("message_delta", delta=ending, usage={"output_tokens": len(words)})
    yield named("message_stop")


def _openai(words: list[str]) -> Iterator[bytes]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench"}

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        return _data({**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]})

    yield chunk({"role": "assistant", "content": ""})
    for word in words:
        yield chunk({"content": word})
    yield chunk({}, "stop")
    total = {"prompt_tokens": _COUNTS, "completion_tokens": len(words), "total_tokens": _COUNTS + len(words)}
    yield _data({**head, "choices": [], "usage": total})
    yield b"data: [DONE]\n\n"


def _gemini(words: list[str]) -> Iterator[bytes]:
    for number, word in enumerate(words, 1):
        ending = {"finishReason": "STOP"} if number == len(words) else {}
        candidate = {"content": {"parts": [{"text": word}], "role": "model"}, **ending, "index": 0}
        counts = {"promptTokenCount": _COUNTS, "candidatesTokenCount": number, "totalTokenCount": _COUNTS + number}
        yield _data({"candidates": [candidate], "usageMetadata": counts, "modelVersion": "bench", "responseId": "r"})
