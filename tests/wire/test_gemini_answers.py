"""What only Gemini has, with the real SDK: requests to the letter, signatures, many counts, divided answers."""

import json
import socket
import time
from pathlib import Path

import pytest
from agent_support import RecordingSink, Threads, agent_request, services
from dialect import CANARY_KEY, Call, Counts, Reply, question
from exchange import answered, calls_of, failure, receive, text_of, usages_of
from gemini_dialect import GeminiDialect, chunk, error_body, function_call, sse
from loopback import CUT, STALL, Answer, LoopbackServer

from slop_qt.agents.loop import run_agent
from slop_qt.core.conversation import (
    Finished,
    Message,
    ModelRequest,
    TextBlock,
    TextDelta,
    ThinkingBlock,
    ThinkingDone,
    ToolCallReceived,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.providers import gemini_transport
from slop_qt.providers.gemini_request import request_body

DIALECT = GeminiDialect()
QUESTION = question(DIALECT)
STOP = chunk({"text": ""}, finishReason="STOP", counts=Counts())
SIGNED = "Q0FGRSt4L3k9PQ=="


@pytest.fixture
def dialect():
    return DIALECT


async def requested(open_session, *requests):
    """What the server gets."""
    with LoopbackServer.saying(Answer([sse(STOP)])) as server:
        session = await open_session(server.base_url)
        for request in requests:
            await receive(session, request)
        await session.aclose()
    return server.received


# Requests


async def test_the_body_is_ours_to_the_letter(open_session):
    schema = {
        "type": "object",
        "properties": {"max_results": {"$ref": "#/$defs/n"}, "kind": {"const": "a"}, "_x": {}},
        "$defs": {"n": {"type": "integer"}},
        "additionalProperties": False,
    }
    messages = (
        *QUESTION.messages,
        Message("assistant", (TextBlock("a", SIGNED), ToolUseBlock("c1", "one", {"max_results": 1}, SIGNED))),
        Message("user", (ToolResultBlock("c1", "fine"),)),
    )
    request = ModelRequest(DIALECT.model, "system", messages, (ToolSpec("one", "first", schema),), thinking_tokens=2000)
    [received] = await requested(open_session, request)
    assert received.body == request_body(request)
    assert received.body["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == schema
    assert received.body["contents"][1]["parts"][1]["thoughtSignature"] == SIGNED


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "models/gemini-2.5-pro"])
async def test_the_model_is_in_the_address(open_session, model):
    [received] = await requested(open_session, question(DIALECT, model=model))
    assert received.path == "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    "model", ["../../v1/files", "a/../b", "a?key=b", "a#b", "a b", "ä", "/a", "a/", ".", "a\n", "a%2e%2e", "-m"]
)
async def test_a_name_that_would_change_the_address_is_refused(open_session, model):
    with LoopbackServer.saying(Answer([sse(STOP)])) as server:
        session = await open_session(server.base_url)
        error = await failure(session, ModelRequest(model, "", QUESTION.messages))
        await session.aclose()
    assert server.received == []
    assert "cannot be the name" in error.message
    assert not error.retryable


async def test_what_the_sdk_finds_in_the_environment_changes_nothing(open_session, monkeypatch):
    [before] = await requested(open_session, QUESTION)
    for name, value in {
        "GOOGLE_API_KEY": "another-key",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_CLOUD_PROJECT": "project",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_GENAI_HTTP_CLIENT": "nonesuch",
    }.items():
        monkeypatch.setenv(name, value)
    [after] = await requested(open_session, QUESTION)
    assert (after.path, after.raw, after.headers["x-goog-api-key"]) == (before.path, before.raw, CANARY_KEY)


async def test_no_time_limit_is_set_on_the_servers_work(open_session):
    [received] = await requested(open_session, QUESTION)
    assert "x-server-timeout" not in received.headers


# Signatures


