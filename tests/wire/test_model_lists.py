"""Which models a provider has: what each vendor's list says, and whatever else may answer there, with the real SDKs."""

import json
import traceback
from datetime import date

import pytest
from dialect import CANARY_KEY
from dialects import DIALECTS
from exchange import ThreadOffload
from loopback import CUT, STALL, Answer, LoopbackServer

from slop_qt.core.errors import ProviderError
from slop_qt.core.models import ModelInfo
from slop_qt.providers import model_listing

JSON = {"content-type": "application/json"}
ANTHROPIC = [
    {
        "type": "model",
        "id": "claude-x",
        "display_name": "Claude X",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "deprecated",
        "deprecated_at": "2026-09-01T00:00:00Z",
        "retires_at": "2027-02-03T00:00:00Z",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {"thinking": {"supported": True, "types": {}}},
    },
    {"type": "model", "id": "claude-y", "display_name": "Claude Y", "lifecycle": "active", "deprecated_at": None},
]
GEMINI = [
    {
        "name": "models/gemini-x",
        "displayName": "Gemini X",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": True,
    },
    {"name": "models/embed-x", "supportedGenerationMethods": ["embedContent"]},
    {"name": "models/gemini-y", "supportedGenerationMethods": ["generateContent"]},
]
OPENAI = [
    {"id": "gpt-x", "object": "model", "created": 1, "owned_by": "openai", "shutdown_date": "2027-02-03"},
    {"id": "served", "object": "model", "owned_by": "vllm", "max_model_len": 32_768},
]
FIELD = {"anthropic": "data", "gemini": "models", "openai": "data"}
PATH = {"anthropic": "/v1/models", "gemini": "/v1beta/models", "openai": "/v1/models"}
LISTS = {"anthropic": ANTHROPIC, "gemini": GEMINI, "openai": OPENAI}


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


def page(body, status=200, **more):
    return Answer([json.dumps(body).encode()], status, JSON | more)


async def listed(dialect, base_url, key=CANARY_KEY, chosen=()):
    return await dialect.provider(base_url, ThreadOffload(), key).models(chosen)


async def refusal(dialect, answer):
    """The error that asking comes to; it shows no key, and nothing was asked twice."""
    with LoopbackServer.saying(answer) as server:
        with pytest.raises(ProviderError) as caught:
            await listed(dialect, server.base_url)
        assert server.wait_until_left(10), "no connection is left open"
    assert len(server.received) == 1
    assert CANARY_KEY not in "".join(traceback.format_exception(caught.value))
    return caught.value


async def test_a_list_says_what_its_vendor_says(dialect):
    with LoopbackServer.saying(page({FIELD[dialect.name]: LISTS[dialect.name]})) as server:
        models = await listed(dialect, server.base_url)
    (request,) = server.received
    assert (request.method, request.path.partition("?")[0]) == ("GET", PATH[dialect.name])
    assert dialect.carries_key(request)
    made = {"provider": dialect.name, "source": "provider"}
    assert (
        models
        == {
            "anthropic": (
                ModelInfo(
                    name="claude-x",
                    label="Claude X",
                    context_tokens=1_000_000,
                    output_tokens=128_000,
                    thinking=True,
                    deprecated=True,
                    retires=date(2027, 2, 3),
                    **made,
                ),
                ModelInfo(name="claude-y", label="Claude Y", **made),
            ),
            "gemini": (
                ModelInfo(
                    name="gemini-x",
                    label="Gemini X",
                    context_tokens=1_048_576,
                    output_tokens=65_536,
                    thinking=True,
                    **made,
                ),
                ModelInfo(name="gemini-y", **made),
            ),
            "openai": (
                ModelInfo(name="gpt-x", deprecated=True, retires=date(2027, 2, 3), **made),
                ModelInfo(name="served", context_tokens=32_768, **made),
            ),
        }[dialect.name]
    )


async def test_a_list_says_what_the_adapter_says_that_it_says(dialect):
    """Of the vendor's own; what the entry of vLLM says besides is a server's."""
    with LoopbackServer.saying(page({FIELD[dialect.name]: LISTS[dialect.name][:1]})) as server:
        (model,) = await listed(dialect, server.base_url)
    said = model.model_dump(exclude={"provider", "name", "source"}, exclude_defaults=True)
    assert set(said) == set(dialect.provider(server.base_url, None).capabilities.lists)


async def test_an_empty_list_is_one(dialect):
    with LoopbackServer.saying(page({FIELD[dialect.name]: []})) as server:
        assert await listed(dialect, server.base_url) == ()


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "a word",
        {},
        {"id": None, "name": 5},
        {"id": "x" * 5000, "name": "models/" + "x" * 5000},
        {"id": "bell\x07", "name": "models/bell\x07"},
        {"id": "  ", "name": "  "},
    ],
)
async def test_entries_that_are_none_are_left_out(dialect, entry):
    entries = [entry, *LISTS[dialect.name]]
    with LoopbackServer.saying(page({FIELD[dialect.name]: entries})) as server:
        assert len(await listed(dialect, server.base_url)) == 2


