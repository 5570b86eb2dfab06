"""What a person reads as sent is what arrived, as JSON; and refusals for size are told apart."""

import json

import pytest
from dialect import CANARY_KEY, Call, Reply, question
from dialects import DIALECTS
from exchange import ThreadOffload, fail, receive
from loopback import Answer, LoopbackServer

from slop_qt.core.conversation import (
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.core.prompt import PromptPart

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
WHY = "A secret reason."
PROMPT = (PromptPart("ticket", "Ticket", WHY, "Do ä🙂."), PromptPart("file", "a.py", WHY, "x"))


def rich(dialect):
    """A request with one of everything."""
    use = ToolUseBlock("call_1", "read_file", {"path": "a.py"}, dialect.signature)
    return ModelRequest(
        dialect.model,
        "Be brief.",
        (
            Message("user", (TextBlock("Do ä🙂.x", parts=PROMPT),)),
            Message("assistant", (ThinkingBlock("Hm.", dialect.signature), TextBlock("So."), use)),
            Message("user", (ToolResultBlock("call_1", "(Left out to make room.)", ok=False, had_tokens=99),)),
        ),
        (ToolSpec("read_file", "Reads.", SCHEMA),),
        thinking_tokens=2000,
        cache_ttl="1h",
    )


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


@pytest.mark.parametrize("make", [question, rich])
async def test_what_is_read_as_sent_is_what_arrives(dialect, make):
    request = make(dialect)
    answer = Answer(dialect.wire(Reply(text=("Yes.",), calls=(Call("read_file", ("{}",)),))).events)
    with LoopbackServer.saying(answer) as server:
        provider = dialect.provider(server.base_url, ThreadOffload())
        session = await provider.open()
        await receive(session, request)
        await session.aclose()
    read = provider.as_sent(request)
    assert json.loads(read) == server.received[0].body
    assert read.startswith("{\n  ")
    assert CANARY_KEY not in read
    assert "secret" not in read


async def test_a_request_that_is_too_large_is_told_apart(dialect, open_session):
    error = await fail(open_session, question(dialect), dialect.overflow())
    assert error.overflow
    assert not error.retryable
    other = await fail(open_session, question(dialect), dialect.refusal(400, "Something is odd."))
    assert not other.overflow


def test_how_long_something_is_kept_is_said_where_it_is_promised(dialect):
    provider = dialect.provider("http://127.0.0.1:9", ThreadOffload())
    lives = [provider.cache_life_s(ttl) for ttl in ("5m", "1h")]
    assert lives == ([300.0, 3600.0] if dialect.name == "anthropic" else [None, None])
    assert provider.cache_reach == ("stable" if dialect.name == "gemini" else "before")
