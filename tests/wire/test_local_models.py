"""What servers of OpenAI's API say of their models at addresses of their own: llama.cpp, LM Studio, Ollama, vLLM."""

import json

import pytest
from dialect import CANARY_KEY
from exchange import ThreadOffload
from loopback import STALL, Answer, LoopbackServer

from slop_qt.providers import openai_models
from slop_qt.providers.openai_compatible import OpenAIProvider

JSON = {"content-type": "application/json"}


def page(body, status=200):
    return Answer([json.dumps(body).encode()], status, JSON)


async def asked(pages, chosen=(), key=""):
    """The models of a server with these pages below its root, by name, and the requests for them."""

    def respond(request):
        return pages.get(request.path, page({"error": "not found"}, 404))

    with LoopbackServer(respond) as server:
        provider = OpenAIProvider(key=key, base_url=f"{server.base_url}/v1", offload=ThreadOffload())
        models = await provider.models(chosen)
    return {model.name: model for model in models}, server.received


def listing(*entries):
    return page({"object": "list", "data": list(entries)})


async def test_llama_cpp_says_what_it_was_started_with():
    entry = {"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131_072}}
    props = page({"default_generation_settings": {"n_ctx": 8192}, "total_slots": 4})
    models, _ = await asked({"/v1/models": listing(entry), "/props": props})
    assert models["m.gguf"].context_tokens == 8192


@pytest.mark.parametrize(
    "props",
    [
        page({}, 501),
        page({"default_generation_settings": None}),
        page({"default_generation_settings": {"n_ctx": "8k"}}),
        page([]),
        Answer([b"<html>"], headers=JSON),
        Answer([STALL], headers=JSON),
        Answer([b" " * 1_000_000] * 5, headers=JSON),
    ],
)
async def test_without_it_the_list_stands(monkeypatch, props):
    monkeypatch.setattr(openai_models, "_DETAIL_S", 0.2)
    entry = {"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131_072}}
    models, _ = await asked({"/v1/models": listing(entry), "/props": props})
    assert models["m.gguf"].context_tokens == 131_072


async def test_lm_studio_says_windows_and_what_cannot_chat():
    entries = [{"id": name, "object": "model", "owned_by": "organization_owner"} for name in ("a", "b", "embed")]
    studio = [
        {"id": "a", "type": "llm", "max_context_length": 32_768, "loaded_context_length": 4096, "state": "loaded"},
        {"id": "b", "type": "vlm", "max_context_length": 131_072, "state": "not-loaded"},
        {"id": "embed", "type": "embeddings", "max_context_length": 512},
    ]
    models, _ = await asked({"/v1/models": listing(*entries), "/api/v0/models": listing(*studio)})
    assert {name: model.context_tokens for name, model in models.items()} == {"a": 4096, "b": 131_072}


OLLAMA = [{"id": name, "object": "model", "owned_by": "library"} for name in ("qwen3:latest", "llama3.2:1b")]
SHOWN = {
    "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40_960},
    "capabilities": ["completion", "tools", "thinking"],
    "parameters": "stop   <|im_end|>\ntemperature   0.6",
}


async def test_ollama_is_asked_about_the_chosen_models_alone():
    pages = {"/v1/models": listing(*OLLAMA), "/api/show": page(SHOWN), "/api/ps": page({"models": []})}
    models, received = await asked(pages, chosen={"qwen3"})
    qwen, llama = models["qwen3:latest"], models["llama3.2:1b"]
    assert (qwen.context_tokens, qwen.tools, qwen.thinking) == (40_960, True, True)
    assert (llama.context_tokens, llama.tools, llama.thinking) == (None, None, None)
    shows = [request for request in received if request.path == "/api/show"]
    assert [request.body for request in shows] == [{"model": "qwen3:latest"}]
    _, received = await asked(pages)
    assert [request.path for request in received] == ["/v1/models"]


@pytest.mark.parametrize(
    ("shown", "loaded", "window"),
    [
        ({**SHOWN, "parameters": "num_ctx    8192\nstop x"}, None, 8192),
        (SHOWN, 4096, 4096),
        ({**SHOWN, "parameters": "num_ctx 99999999999999999999"}, None, 40_960),
        ({"capabilities": "tools", "parameters": 7, "model_info": []}, None, None),
        ({"model_info": {"x.context_length": None}}, None, None),
    ],
)
async def test_the_smallest_window_that_ollama_names_counts(shown, loaded, window):
    running = [{"name": "qwen3:latest", "context_length": loaded}] if loaded else "nonsense"
    pages = {"/v1/models": listing(*OLLAMA), "/api/show": page(shown), "/api/ps": page({"models": running})}
    models, _ = await asked(pages, chosen={"qwen3:latest"})
    assert models["qwen3:latest"].context_tokens == window


async def test_vllm_and_gateways_say_it_in_the_list():
    entries = [
        {"id": "a", "owned_by": "vllm", "max_model_len": 4096},
        {"id": "b", "context_window": 131_072, "max_completion_tokens": 8192},
        {"id": "c", "context_length": 10_000},
    ]
    models, received = await asked({"/v1/models": listing(*entries)})
    assert [model.context_tokens for model in models.values()] == [4096, 131_072, 10_000]
    assert models["b"].output_tokens == 8192
    assert len(received) == 1


async def test_a_bare_list_is_understood():
    models, _ = await asked({"/v1/models": page([{"id": "together"}])})
    assert list(models) == ["together"]


async def test_a_key_goes_along_where_there_is_one_and_no_word_for_one_elsewhere():
    entry = {"id": "m", "owned_by": "llamacpp"}
    pages = {"/v1/models": listing(entry), "/props": page({})}
    _, received = await asked(pages, key=CANARY_KEY)
    assert [request.headers["authorization"] for request in received] == [f"Bearer {CANARY_KEY}"] * 2
    _, received = await asked(pages)
    assert ["authorization" in request.headers for request in received] == [False, False]
