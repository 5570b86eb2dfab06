"""A server of the settings, for each API: its own name in messages and lists, its own prices, and no vendor's."""

import pytest
from dialect import CANARY_KEY, Reply, question
from dialects import DIALECTS
from exchange import ThreadOffload, failure, receive, text_of, usages_of
from loopback import Answer, LoopbackServer
from openai_dialect import OpenAIDialect

from slop_qt.core.errors import ProviderError
from slop_qt.core.settings import Server
from slop_qt.providers.registry import open_provider


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


def opened(dialect, base_url, key=CANARY_KEY):
    server = Server(base_url=base_url, api=dialect.name, key_variable="BOX_KEY" if key else None)
    return open_provider("box", environment={"BOX_KEY": key}, offload=ThreadOffload(), servers={"box": server})


async def test_it_answers_as_the_vendor_does_at_prices_that_nobody_knows(dialect):
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("yes",))).events)) as server:
        provider = opened(dialect, server.base_url)
        session = await provider.open()
        events = await receive(session, question(dialect))
        await session.aclose()
    assert (provider.name, text_of(events)) == ("box", "yes")
    assert usages_of(events)[-1].cost_usd is None
    assert dialect.carries_key(server.received[0])


@pytest.mark.parametrize(
    "answer",
    [
        Answer([b"<html>"], headers={"content-type": "text/html"}),
        Answer([b"data: {nonsense\n\n"]),
        Answer([], 302, {"location": "https://elsewhere.example"}),
    ],
    ids=["page", "nonsense", "redirect"],
)
async def test_what_goes_wrong_names_its_own_setting(dialect, answer):
    with LoopbackServer.saying(answer) as server:
        session = await opened(dialect, server.base_url).open()
        error = await failure(session, question(dialect))
        await session.aclose()
    assert "servers.box.base_url in your settings" in error.hint
    assert dialect.address_variable not in str(error)


async def test_one_that_asks_for_no_key_gets_none(dialect):
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("yes",))).events)) as server:
        session = await opened(dialect, server.base_url, key="").open()
        assert text_of(await receive(session, question(dialect))) == "yes"
        await session.aclose()
    (request,) = server.received
    assert request.headers.get("authorization") in {None, "Bearer none"}
    assert request.headers.get("x-goog-api-key") in {None, "none"}


MEANT_FOR_THE_VENDOR = {
    "ANTHROPIC_CUSTOM_HEADERS": "X-Gateway-Token: for-the-vendor\nauthorization: Bearer for-the-vendor",
    "ANTHROPIC_AUTH_TOKEN": "for-the-vendor",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer for-the-vendor\nX-Gateway-Token: for-the-vendor",
    "OPENAI_ORG_ID": "for-the-vendor",
    "OPENAI_PROJECT_ID": "for-the-vendor",
    "OPENAI_ADMIN_KEY": "for-the-vendor",
    "GOOGLE_API_KEY": "for-the-vendor",
}


@pytest.mark.parametrize("key", [CANARY_KEY, ""], ids=["with a key", "without"])
async def test_what_the_vendors_variables_hold_goes_to_no_other_server(dialect, monkeypatch, key):
    for variable, value in MEANT_FOR_THE_VENDOR.items():
        monkeypatch.setenv(variable, value)
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("yes",))).events)) as server:
        provider = opened(dialect, server.base_url, key=key)
        session = await provider.open()
        assert text_of(await receive(session, question(dialect))) == "yes"
        await session.count(question(dialect))
        await session.aclose()
        with pytest.raises(ProviderError):
            await provider.models()
    assert len(server.received) == 3
    for request in server.received:
        assert "for-the-vendor" not in str(request.headers)
        assert not key or dialect.carries_key(request)


async def test_they_go_to_where_the_vendor_is_moved_to(monkeypatch):
    """A proxy before it wants them."""
    dialect = OpenAIDialect()
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway-Token: for-the-vendor")
    with LoopbackServer.saying(Answer(dialect.wire(Reply(text=("yes",))).events)) as server:
        session = await dialect.provider(server.base_url, ThreadOffload()).open()
        await receive(session, question(dialect))
        await session.aclose()
    assert server.received[0].headers["x-gateway-token"] == "for-the-vendor"


async def test_its_models_are_listed_under_its_name(dialect):
    body = b'{"data": [{"id": "m"}], "models": [{"name": "models/m"}]}'
    with LoopbackServer.saying(Answer([body], headers={"content-type": "application/json"})) as server:
        (model,) = await opened(dialect, server.base_url).models()
    assert (model.provider, model.name) == ("box", "m")


def test_a_known_address_has_its_prices():
    """DeepSeek's, by the name that everybody has for it."""
    from slop_qt.core.usage import Usage
    from slop_qt.providers.pricing import Prices
    from slop_qt.providers.servers import place_of

    address = place_of("deepseek", {}, {}).base_url
    assert Prices().cost_at_usd(address, "deepseek-chat", Usage(requests=1, input_tokens=10**6)) > 0
