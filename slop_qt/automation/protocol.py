"""The words on the automation socket: JSON-RPC 2.0, one UTF-8 JSON object a line (3-automation.md, jsonrpc.org)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import orjson

from slop_qt.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
    ProviderError,
    SlopError,
    StoreError,
    UsageError,
    WaitTimedOutError,
    WorkspaceError,
)

__all__ = [
    "MAX_REQUEST_BYTES",
    "ConnectionLostError",
    "ErrorCode",
    "NotAuthorisedError",
    "Notification",
    "ProtocolError",
    "Reply",
    "Request",
    "RequestId",
    "encode_error",
    "encode_event",
    "encode_request",
    "encode_result",
    "error_code",
    "parse_message",
    "parse_request",
]

MAX_REQUEST_BYTES = 4 << 20
_MAX_DEPTH = 64

RequestId = str | int | None


class ErrorCode(IntEnum):
    """JSON-RPC's own codes, and the application's."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    NOT_FOUND = -32001
    CONFLICT = -32002
    NOT_POSSIBLE = -32003
    WAIT_TIMED_OUT = -32004
    CONFIGURATION = -32005
    NOT_AUTHORISED = -32006


class ProtocolError(SlopError):
    """What was said is not of this protocol, or failed in a way that no other error stands for.

    Attributes:
        code: as on the wire.
        request_id: the id of the request that was refused, where it could be read.
    """

    def __init__(self, code: int, message: str, hint: str = "", *, request_id: RequestId = None) -> None:
        super().__init__(message, hint)
        self.code = code
        self.request_id = request_id


class NotAuthorisedError(SlopError):
    """No token, the wrong one, or a method outside the socket's scope."""


class ConnectionLostError(SlopError):
    """The other end closed the connection before it had answered."""


# The first that fits. The reverse way the first of a code is taken.
_CODES: tuple[tuple[type[SlopError], ErrorCode], ...] = (
    (InvalidInputError, ErrorCode.INVALID_PARAMS),
    (UsageError, ErrorCode.INVALID_PARAMS),
    (NotFoundError, ErrorCode.NOT_FOUND),
    (ConflictError, ErrorCode.CONFLICT),
    (NotPossibleError, ErrorCode.NOT_POSSIBLE),
    (WorkspaceError, ErrorCode.NOT_POSSIBLE),
    (StoreError, ErrorCode.NOT_POSSIBLE),
    (WaitTimedOutError, ErrorCode.WAIT_TIMED_OUT),
    (ConfigurationError, ErrorCode.CONFIGURATION),
    (ProviderError, ErrorCode.CONFIGURATION),
    (NotAuthorisedError, ErrorCode.NOT_AUTHORISED),
)


