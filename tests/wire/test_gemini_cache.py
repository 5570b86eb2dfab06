"""Gemini's explicit cache, with the real SDK: when one is made, what it saves, and that it never fails an agent."""

import asyncio
import contextlib
import itertools
import logging
from dataclasses import replace

import pytest
from agent_support import RecordingSink, Threads, agent_request, services
from dialect import CANARY_KEY
from exchange import failure, receive, text_of, usages_of
from gemini_caches import PREFIX_TOKENS, CacheServer, json_answer, turn
from gemini_dialect import GeminiDialect, error_body
from loopback import CUT, STALL, Answer, LoopbackServer

from slop_qt.agents.loop import run_agent
from slop_qt.core.conversation import CacheHeld, CacheWritten, Message, TextBlock, ThinkingBlock
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.core.usage import total_usage
from slop_qt.providers import gemini_cache
from slop_qt.providers.gemini import GeminiProvider
from slop_qt.providers.gemini_cache_terms import CacheTerms
from slop_qt.providers.gemini_request import request_body, stable_body
from slop_qt.providers.http_failures import Refusal

JSON = {"content-type": "application/json"}


def refused(status, message):
    return Answer([error_body(status, message)], status, JSON)


class Clock:
    """Seconds that only a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def dialect():
    return GeminiDialect()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    return CacheServer()


@pytest.fixture
def threads():
    pool = Threads(2)
    yield pool
    pool.close()


@pytest.fixture
async def provider(server, clock, threads, caplog):
    caplog.set_level(logging.DEBUG)
    with LoopbackServer(server) as loopback:
        yield GeminiProvider(key=CANARY_KEY, offload=threads, base_url=loopback.base_url, now=clock)
        assert await asyncio.to_thread(loopback.wait_until_left, 10), "no connection is left open"
    assert CANARY_KEY not in caplog.text


@pytest.fixture
async def session(provider):
    opened = await provider.open()
    yield opened
    await opened.aclose()


async def sent(session, *turns, **fields):
    """The events of these turns of an agent, each of which is answered."""
    events = []
    for number in turns:
        come = await receive(session, turn(number, **fields))
        assert text_of(come) == "yes"
        events += come
    return events


def bills_of(events):
    return [event.usage for event in events if isinstance(event, CacheWritten)]


# When there is one


async def test_an_agent_that_goes_on_has_its_prefix_cached_once_and_deleted_at_its_end(session, server):
    await sent(session, 1, 2, 3, 4)
    assert server.kinds() == ["whole", "create", "cached", "cached", "cached"]
    await session.aclose()
    assert server.kinds()[-1] == "delete"
    assert server.live == {}
    await session.aclose()
    assert server.kinds().count("delete") == 1


async def test_an_agent_with_one_request_has_none(session, server):
    await sent(session, 1, 1)
    await session.aclose()
    assert server.kinds() == ["whole", "whole"]


async def test_the_cache_and_the_rest_are_what_the_whole_request_is(session, server):
    await sent(session, 1, 2, 3)
    created, used = server.log[1][1], server.log[-1][1]
    whole = request_body(turn(3))
    assert created.pop("model") == "models/gemini-2.5-pro"
    assert created.pop("ttl") == "300s"
    assert created == stable_body(turn(3)) == stable_body(turn(1))
    assert used.pop("cachedContent").startswith("cachedContents/")
    assert not {"systemInstruction", "tools", "toolConfig"} & set(used)
    contents = [*created.pop("contents"), *used.pop("contents")]
    assert {**created, **used, "contents": contents} == whole


async def test_a_longer_stable_context_is_cached_whole(session, server):
    await sent(session, 2, 3, 4, stable_messages=3)
    created, used = server.log[1][1], server.log[2][1]
    assert server.kinds() == ["whole", "create", "cached", "cached"]
    assert [len(created["contents"]), len(used["contents"])] == [3, 2]
    assert used["contents"][1]["parts"][0]["functionResponse"]["name"] == "one", "the call is in what follows"


@pytest.mark.parametrize(("model", "least"), [("gemini-2.5-flash", 2048), ("gemini-3-pro-preview", 4096)])
async def test_a_prefix_below_the_models_minimum_has_none(session, server, model, least):
    server.tokens = least - 1
    await sent(session, 1, 2, model=model)
    assert server.kinds() == ["whole", "whole"]


@pytest.mark.parametrize(("model", "least"), [("gemini-2.5-flash", 2048), ("gemini-3-pro-preview", 4096)])
async def test_a_prefix_at_the_models_minimum_has_one(session, server, model, least):
    server.tokens = least
    await sent(session, 1, 2, model=model)
    assert server.kinds() == ["whole", "create", "cached"]


async def test_what_geminis_own_cache_has_needs_no_other(session, server):
    server.carried = 4000
    await sent(session, 1, 2, 3)
    assert server.kinds() == ["whole"] * 3
    server.carried = 100
    await sent(session, 4, 5)
    assert server.kinds()[3:] == ["whole", "create", "cached"], "it may stop to have it"


async def test_another_prefix_does_not_use_the_cache(session, server):
    await sent(session, 1, 2)
    await sent(session, 3, system="You are another.")
    assert server.kinds() == ["whole", "create", "cached", "whole"]
    assert server.log[-1][1]["systemInstruction"] == {"parts": [{"text": "You are another."}]}
    await session.aclose()
    assert server.live == {}


async def test_an_answer_that_is_gone_on_with_has_nothing_beside_its_prefix(session, server):
    """The request that was divided is sent again, with a token: the API wants contents beside a cache."""
    await sent(session, 1)
    paused = Message("assistant", (TextBlock("so far"), ThinkingBlock("", redacted="dG9rZW4=")))
    await receive(session, replace(turn(1), messages=(*turn(1).messages, paused)))
    assert server.kinds() == ["whole", "whole"]
    assert server.log[-1][1]["continuationToken"] == "dG9rZW4="


async def test_two_agents_have_a_cache_each(provider, server):
    for _ in range(2):
        session = await provider.open()
        await sent(session, 1, 2)
        await session.aclose()
    assert server.kinds() == ["whole", "create", "cached", "delete"] * 2


# What it costs


async def test_making_it_is_told_as_a_request_that_cost_its_tokens(session):
    assert bills_of(await sent(session, 1)) == []
    events = await sent(session, 2, 3)
    [bill] = bills_of(events)
    assert events[0] == CacheWritten(bill), "before the answer that it was made for"
    assert (bill.requests, bill.input_tokens, bill.cache_write_tokens) == (1, PREFIX_TOKENS, PREFIX_TOKENS)
    assert (bill.output_tokens, bill.cache_read_tokens) == (0, 0)
    assert bill.cost_usd == pytest.approx(PREFIX_TOKENS * 1.25 / 1e6)


async def test_for_how_long_it_is_kept_is_told_with_every_answer_that_uses_it(session, server, clock):
    assert not any(isinstance(event, CacheHeld) for event in await sent(session, 1))
    assert [event for event in await sent(session, 2) if isinstance(event, CacheHeld)] == [CacheHeld(300.0)]
    clock.now += 100
    assert [event for event in await sent(session, 3) if isinstance(event, CacheHeld)] == [CacheHeld(200.0)]
    server.live.clear()
    assert not any(isinstance(event, CacheHeld) for event in await sent(session, 4)), "the server has lost it"


async def test_what_is_read_from_it_is_within_the_input(session):
    used = usages_of(await sent(session, 1, 2))[-1]
    assert (used.input_tokens, used.cache_read_tokens) == (PREFIX_TOKENS + 20, PREFIX_TOKENS)
    assert used.cost_usd == pytest.approx((20 * 1.25 + PREFIX_TOKENS * 0.125 + 20 * 10) / 1e6)


@pytest.mark.parametrize(
    "said", [{}, {"usageMetadata": {}}, {"usageMetadata": []}, {"usageMetadata": {"totalTokenCount": "many"}}]
)
async def test_a_server_that_does_not_say_how_large_it_is_is_counted_by_the_answer_before(session, server, said):
    server.create = json_answer({"name": "cachedContents/x", **said})
    server.live["cachedContents/x"] = {}
    [bill] = bills_of(await sent(session, 1, 2))
    assert bill.input_tokens == bill.cache_write_tokens == PREFIX_TOKENS


async def test_a_model_without_a_price_makes_a_cache_of_unknown_cost(session):
    [bill] = bills_of(await sent(session, 1, 2, model="gemini-99-experimental"))
    assert bill.cost_usd is None


# Its lifetime


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300), ("1h", 3600)])
async def test_it_lives_as_long_as_the_person_says_and_is_extended_while_it_is_used(
    session, server, clock, ttl, seconds
):
    await sent(session, 1, 2, cache_ttl=ttl)
    assert server.log[1][1]["ttl"] == f"{seconds}s"
    clock.now += seconds * 0.6
    await sent(session, 3, cache_ttl=ttl)
    assert "extend" not in server.kinds()
    clock.now += seconds * 0.1
    await sent(session, 4, 5, cache_ttl=ttl)
    assert server.kinds()[3:] == ["cached", "extend", "cached", "cached"]
    assert server.log[4][1][1] == {"ttl": f"{seconds}s"}
    clock.now += seconds * 0.6
    await sent(session, 6, cache_ttl=ttl)
    assert server.kinds()[-1] == "cached"


async def test_one_that_has_ended_meanwhile_is_made_once_more_and_no_third_time(session, server, clock):
    await sent(session, 1, 2)
    for number in (3, 4):
        clock.now += 300
        server.live.clear()
        await sent(session, number)
    assert server.kinds() == ["whole", "create", "cached", "create", "cached", "whole"]


@pytest.mark.parametrize("answer", [refused(500, "x"), refused(400, "x"), Answer([CUT]), Answer([b"<html>"])])
async def test_one_that_cannot_be_extended_is_used_to_its_end_and_not_extended_again(session, server, clock, answer):
    await sent(session, 1, 2)
    server.extend = answer
    clock.now += 250
    await sent(session, 3)
    clock.now += 10
    await sent(session, 4)
    assert server.kinds().count("cached") == 3
    if answer.status != 200:
        assert server.kinds().count("extend") == 1


async def test_an_extension_that_hangs_holds_nothing_up(session, server, clock, monkeypatch):
    monkeypatch.setattr(gemini_cache, "_EXTEND_S", 0.05)
    await sent(session, 1, 2)
    server.extend = Answer([STALL], headless=True)
    clock.now += 250
    await sent(session, 3)
    assert server.kinds()[-2:] == ["extend", "cached"]


# It vanishes


@pytest.mark.parametrize(
    "answer",
    [
        None,
        refused(403, "CachedContent not found (or permission denied)"),
        refused(404, "Requested entity was not found."),
        refused(400, "Model used by GenerateContent request and CachedContent has to be the same."),
    ],
)
async def test_a_cache_that_is_lost_is_replaced_by_the_whole_request_without_a_word(session, server, answer):
    await sent(session, 1, 2)
    server.live.clear()
    server.use = answer
    events = await sent(session, 3)
    assert server.kinds()[3:] == ["cached", "whole"]
    assert server.log[-1][1] == request_body(turn(3))
    assert [usage.requests for usage in usages_of(events)][-1] == 1
    assert bills_of(events) == []


async def test_after_two_lost_caches_there_is_no_third(session, server):
    await sent(session, 1, 2)
    for number in (3, 4, 5, 6):
        server.live.clear()
        await sent(session, number)
    assert server.kinds().count("create") == 2
    assert server.kinds()[-2:] == ["whole", "whole"]


async def test_a_model_that_does_not_want_its_cache_gets_no_second_one(session, server):
    server.use = refused(400, "CachedContent can not be used with GenerateContent request setting this.")
    await sent(session, 1, 2, 3, 4)
    assert server.kinds() == ["whole", "create", "cached", "whole", "whole", "whole"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refused(429, "slow down"), "too many requests"),
        (refused(503, "busy"), "failed (503)"),
        (refused(400, "The input token count (2) exceeds the maximum"), "too long"),
        (refused(400, "API key not valid."), "refused the key"),
    ],
)
async def test_a_refusal_that_is_not_for_the_cache_is_an_error_as_ever(session, server, answer, words):
    await sent(session, 1, 2)
    server.use = answer
    error = await failure(session, turn(3))
    assert words in error.message
    server.use = None
    await sent(session, 3)
    assert server.kinds()[3:] == ["cached", "cached"], "the cache is still there"


# It cannot be made


REFUSALS = {
    "free key": refused(429, "TotalCachedContentStorageTokensPerModelFreeTier limit exceeded: limit=0"),
    "invalid": refused(400, "Request contains an invalid argument."),
    "forbidden": refused(403, "The caller does not have permission"),
    "unknown": refused(404, "models/x is not supported for createCachedContent."),
    "not built in": refused(501, "Not implemented"),
    "broken": refused(500, "Internal"),
    "elsewhere": Answer([b""], 302, {"location": "https://elsewhere.example/"}),
    "a page": Answer([b"<html>Sign in</html>"], 200, {"content-type": "text/html"}),
    "a page of an error": Answer([b"<html>Sign in</html>"], 403, {"content-type": "text/html"}),
    "nothing": Answer([b""]),
    "cut": Answer([b'{"name": "cached', CUT], 200, JSON),
    "endless": Answer([b"x" * 10_000] * 20, 200, JSON),
    "a list": json_answer([1]),
    "no name": json_answer({"model": "x"}),
    "a bad name": json_answer({"name": "cachedContents/../models/x"}),
    "a name that is none": json_answer({"name": 5}),
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
async def test_where_none_can_be_made_the_agent_goes_on_without(session, server, answer, caplog):
    server.create = answer
    events = await sent(session, 1, 2, 3)
    await session.aclose()
    assert server.kinds() == ["whole", "create", "whole", "whole"]
    assert bills_of(events) == []
    assert "Gemini did not make a cache: " in caplog.text


@pytest.mark.parametrize("why", ["free key", "forbidden", "unknown", "not built in"])
async def test_a_server_that_never_makes_one_is_asked_once_by_all_agents(provider, server, why):
    server.create = REFUSALS[why]
    for _ in range(3):
        session = await provider.open()
        await sent(session, 1, 2)
        await session.aclose()
    assert server.kinds().count("create") == 1


async def test_the_servers_own_minimum_is_believed(provider, server):
    server.create = refused(400, "Cached content is too small. total_token_count=5000, min_total_token_count=5001")
    for _ in range(2):
        session = await provider.open()
        await sent(session, 1, 2)
        await session.aclose()
    assert server.kinds().count("create") == 1
    server.create, server.tokens = None, 5001
    session = await provider.open()
    await sent(session, 1, 2)
    await session.aclose()
    assert server.kinds()[-3:] == ["create", "cached", "delete"]


def test_a_minimum_may_be_lower_than_is_known_too():
    terms = CacheTerms()
    assert not terms.fits("gemini-3-flash-preview", 1024)
    terms.learn("gemini-3-flash-preview", Refusal(400, {}, "total_token_count=9, min_total_token_count=1024"))
    assert terms.fits("gemini-3-flash-preview", 1024)
    assert not terms.fits("gemini-3-flash-preview", 1023)
    assert terms.fits("gemini-2.5-flash", 2048)


async def test_one_that_takes_too_long_is_not_waited_for(session, server, monkeypatch):
    monkeypatch.setattr(gemini_cache, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(gemini_cache, "_END_S", 0.05)
    server.create = Answer([STALL], headless=True)
    events = await sent(session, 1, 2, 3)
    assert server.kinds() == ["whole", "create", "whole", "whole"]
    assert bills_of(events) == []
    await session.aclose()


async def test_one_that_came_late_is_used_by_a_later_request_and_counted_once(session, server, monkeypatch):
    monkeypatch.setattr(gemini_cache, "_PATIENCE_S", 0.01)
    body = json_answer({"name": "cachedContents/late", "usageMetadata": {"totalTokenCount": PREFIX_TOKENS}}).pieces[0]
    server.live["cachedContents/late"] = {}
    server.create = Answer([0.1, body], 200, JSON, headless=False)
    bills = bills_of(await sent(session, 1, 2))
    assert server.kinds() == ["whole", "create", "whole"]
    async with asyncio.timeout(10):
        for number in itertools.takewhile(lambda _: "cached" not in server.kinds(), itertools.count(3)):
            bills += bills_of(await sent(session, number))
    assert [bill.input_tokens for bill in bills] == [PREFIX_TOKENS]
    await session.aclose()
    assert server.live == {}


async def test_an_agent_that_is_cancelled_while_it_is_made_leaves_none_behind(session, server):
    body = json_answer({"name": "cachedContents/late"}).pieces[0]
    server.live["cachedContents/late"] = {}
    server.create = Answer([0.1, body], 200, JSON)
    await sent(session, 1)
    asked = asyncio.create_task(receive(session, turn(2)))
    assert await asyncio.to_thread(server.wait_for, "create", 10)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await session.aclose()
    assert server.kinds() == ["whole", "create", "delete"]
    assert server.live == {}


# The end


@pytest.mark.parametrize(
    "answer",
    [refused(500, "x"), refused(429, "x"), Answer([CUT]), Answer([b"<html>"], 502, {"content-type": "text/html"})],
)
async def test_one_that_cannot_be_deleted_is_a_line_in_the_log(session, server, answer, caplog):
    await sent(session, 1, 2)
    server.delete = answer
    await session.aclose()
    assert server.kinds()[-1] == "delete"
    if answer.status != 200:
        assert "Gemini did not delete a cache: " in caplog.text


async def test_one_that_is_gone_already_is_not_even_that(session, server, caplog):
    await sent(session, 1, 2)
    server.live.clear()
    await session.aclose()
    assert server.kinds()[-1] == "delete"
    assert "delete" not in caplog.text


async def test_a_deletion_that_hangs_is_left(session, server, monkeypatch, caplog):
    monkeypatch.setattr(gemini_cache, "_END_S", 0.05)
    await sent(session, 1, 2)
    server.delete = Answer([STALL], headless=True)
    async with asyncio.timeout(5):
        await session.aclose()
    assert "too slow" in caplog.text


async def test_it_is_deleted_where_the_agent_is_cancelled_while_it_closes(session, server):
    await sent(session, 1, 2)
    closing = asyncio.create_task(session.aclose())
    for _ in range(3):
        await asyncio.sleep(0)
        closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert server.kinds()[-1] == "delete"
    assert server.live == {}


async def test_closing_the_answer_early_leaves_the_cache_for_the_next_request(session, server):
    await sent(session, 1)
    stream = session.stream(turn(2))
    async with contextlib.aclosing(stream):
        assert isinstance(await anext(stream), CacheWritten)
    await sent(session, 3)
    assert server.kinds() == ["whole", "create", "cached"]


# In an agent's loop


async def test_an_agents_usage_has_its_cache_as_a_request_of_its_own(provider, server, threads, tmp_path):
    sink = RecordingSink()
    await run_agent(agent_of(tmp_path), services(sink, provider, threads))
    assert server.kinds() == ["whole", "create", "cached", "cached", "delete"]
    used = [event.usage for event in sink.of("usage")]
    assert [usage.cache_write_tokens for usage in used] == [0, PREFIX_TOKENS, 0, 0]
    assert [usage.cache_read_tokens for usage in used] == [0, 0, PREFIX_TOKENS, PREFIX_TOKENS]
    total = total_usage(used)
    assert total.requests == 4
    assert total.cost_usd == pytest.approx(sum(usage.cost_usd for usage in used))


async def test_an_agent_that_is_cancelled_deletes_its_cache(provider, server, threads, tmp_path):
    server.use = Answer([STALL])
    agent = asyncio.create_task(run_agent(agent_of(tmp_path), services(RecordingSink(), provider, threads)))
    assert await asyncio.to_thread(server.wait_for, "cached", 10)
    agent.cancel()
    with pytest.raises(asyncio.CancelledError):
        await agent
    assert server.kinds()[-1] == "delete"
    assert server.live == {}


def agent_of(root):
    """One that says words without a tool call three times, and then gives up."""
    choice = ModelChoice(provider="gemini", model="gemini-2.5-pro")
    return agent_request(root, choice=choice, limits=Limits(repairs=2))
