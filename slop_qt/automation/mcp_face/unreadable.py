"""Requests that the SDK cannot read are answered, where it would let their senders wait for ever."""

import json
from types import TracebackType
from typing import Any

from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

__all__ = ["AnswersUnreadable"]


class AnswersUnreadable(ReadStream[SessionMessage | Exception]):
    """Messages as they come; what is no message but has an id to be answered by is refused, and not handed on.

    The usual case is half a surrogate pair in a model's text, which some JSON libraries write and others refuse.
    """

    def __init__(self, incoming: ReadStream[SessionMessage | Exception], outgoing: WriteStream[SessionMessage]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    @property
    def last_context(self) -> Any:
        """The sender's context, where the stream below has one."""
        return getattr(self._incoming, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """The next one. Raises what the stream below raises."""
        while (refusal := _refusal(item := await self._incoming.receive())) is not None:
            await self._outgoing.send(SessionMessage(refusal))
        return item

    async def aclose(self) -> None:
        """Read no more."""
        await self._incoming.aclose()

    def __aiter__(self) -> "AnswersUnreadable":
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        while (refusal := _refusal(item := await anext(self._incoming))) is not None:
            await self._outgoing.send(SessionMessage(refusal))
        return item

    async def __aenter__(self) -> "AnswersUnreadable":
        await self._incoming.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._incoming.__aexit__(kind, error, trace)


def _refusal(item: SessionMessage | Exception) -> JSONRPCError | None:
    if not isinstance(item, ValidationError):
        return None
    found = item.errors(include_url=False, include_context=False)
    is_json = found[0]["type"] != "json_invalid"
    # Of JSON that is no message, each form that it might have had tells what it lacks: some of them the whole.
    wholes = [each["input"] for each in found] if is_json else [_leniently(found[0]["input"])]
    message = next((each for each in wholes if isinstance(each, dict) and {"jsonrpc", "method"} <= each.keys()), {})
    request_id = message.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int):
        return None
    code, wrong = (INVALID_REQUEST, "no request") if is_json else (PARSE_ERROR, "not JSON in UTF-8")
    words = f"The line is {wrong}: {found[0]['msg']}." + (
        "" if is_json else " A text must not hold half surrogate pairs."
    )
    return JSONRPCError(jsonrpc="2.0", id=request_id, error=ErrorData(code=code, message=words))


def _leniently(line: Any) -> Any:
    try:
        return json.loads(line)  # which takes half surrogate pairs, and deeper nesting
    except (ValueError, TypeError, RecursionError):
        return None