async def test_signatures_stay_with_their_parts(open_session):
    parts = [
        {"text": "hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "dGhpbms="},
        {"text": "unsigned "},
        {"text": "signed", "thoughtSignature": "dGV4dA=="},
        {"text": "more"},
        {"functionCall": {"name": "a", "args": {}}, "thoughtSignature": SIGNED},
        {"functionCall": {"name": "b", "args": {}}},
        {"text": "", "thoughtSignature": "ZW5k"},
    ]
    events = await answered(open_session, QUESTION, Answer([sse(chunk(*parts)), sse(STOP)]))
    kept = [event for event in events if isinstance(event, TextDelta | ThinkingDone | ToolCallReceived)]
    assert kept == [
        ThinkingDone(ThinkingBlock("hm", "dGhpbms=")),
        TextDelta("unsigned "),
        TextDelta("signed", "dGV4dA=="),
        TextDelta("more"),
        ToolCallReceived("unnamed-1", "a", "{}", SIGNED),
        ToolCallReceived("unnamed-2", "b", "{}"),
        TextDelta("", "ZW5k"),
    ]


def uncounted(root):
    """An agent that asks for answers only."""
    choice, limits = ModelChoice(provider="gemini", model=DIALECT.model), Limits(count_tokens=False)
    return agent_request(root, choice=choice, limits=limits)


async def test_an_agent_sends_back_what_was_signed_and_what_its_tools_said(tmp_path: Path):
    signed = {"text": "Let me look.", "thoughtSignature": "dGV4dA=="}
    calls = [
        {"functionCall": {"name": "list_directory", "args": {"path": "."}}, "thoughtSignature": SIGNED},
        {"functionCall": {"name": "read_file", "args": {"path": "nowhere.txt"}}},
    ]
    finish = function_call(Call("finish_ticket", ('{"summary": "Done."}',), "theirs"))
    first = Answer([sse(chunk({"text": "hm", "thought": True})), sse(chunk(signed, *calls)), sse(STOP)])
    threads = Threads()
    with LoopbackServer.saying(first, Answer([sse(chunk(finish)), sse(STOP)])) as server:
        provider = DIALECT.provider(server.base_url, threads)
        request = uncounted(tmp_path)
        outcome = await run_agent(request, services(RecordingSink(), provider, threads))
    threads.close()
    assert outcome.error is None
    told, answer, results = server.received[1].body["contents"]
    assert told["role"] == "user"
    assert answer == {"role": "model", "parts": [signed, *calls]}
    assert results["role"] == "user"
    listed, unread = [part["functionResponse"] for part in results["parts"]]
    assert (listed["name"], list(listed["response"]), "id" in listed) == ("list_directory", ["output"], False)
    assert (unread["name"], list(unread["response"])) == ("read_file", ["error"])


async def test_a_long_answer_that_the_server_divides_is_gone_on_with(tmp_path: Path):
    divided = chunk({"text": "Half of "}, finishReason="CONTINUATION", continuationToken="bmV4dA==")
    rest = chunk({"text": "it."}, function_call(Call("finish_ticket", ('{"summary": "Done."}',), "c")))
    threads, sink = Threads(), RecordingSink()
    with LoopbackServer.saying(Answer([sse(divided)]), Answer([sse(rest), sse(STOP)])) as server:
        provider = DIALECT.provider(server.base_url, threads)
        request = uncounted(tmp_path)
        outcome = await run_agent(request, services(sink, provider, threads))
    threads.close()
    assert outcome.error is None
    assert sink.text(request.stream_id) == "Half of it."
    first, second = (received.body for received in server.received)
    assert second == {**first, "continuationToken": "bmV4dA=="}


# Calls and ends


async def test_calls_with_and_without_ids_and_arguments(open_session):
    parts = [{"functionCall": call} for call in ({"name": "a", "id": "x"}, {"name": "b", "args": [1]}, {"name": "c"})]
    events = await answered(open_session, QUESTION, Answer([sse(chunk(*parts)), sse(STOP)]))
    assert calls_of(events) == [
        ToolCallReceived("x", "a", "{}"),
        ToolCallReceived("unnamed-2", "b", "[1]"),
        ToolCallReceived("unnamed-3", "c", "{}"),
    ]
    assert events[-1] == Finished("tool_use")


async def test_arguments_without_a_bottom_are_nonsense(open_session):
    deep = '{"a":' * 985 + "1" + "}" * 985
    body = b'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"x","args":%b}}]}}]}\n\n' % deep.encode()
    with LoopbackServer.saying(Answer([body])) as server:
        session = await open_session(server.base_url)
        assert "does not follow the Gemini API" in (await failure(session, QUESTION)).message
        await session.aclose()


async def test_what_comes_after_a_finish_reason_still_counts(open_session):
    early = chunk({"text": "a"}, finishReason="STOP")
    late = {"usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 5}}
    events = await answered(open_session, QUESTION, Answer([sse(early), 0.01, sse(chunk({"text": "b"})), sse(late)]))
    assert text_of(events) == "ab"
    assert (usages_of(events)[-1].input_tokens, usages_of(events)[-1].output_tokens) == (7, 5)
    assert events[-1] == Finished("end_turn")


@pytest.mark.parametrize("missing", [{}, {"content": None}, {"content": {"parts": None}}, {"content": {"role": "x"}}])
async def test_an_answer_may_be_empty(open_session, missing):
    events = await answered(
        open_session, QUESTION, Answer([sse({"candidates": [{**missing, "finishReason": "STOP"}]})])
    )
    assert events[-1] == Finished("end_turn")
    assert text_of(events) == ""


# Counts


@pytest.mark.parametrize("ending", [CUT, sse({"error": {"code": 500, "message": "x"}}), b"data: {broken\n\n"])
async def test_a_failed_answer_has_cost_what_was_counted_last(open_session, ending):
    counted = [sse(chunk({"text": "x"}, counts=Counts(9, tokens))) for tokens in (1, 2, 3)]
    told = []
    # The pause: what the transport holds unread when a connection breaks is lost.
    with LoopbackServer.saying(Answer([*counted, 0.1, ending])) as server:
        session = await open_session(server.base_url)
        await failure(session, QUESTION, told)
        await session.aclose()
    last = usages_of(told)[-1]
    assert (last.requests, last.input_tokens, last.output_tokens) == (1, 9, 3)
    assert last.cost_usd == pytest.approx((9 * 1.25 + 3 * 10) / 1e6)


async def test_what_server_tools_brought_in_is_input(open_session):
    counts = {"promptTokenCount": 100, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 1}
    told = usages_of(await answered(open_session, QUESTION, Answer([sse({**STOP, "usageMetadata": counts})])))
    assert told[-1].input_tokens == 130


async def test_the_price_is_the_models_whatever_its_name_begins_with(open_session):
    answer = Answer(DIALECT.wire(Reply(text=("x",), counts=Counts(1000, 100))).events)
    costs = [
        usages_of(await answered(open_session, question(DIALECT, model=model), answer))[-1].cost_usd
        for model in ("gemini-2.5-pro", "models/gemini-2.5-pro")
    ]
    assert costs == [pytest.approx((1000 * 1.25 + 100 * 10) / 1e6)] * 2


# Failures


def retry_info(delay: str) -> dict[str, str]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def quota(delay: str, quota_id: str) -> bytes:
    violations = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota_id}]}
    return error_body(429, "Quota exceeded.", "RESOURCE_EXHAUSTED", [violations, retry_info(delay)])