@dataclass(frozen=True, slots=True)
class Request:
    """A call. wants_reply is False for one without an id, which JSON-RPC calls a notification."""

    id: RequestId
    method: str
    params: Mapping[str, Any]
    wants_reply: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request came to: either the result or the error."""

    id: RequestId
    result: dict[str, Any] | None = None
    error: SlopError | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """What the application says unasked."""

    method: str
    params: dict[str, Any]


def error_code(error: Exception) -> int:
    """The error's number on the wire; -32603 for what is not in core's tree."""
    if isinstance(error, ProtocolError):
        return error.code
    return next((code for kind, code in _CODES if isinstance(error, kind)), ErrorCode.INTERNAL_ERROR)


def parse_request(line: bytes) -> Request:
    """A request from its line.

    Raises:
        ProtocolError: -32700, -32600 or -32602, with the request's id where there was one to be read.
    """
    message = _parse(line)
    if isinstance(message, list):
        raise _invalid("Batches are not supported.", hint="Send one request a line; they are answered independently.")
    if not isinstance(message, dict):
        raise _invalid(f"A request is a JSON object, not {_kind(message)}.")
    request_id = message.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | None):
        raise _invalid("A request's id is a string, an integer or null.")
    if message.get("jsonrpc") != "2.0":
        raise _invalid('A request has the member "jsonrpc": "2.0".', request_id)
    method = message.get("method")
    if not isinstance(method, str):
        raise _invalid('A request has a "method", which is a string.', request_id)
    params = message.get("params", {})
    if not isinstance(params, dict):
        words = f"Parameters are given by name: params is an object, not {_kind(params)}."
        raise ProtocolError(ErrorCode.INVALID_PARAMS, words, request_id=request_id)
    return Request(request_id, method, params, wants_reply="id" in message)


def parse_message(line: bytes) -> Reply | Notification:
    """What the application sent, on the client's side.

    Raises:
        ProtocolError: it is neither a reply nor a notification.
    """
    try:
        message = json.loads(line)  # orjson refuses half surrogate pairs, which models do send
    except ValueError as error:
        raise ProtocolError(ErrorCode.PARSE_ERROR, f"The application sent a line that is not JSON: {error}.") from None
    if isinstance(message, dict) and "id" in message:
        if isinstance(failure := message.get("error"), dict):
            return Reply(message["id"], error=_error_from(failure))
        if isinstance(result := message.get("result"), dict):
            return Reply(message["id"], result=result)
    elif isinstance(message, dict) and isinstance(params := message.get("params"), dict):
        return Notification(str(message.get("method")), params)
    raise _invalid(f"The application sent neither a reply nor a notification: {line[:200]!r}.")


def encode_request(request_id: int, method: str, params: Mapping[str, Any]) -> bytes:
    """A request's line.

    Raises:
        InvalidInputError: the parameters cannot be JSON, or are longer than the application takes.
    """
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
    try:
        line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"The parameters of {method} cannot be written as JSON: {error}.") from None
    if len(line) > MAX_REQUEST_BYTES:
        raise InvalidInputError(f"The parameters of {method} are longer than {MAX_REQUEST_BYTES >> 20} MiB as JSON.")
    return line


def encode_result(request_id: RequestId, result_json: str) -> bytes:
    """The line of a successful reply."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}\n' % (json.dumps(request_id).encode(), result_json.encode())


def encode_error(request_id: RequestId, error: Exception) -> bytes:
    """The line of a reply that failed. `data` is a wait's state, else {"hint"} where there is one."""
    body: dict[str, Any] = {"code": error_code(error), "message": str(error)}
    if isinstance(error, SlopError):
        body["message"] = error.message
        if isinstance(error, WaitTimedOutError) and error.state is not None:
            body["data"] = error.state
        elif error.hint:
            body["data"] = {"hint": error.hint}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": body}, separators=(",", ":")).encode() + b"\n"


def encode_event(event_json: str) -> bytes:
    """The line of an event's notification."""
    return b'{"jsonrpc":"2.0","method":"event","params":%b}\n' % event_json.encode()


def _error_from(failure: Mapping[str, Any]) -> SlopError:
    code, message, data = failure.get("code"), str(failure.get("message", "")), failure.get("data")
    hint = str(data.get("hint", "")) if isinstance(data, dict) else ""
    if code == ErrorCode.WAIT_TIMED_OUT:
        return WaitTimedOutError(message, hint, state=data)
    kind = next((kind for kind, known in _CODES if known == code), None)
    if kind is not None:
        return kind(message, hint)
    return ProtocolError(code if isinstance(code, int) else ErrorCode.INTERNAL_ERROR, message, hint)


def _parse(line: bytes) -> Any:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(ErrorCode.PARSE_ERROR, f"The line is not JSON in UTF-8: {error}.") from None
    if line.count(b"[") + line.count(b"{") > _MAX_DEPTH and _deeper_than(message, _MAX_DEPTH):
        raise ProtocolError(ErrorCode.PARSE_ERROR, f"The line is nested deeper than {_MAX_DEPTH} levels.")
    return message


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        inner: list[Any] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        layer = inner
    return any(isinstance(item, dict | list) for item in layer)


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _invalid(message: str, request_id: RequestId = None, *, hint: str = "") -> ProtocolError:
    return ProtocolError(ErrorCode.INVALID_REQUEST, message, hint, request_id=request_id)
