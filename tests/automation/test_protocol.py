"""The protocol's words: strict where they come in, the same on both sides."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.automation.protocol import (
    ConnectionLostError,
    NotAuthorisedError,
    Notification,
    ProtocolError,
    Reply,
    encode_error,
    encode_event,
    encode_request,
    encode_result,
    error_code,
    parse_message,
    parse_request,
)
from slop_qt.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotPossibleError,
    ProviderError,
    SlopError,
    StoreError,
    ToolError,
    UsageError,
    WaitTimedOutError,
    WorkspaceError,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("x"), -32602),
        (UsageError("x"), -32602),
        (NotFoundError("x"), -32001),
        (ConflictError("x"), -32002),
        (NotPossibleError("x"), -32003),
        (WorkspaceError("x"), -32003),
        (StoreError("x"), -32003),
        (WaitTimedOutError("x"), -32004),
        (ConfigurationError("x"), -32005),
        (ProviderError("x"), -32005),
        (NotAuthorisedError("x"), -32006),
        (ProtocolError(-32601, "x"), -32601),
        (ToolError("x"), -32603),
        (ConnectionLostError("x"), -32603),
        (SlopError("x"), -32603),
        (ValueError("x"), -32603),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_every_error_has_its_number_and_keeps_it_on_the_way(error: Exception, code: int) -> None:
    assert error_code(error) == code
    reply = parse_message(encode_error(7, error))
    assert isinstance(reply, Reply)
    assert reply.error is not None
    assert error_code(reply.error) == code
    assert (reply.id, reply.error.message) == (7, "x")


def test_an_error_says_data_only_where_there_is_something_to_say() -> None:
    assert "data" not in json.loads(encode_error(None, ConflictError("x")))["error"]
    assert json.loads(encode_error(None, ConflictError("x", "do y")))["error"]["data"] == {"hint": "do y"}
    state = {"status": "running"}
    assert json.loads(encode_error(None, WaitTimedOutError("x", "y", state=state)))["error"]["data"] == state


@given(st.text(), st.text(), st.text())
def test_any_words_of_an_error_arrive(message: str, hint: str, request_id: str) -> None:
    line = encode_error(request_id, NotPossibleError(message, hint))
    assert line.count(b"\n") == 1
    reply = parse_message(line)
    assert isinstance(reply, Reply)
    assert reply.error is not None
    assert (reply.id, reply.error.message, reply.error.hint) == (request_id, message, hint)


@given(st.integers(1, 2**31), st.text(), st.dictionaries(st.text(), JSON, max_size=4))
def test_a_request_arrives_as_it_was_sent(request_id: int, method: str, params: dict[str, Any]) -> None:
    line = encode_request(request_id, method, params)
    assert line.count(b"\n") == 1
    request = parse_request(line)
    assert (request.id, request.method, request.params, request.wants_reply) == (request_id, method, params, True)


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_a_request_or_a_protocol_error(line: bytes) -> None:
    try:
        request = parse_request(line)
    except ProtocolError as error:
        assert error.code in {-32700, -32600, -32602}
        assert error.message
    else:
        assert isinstance(request.params, dict)


def test_a_request_without_an_id_wants_no_reply_and_one_with_null_does() -> None:
    assert not parse_request(b'{"jsonrpc": "2.0", "method": "x"}').wants_reply
    assert parse_request(b'{"jsonrpc": "2.0", "id": null, "method": "x"}').wants_reply


@pytest.mark.parametrize("deepest", [b"[]", b'{"a": 1}', b"7"])
def test_depth_is_bounded_whatever_it_is_made_of(deepest: bytes) -> None:
    def nested(levels: int) -> bytes:
        return b'{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":' + b"[" * levels + deepest + b"]" * levels + b"}}"

    assert parse_request(nested(60)).id == 1
    for levels in (64, 900, 1100):
        with pytest.raises(ProtocolError) as caught:
            parse_request(nested(levels))
        assert caught.value.code == -32700


def test_a_wide_request_is_not_a_deep_one() -> None:
    wide = {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"tickets": [{"files": []}] * 10_000}}
    assert len(parse_request(json.dumps(wide).encode()).params["tickets"]) == 10_000


def test_results_and_events_are_one_line_each() -> None:
    assert parse_message(encode_result("a", '{"x":1}')) == Reply("a", result={"x": 1})
    assert parse_message(encode_event('{"seq":1}')) == Notification("event", {"seq": 1})
    assert encode_result(None, "{}") == b'{"jsonrpc":"2.0","id":null,"result":{}}\n'


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"7", b"{}", b'{"id": 1}', b'{"id": 1, "result": 7}', b'{"params": []}']
)
def test_a_client_refuses_what_is_no_message(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_message(line)