def unavailable(delay: str) -> bytes:
    return error_body(503, "Busy.", "UNAVAILABLE", [retry_info(delay)])


@pytest.mark.parametrize(
    "bare",
    [
        error_body(503, "Sorry", "UNAVAILABLE"),
        b"[" + error_body(503, "Sorry", "UNAVAILABLE") + b"]",
        json.dumps(json.loads(error_body(503, "Sorry", "UNAVAILABLE"))).encode(),
    ],
    ids=["object", "list", "line"],
)
@pytest.mark.parametrize("before", [0, 1, 200], ids=["instead", "after little", "after much"])
async def test_an_error_that_is_written_into_the_stream_as_it_is_is_found(open_session, bare, before):
    words = sse(*[chunk({"text": "{ [ x" * 10})] * before)
    with LoopbackServer.saying(Answer([words, bare[:10], 0.01, bare[10:]])) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert "Sorry (UNAVAILABLE)" in error.message
    assert error.retryable
    assert not error.rate_limited


@pytest.mark.parametrize(
    ("body", "seconds"),
    [(quota("34.5s", "PerMinute"), 34.5), (unavailable("2s"), 2), (error_body(429, "Too fast", ""), None)],
)
async def test_an_answer_that_breaks_off_for_a_full_quota_asks_all_to_slow_down(open_session, body, seconds):
    with LoopbackServer.saying(Answer([sse(chunk({"text": "x"})), sse(json.loads(body))])) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert error.rate_limited
    assert error.retry_after_s == seconds