@pytest.mark.parametrize("nonsense", [None, -1, 0, True, 1.5, "many", 10**30, [], {}])
async def test_fields_that_make_no_sense_are_not_known(dialect, nonsense):
    """Whatever they are, the model is there."""
    names = ("max_input_tokens", "max_tokens", "inputTokenLimit", "outputTokenLimit", "max_model_len", "retires_at")
    others = (
        "shutdown_date",
        "capabilities",
        "thinking",
        "display_name",
        "displayName",
        "lifecycle",
        "owned_by",
        "meta",
    )
    entry = {"id": "x", "name": "models/x", **dict.fromkeys((*names, *others), nonsense)}
    with LoopbackServer.saying(page({FIELD[dialect.name]: [entry]})) as server:
        (model,) = await listed(dialect, server.base_url)
    assert (model.name, model.context_tokens, model.output_tokens, model.retires) == ("x", None, None, None)


async def test_a_model_is_listed_once(dialect):
    entries = [LISTS[dialect.name][0]] * 3
    with LoopbackServer.saying(page({FIELD[dialect.name]: entries})) as server:
        assert len(await listed(dialect, server.base_url)) == 1


def test_anthropic_has_pages(run_models):
    first, second = (
        {"data": [one], "has_more": more, "last_id": one["id"]}
        for one, more in zip(ANTHROPIC, (True, False), strict=True)
    )
    models, paths = run_models("anthropic", page(first), page(second))
    assert [model.name for model in models] == ["claude-x", "claude-y"]
    assert "after_id" not in paths[0] and "after_id=claude-x" in paths[1]
    assert all("limit=1000" in path for path in paths)


def test_gemini_has_pages(run_models):
    models, paths = run_models(
        "gemini", page({"models": GEMINI[:1], "nextPageToken": "more/+="}), page({"models": GEMINI[1:]})
    )
    assert [model.name for model in models] == ["gemini-x", "gemini-y"]
    assert "pageToken" not in paths[0] and "pageToken=more/%2B%3D" in paths[1]


@pytest.fixture
def run_models():
    """The models of a list in pages, and the paths that were asked for."""
    import asyncio

    def run(name, *answers):
        (dialect,) = [dialect for dialect in DIALECTS if dialect.name == name]
        with LoopbackServer.saying(*answers) as server:
            models = asyncio.run(listed(dialect, server.base_url))
        return models, [request.path for request in server.received]

    return run


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("name", ["anthropic", "gemini"])
async def test_a_list_without_end_is_read_to_a_bound(name, fresh):
    (dialect,) = [dialect for dialect in DIALECTS if dialect.name == name]
    count = 0

    def respond(_):
        nonlocal count
        count += 1
        after = f"m{count}" if fresh else "m1"
        return page({"data": [{"id": after}], "has_more": True, "last_id": after, "models": [], "nextPageToken": after})

    with LoopbackServer(respond) as server:
        await listed(dialect, server.base_url)
    assert len(server.received) == (10 if fresh else 2)


@pytest.mark.parametrize(
    ("status", "words"), [(403, "not allow this key"), (404, "no list of models"), (500, "failed"), (429, "too many")]
)
async def test_a_refusal_is_a_sentence(dialect, status, words):
    error = await refusal(dialect, dialect.refusal(status, f"no {CANARY_KEY}"))
    assert words in error.message and str(status) in error.message
    assert error.hint or status == 500


async def test_a_wrong_key_is_said_with_where_to_set_it(dialect):
    error = await refusal(dialect, dialect.bad_key(f"bad {CANARY_KEY}"))
    assert "refused the key" in error.message
    assert "API_KEY" in error.hint and "settings" in error.hint


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer([b"<html>Log in</html>"], headers={"content-type": "text/html"}), "text/html"),
        (Answer([b"<html>Log in</html>"], headers=JSON), "no JSON"),
        (Answer([], headers=JSON), "no JSON"),
        (Answer([b'{"data": [{"id": "x"}'], headers=JSON), "no JSON"),
        (Answer([b'"models"'], headers=JSON), "another shape"),
        (Answer([b" " * 1_000_000] * 9, headers=JSON), "8 MiB"),
        (Answer([b'{"data": [', CUT], headers=JSON), ""),
        (Answer([], 302, {"location": "https://elsewhere.example/models"}), "elsewhere.example"),
    ],
    ids=["page", "page as JSON", "nothing", "cut JSON", "a string", "9 MB", "cut connection", "redirect"],
)
async def test_what_is_no_list_is_a_sentence(dialect, answer, words):
    error = await refusal(dialect, answer)
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize("pieces", [[STALL], [b'{"data": [', STALL]], ids=["no body", "half a body"])
@pytest.mark.parametrize("headless", [True, False])
async def test_one_that_stalls_is_given_up(dialect, monkeypatch, pieces, headless):
    monkeypatch.setattr(model_listing, "_ALL_S", 0.3)
    answer = Answer([STALL] if headless else pieces, headers=JSON, headless=headless)
    error = await refusal(dialect, answer)
    assert "did not answer in time" in error.message


async def test_nobody_there_is_said(dialect):
    with LoopbackServer.saying(page({})) as server:
        gone = server.base_url
    with pytest.raises(ProviderError, match="refuses connections"):
        await listed(dialect, gone)
