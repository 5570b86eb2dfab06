"""Every adapter's decoder, as a session has it, without a wire: answers cut at every single byte."""

import pytest
from dialect import Call, Reply
from dialects import DIALECTS
from exchange import calls_of, text_of, usages_of

from slop_qt.core.conversation import Finished, ThinkingDelta
from slop_qt.core.errors import ProviderError

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


async def test_an_answer_in_two_pieces_is_the_same_answer(dialect, open_session):
    session = await open_session(NOWHERE)
    reply = Reply(thinking=("hm 🙂",), text=("ü🙂",), calls=(Call("read_file", ('{"path": "ä"}',)),))
    body = dialect.wire(reply).whole
    for at in range(1, len(body)):
        decoder = session._decoder(dialect.model)
        events = [*decoder.take(body[:at]), *decoder.take(body[at:])]
        if not decoder.finished:
            events += decoder.end()
        assert (text_of(events), text_of(events, ThinkingDelta)) == ("ü🙂", "hm 🙂")
        assert [call.arguments_json for call in calls_of(events)] == ['{"path": "ä"}']
        assert events[-1] == Finished("tool_use")


async def test_an_answer_without_its_end_is_none(dialect, open_session):
    session = await open_session(NOWHERE)
    calls = (Call("write_file", ('{"path": "a', '", "content": ""}'), "c1"), Call("list_directory", ("{}",), "c2"))
    wire = dialect.wire(Reply(thinking=("hm",), text=("some ", "words"), calls=calls))
    body = b"".join(wire.events[: wire.needed - 1])
    for at in range(1, len(body)):
        decoder = session._decoder(dialect.model)
        events = list(decoder.take(body[:at]))
        with pytest.raises(ProviderError) as caught:
            events += decoder.end()
        events += decoder.give_up()
        assert caught.value.retryable
        assert not any(isinstance(event, Finished) for event in events)
        assert "some words".startswith(text_of(events))
        assert [(call.name, call.arguments_json) for call in calls_of(events)] in [
            [(call.name, call.arguments) for call in calls[:number]] for number in range(3)
        ]
        assert all(usage.requests == 1 for usage in usages_of(events))