@pytest.mark.parametrize("feedback", [{"blockReason": "SAFETY"}, {"blockReason": "OTHER", "blockReasonMessage": "No."}])
async def test_a_prompt_that_was_refused_is_told_and_counted(open_session, feedback):
    told = []
    event = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 12}}
    with LoopbackServer.saying(Answer([sse(event)])) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION, told)
        await session.aclose()
    assert feedback["blockReason"] in error.message
    assert feedback.get("blockReasonMessage", "") in error.message
    assert not error.retryable
    assert usages_of(told)[-1].input_tokens == 12


async def test_the_servers_own_words_for_stopping_are_passed_on(open_session):
    answer = Answer([sse(chunk(finishReason="MALFORMED_FUNCTION_CALL", finishMessage="Malformed function call: x("))])
    with LoopbackServer.saying(answer) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert "Malformed function call: x(" in error.message
    assert error.retryable


@pytest.mark.parametrize("candidate", [{}, {"continuationToken": 5}])
async def test_a_divided_answer_without_a_way_to_go_on_is_an_error(open_session, candidate):
    with LoopbackServer.saying(Answer([sse(chunk({"text": "x"}, finishReason="CONTINUATION", **candidate))])) as server:
        session = await open_session(server.base_url)
        assert "(CONTINUATION)" in (await failure(session, QUESTION)).message
        await session.aclose()


@pytest.mark.parametrize(("delay", "seconds"), [("34.5s", 34.5), ("0s", 0), ("-1s", 0), ("soon", None), ("nans", None)])
async def test_the_wait_that_a_full_quota_asks_for_is_handed_on(open_session, delay, seconds):
    with LoopbackServer.saying(
        Answer([quota(delay, "PerMinute")], 429, {"content-type": "application/json"})
    ) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert error.retryable
    assert error.retry_after_s == seconds


async def test_a_quota_of_the_day_is_not_waited_for(open_session):
    answer = Answer([quota("3s", "GenerateRequestsPerDayPerProject")], 429, {"content-type": "application/json"})
    with LoopbackServer.saying(answer) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert "Quota exceeded." in error.message
    assert not error.retryable
    assert not error.rate_limited


async def test_a_refusal_whose_body_is_cut_or_endless_is_told_by_its_status(open_session):
    for pieces in ([b'{"error": {"mess', CUT], [b"x" * 10_000] * 100):
        with LoopbackServer.saying(Answer(pieces, 503, {"content-type": "application/json"})) as server:
            session = await open_session(server.base_url)
            assert "(503)" in (await failure(session, QUESTION)).message
            await session.aclose()


async def test_the_sdk_does_not_try_again_by_itself(open_session):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        session = await open_session(f"http://127.0.0.1:{unused.getsockname()[1]}")
        await failure(session, QUESTION)  # the first request builds the SDK's shapes
        started = time.monotonic()
        error = await failure(session, QUESTION)
    assert "refuses connections" in error.message
    assert time.monotonic() - started < 0.9  # it would wait for a second at least


async def test_connecting_has_a_time_of_its_own(open_session, monkeypatch):
    monkeypatch.setattr(gemini_transport, "_CONNECT_S", 0.1)
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)  # a queue that the first two fill: whoever comes after them hears nothing
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        session = await open_session(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        error = await failure(session, QUESTION)
    assert "did not answer in time" in error.message
    assert error.retryable


@pytest.mark.parametrize("pieces", [[STALL], [sse(chunk({"text": "x"})), STALL]], ids=["at first", "in the middle"])
@pytest.mark.parametrize("headless", [True, False])
async def test_silence_has_an_end(open_session, monkeypatch, pieces, headless):
    monkeypatch.setattr(gemini_transport, "READ_S", 0.1)
    with LoopbackServer.saying(Answer(pieces, headless=headless and pieces == [STALL])) as server:
        session = await open_session(server.base_url)
        error = await failure(session, QUESTION)
        await session.aclose()
    assert "did not answer in time" in error.message
    assert error.retryable
