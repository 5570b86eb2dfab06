"""What is found on this machine's ports: model servers by what they answer, and nothing else whatever it does."""

import json
import time
from urllib.parse import urlsplit

import pytest
from dialect import CANARY_KEY
from loopback import CUT, STALL, Answer, LoopbackServer

from slop_qt.providers import local_servers
from slop_qt.providers.local_servers import FoundServer, find_local_servers

JSON = {"content-type": "application/json"}


def page(body, status=200):
    return Answer([json.dumps(body).encode()], status, JSON)


OLLAMA = {
    "/api/version": page({"version": "0.12.3"}),
    "/api/tags": page({"models": [{"name": "qwen3:latest"}, {"name": "llama3.2:1b"}, {"name": 5}, "x"]}),
    "/v1/models": page({"object": "list", "data": [{"id": "qwen3:latest", "owned_by": "library"}]}),
}
LM_STUDIO = {
    "/v1/models": page({"data": [{"id": "m", "owned_by": "organization_owner"}]}),
    "/api/v0/models": page({"data": [{"id": "m", "type": "llm"}, {"id": "e", "type": "embeddings"}], "object": "list"}),
}
LLAMA_CPP = {
    "/v1/models": page({"data": [{"id": "m.gguf", "owned_by": "llamacpp"}], "models": []}),
    "/props": page({"default_generation_settings": {"n_ctx": 4096}}),
    "/api/tags": page({"models": [{"name": "m.gguf"}]}),
}


def server(pages, otherwise=None):
    return LoopbackServer(lambda request: pages.get(request.path, otherwise or page({"error": "no"}, 404)))


def port(running):
    return urlsplit(running.base_url).port


@pytest.mark.parametrize(
    ("pages", "kind", "models"),
    [
        (OLLAMA, "ollama", ("qwen3:latest", "llama3.2:1b")),
        (LM_STUDIO, "lmstudio", ("m",)),
        (LLAMA_CPP, "llamacpp", ("m.gguf",)),
        ({**LLAMA_CPP, "/v1/models": page({"data": [{"id": "m.gguf"}]})}, "llamacpp", ("m.gguf",)),
        ({**OLLAMA, "/api/tags": page({"models": []})}, "ollama", ()),
    ],
)
async def test_a_server_is_known_by_its_answers_and_not_by_its_port(pages, kind, models):
    with server(pages) as running:
        found = await find_local_servers([port(running)])
    assert found == (FoundServer(kind, f"{running.base_url}/v1", models),)
    for request in running.received:
        assert request.method == "GET" and request.raw == b""
        assert not {"authorization", "x-api-key", "cookie"} & set(request.headers)


async def test_one_that_says_something_else_where_it_knows_nothing_is_known_all_the_same():
    """LM Studio answers 200 with an error everywhere."""
    with server(LM_STUDIO, page({"error": "Unexpected endpoint or method."})) as running:
        (found,) = await find_local_servers([port(running)])
    assert found.kind == "lmstudio"


@pytest.mark.parametrize(
    "answer",
    [
        Answer([b"<html>My router</html>"], headers={"content-type": "text/html"}),
        Answer([b"\x00\xff garbage"], headers=JSON),
        Answer([b"SSH-2.0-OpenSSH_9.6\r\n"], headless=True),
        page({}),
        page([]),
        page(None),
        page({"data": "models", "models": 5, "version": 7, "default_generation_settings": {}}),
        page({"version": "1.0"}),
        page({"data": [{"id": "m", "owned_by": "vllm"}]}, 401),
        page({"data": [], "version": "1.0", "models": []}, 500),
        Answer([], 302, {"location": "http://127.0.0.1:1/elsewhere"}),
        Answer([CUT], headers=JSON),
        Answer([b" " * 1_000_000] * 3, headers=JSON),
        Answer([], headers=JSON),
    ],
    ids=str,
)
async def test_other_things_on_these_ports_are_not_listed(answer):
    with LoopbackServer.saying(answer) as running:
        assert await find_local_servers([port(running)]) == ()
        assert running.wait_until_left(10), "no connection is left open"


async def test_nobody_on_a_port_is_nothing():
    with server({}) as running:
        gone = port(running)
    assert await find_local_servers([gone]) == ()
    assert await find_local_servers([]) == ()


@pytest.mark.parametrize("answer", [Answer([STALL], headless=True), Answer([b"{", STALL], headers=JSON)])
async def test_a_stall_holds_up_nothing_but_itself(monkeypatch, answer):
    monkeypatch.setattr(local_servers, "_PORT_S", 0.5)
    begun = time.monotonic()
    with LoopbackServer.saying(answer) as stalls, server(OLLAMA) as answers, server(OLLAMA, answer) as stalls_elsewhere:
        found = await find_local_servers([port(stalls), port(answers), port(stalls_elsewhere)])
        assert stalls.wait_until_left(10)
    assert [one.base_url for one in found] == [f"{answers.base_url}/v1", f"{stalls_elsewhere.base_url}/v1"]
    assert time.monotonic() - begun < 5


async def test_neither_proxies_nor_passwords_of_the_environment_are_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {CANARY_KEY}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with server({}) as proxy, server(OLLAMA) as running:
        monkeypatch.setenv("http_proxy", proxy.base_url)
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        assert len(await find_local_servers([port(running)])) == 1
    assert proxy.received == []
    assert not any("authorization" in request.headers for request in running.received)


async def test_a_thousand_models_are_cut_to_what_a_menu_holds():
    many = page({"models": [{"name": f"m{number}"} for number in range(1000)]})
    with server({**OLLAMA, "/api/tags": many}) as running:
        (found,) = await find_local_servers([port(running)])
    assert len(found.models) == 200
