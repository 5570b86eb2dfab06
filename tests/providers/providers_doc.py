"""docs/providers.md, written from the adapters: `python tests/providers/providers_doc.py` (`make docs`) renews it."""

from pathlib import Path

from slop_qt.core.errors import ConfigurationError, ProviderError
from slop_qt.providers.anthropic import AnthropicProvider
from slop_qt.providers.endpoint import Endpoint
from slop_qt.providers.gemini import GeminiProvider
from slop_qt.providers.http_failures import FailureTranslator, Refusal
from slop_qt.providers.openai_compatible import OpenAIProvider
from slop_qt.providers.openai_wire import OPENAI
from slop_qt.providers.scripted import ScriptedProvider
from slop_qt.providers.servers import PRESETS, label_of

__all__ = ["ADAPTERS", "FILE", "rendered"]

FILE = Path(__file__).parents[2] / "docs" / "providers.md"
ADAPTERS = (AnthropicProvider, GeminiProvider, OpenAIProvider, ScriptedProvider)

_KEYLESS = {"never": "no", "elsewhere": "yes, at any address but the vendor's", "always": "yes"}
_ASKED = {"tokens": "yes, a number of tokens", "effort": "yes, as low, medium or high effort", None: "no"}
_RETURNED = {"signed": "yes, with its signature", "named": "yes, where it came as `reasoning_content`", None: "no"}
_PRICES = {"model": "by the model's name", "address and model": "by address and model", None: "none"}
_CACHING = {
    "marks": "up to four marks in the request",
    "made": "by itself, and a cache that is made for an agent with a long context",
    "hint": "by itself; OpenAI is told which requests begin alike",
    None: "none",
}
_FACTS = {
    "label": "label",
    "context_tokens": "context window",
    "output_tokens": "longest answer",
    "thinking": "whether it thinks",
    "deprecated": "deprecation",
    "retires": "retirement",
}
_YES = {True: "yes", False: "no"}


class _RefusedError(Exception):
    """What an SDK would raise."""

    def __init__(self, refusal):
        self.refusal = refusal


_FAILURES = (
    ("400, the conversation too long", _RefusedError(Refusal(400, {}, kind="overflow"))),
    ("400, any other", _RefusedError(Refusal(400, {}))),
    ("401", _RefusedError(Refusal(401, {}))),
    ("402", _RefusedError(Refusal(402, {}))),
    ("403", _RefusedError(Refusal(403, {}))),
    ("404", _RefusedError(Refusal(404, {}))),
    ("413", _RefusedError(Refusal(413, {}))),
    ("429", _RefusedError(Refusal(429, {}))),
    ("429, no credit left", _RefusedError(Refusal(429, {}, kind="quota"))),
    ("500 and above", _RefusedError(Refusal(500, {}))),
    ("503 with `Retry-After`", _RefusedError(Refusal(503, {}, retry_after_s=7))),
    ("529", _RefusedError(Refusal(529, {}))),
    ("a redirect", _RefusedError(Refusal(302, {"location": "https://elsewhere.example"}))),
    ("nothing listens there", ConnectionRefusedError()),
    ("too late", TimeoutError()),
    ("the connection breaks", ConnectionResetError()),
)


def rendered():
    """The whole file."""
    return _TEXT.format(capabilities=_capabilities(), setup=_setup(), presets=_presets(), failures=_failures())


def _table(head, *rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _capabilities():
    can = [adapter.capabilities for adapter in ADAPTERS]
    return _table(
        ["", *(f"`{adapter.name}`" for adapter in ADAPTERS)],
        ["text as it comes", *(_YES[c.streams_text] for c in can)],
        ["thinking shown", *(_YES[c.shows_thinking] for c in can)],
        ["thinking can be asked for", *(_ASKED[c.thinking_asked] for c in can)],
        ["thinking sent back", *(_RETURNED[c.returns_thinking] for c in can)],
        ["several tool calls in one answer", *(_YES[c.parallel_calls] for c in can)],
        ["arguments as raw JSON, in pieces", *(_YES[c.raw_arguments] for c in can)],
        ["prompt caching", *(_CACHING[c.caching] for c in can)],
        ["cache lifetime to choose", *(", ".join(f"`{ttl}`" for ttl in c.cache_ttls) or "no" for c in can)],
        ["tokens counted before sending, at", *(c.counts_before or "estimated" for c in can)],
        ["counts: read from the cache", *(_YES[c.cache_reads] for c in can)],
        ["counts: written to the cache", *(_YES[c.cache_writes] for c in can)],
        ["counts: thinking", *(_YES[c.reasoning] for c in can)],
        ["its list of models says", *(_listed(c) for c in can)],
        ["price known", *(_PRICES[c.prices] for c in can)],
        ["works without a key", *(_KEYLESS[c.keyless] for c in can)],
        *(
            [f"ends: {ours}", *(", ".join(f"`{word}`" for word, stop in c.stops.items() if stop == ours) for c in can)]
            for ours in ("end_turn", "tool_use", "max_tokens", "refusal", "pause")
        ),
    )


def _setup():
    rows = []
    for adapter in ADAPTERS:
        can = adapter.capabilities
        if can.vendor is not None:
            keys = ", else ".join(f"`{variable}`" for variable in can.key_variables)
            rows.append([f"`{adapter.name}`", keys, f"`{can.vendor.address_variable}`", f"`{can.vendor.base_url}`"])
    return _table(["", "key", "address", "if the address is not set"], *rows)


def _listed(can):
    return ", ".join(_FACTS[fact] for fact in can.lists) or "names alone"


def _presets():
    rows = []
    for name, server in PRESETS.items():
        key = f"`{server.key_variable}`" if server.key_variable else "none needed"
        rows.append([f"`{name}`", label_of(name), f"`{server.base_url}`", key])
    return _table(["", "server", "address", "key"], *rows)


def _failures():
    endpoint = Endpoint.checked(OPENAI, base_url="", key="any-word")
    translator = FailureTranslator(
        endpoint, caught=(_RefusedError,), timeouts=(), refusal=lambda error: getattr(error, "refusal", None)
    )
    rows = []
    for what, raised in _FAILURES:
        error: ProviderError = translator.translate(raised, "MODEL")
        rows.append([what, error.message, error.hint, _YES[error.retryable], _YES[error.rate_limited]])
    try:
        Endpoint.checked(OPENAI, base_url="", key="")
    except ConfigurationError as missing:
        rows.insert(0, ["no key", missing.message, missing.hint, "no", "no"])
    return _table(["what happens", "what is said", "what to do", "tried again", "all slow down"], *rows)


_TEXT = """# Providers

<!-- Written by `make docs` from the adapters; tests/providers/test_providers_doc.py keeps it true. Don't edit it. -->

Each tier can have a provider of its own (`--tier 3=gemini:gemini-2.5-flash`). What an adapter can do stands in its
class (`capabilities`), and the conformance suite holds it against the wire, with the real SDKs (`tests/wire/`).

## What each can do

{capabilities}

“Ends” are the API's own words for what we call so; those it has besides are errors with a sentence. Gemini says `STOP`
where it calls tools too. A server may do less than its API: OpenAI itself shows no thinking in chat completions,
DeepSeek, vLLM and others do. Where an address does not count (of those that speak OpenAI's API, llama.cpp does), the
tokens of a request are estimated, from what the model's earlier answers reported. What has no known price is shown as
unknown.

`thinking_tokens` under `limits` says how much a model may think before it answers. Claude since 4.6 is told so as low,
medium or high effort, as it takes no number any more. With 0, which is the default, no thinking is asked for, and what
thinks by itself is switched off where it can be (Claude Opus 5, Sonnet 5, Haiku 5.5; Sonnet 5.5 thinks between tools
alone; Gemini 2.5 Flash). Other models of Claude 5, and of Gemini since 2.5 Pro, think all the same, and it is shown.
OpenAI's own models since GPT-5.2 refuse to think beside tools in chat completions, and so never think here.

## Caching

What requests have in common comes first in them and never changes: tools and system prompt are the same for all agents
of a tier, and each turn of an agent begins with all of the turn before, byte for byte. `cache_ttl` under `limits` says
how long a provider is asked to keep it after it was last used, `"5m"` or `"1h"`.

- `anthropic`: marks stand after tools and system prompt, after the agent's first message, at the end of the
  conversation, and where the request before ended. What is kept for an hour costs more to write, and is priced so.
- `gemini` caches by itself, from a size on, and nobody can be sure of it. Where the first answer shows that an agent's
  context is long enough (2,048 tokens for Gemini 2.5, 4,096 for others, or what the server says), and was not read from
  Gemini's own cache, its second request has a cache made, which is told as a request of its own with its tokens; it
  is extended while it is used, and deleted when the agent ends. A server or key that makes none is not asked again,
  and a cache that is lost costs nothing but its input. What Gemini takes for storage by the hour is in no price
  table, and so not in the cost.
- `openai`: servers cache by themselves. OpenAI itself is sent a `prompt_cache_key` made from tools and system prompt,
  so that the workers of a run find each other's cache.

## Keys and addresses

{setup}

A key comes from the environment, else from the system's keyring, where the settings dialog keeps what is entered there
(service `slop-qt`, user the provider's name). A key is in no message, no log line and no file of ours, and goes to no
address that a server redirects to. `scripted` needs a scenario file instead (`--scenario FILE`).

What the SDKs add to requests by variables of their own (`ANTHROPIC_CUSTOM_HEADERS`, `OPENAI_CUSTOM_HEADERS`,
`OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`) goes to `anthropic` and `openai`, wherever those are, and to none of the servers
below.

## Servers

Servers that speak OpenAI's API have names of their own, so `--provider ollama --model qwen3` and
`--tier 3=deepseek:deepseek-chat` work as they are:

{presets}

Any other server, or one of these at another address, gets a name in the settings file:

```toml
[servers.mybox]
base_url = "http://10.0.0.5:8000/v1"
api = "openai"              # or "anthropic", "gemini"
key_variable = "MYBOX_KEY"  # left out where it asks for no key
```

A name has small letters, digits, `-` and `_`. Usage, events and messages say the server's name; what it costs is looked
up by its address. The vendors' own variables move them as well, for a proxy: `openai` speaks with everything that has
`/v1/chat/completions`, `anthropic` with everything that has `/v1/messages` (it asks for a key: any word will do),
`gemini` with a server of Gemini's own API.

## What is known of models

The provider's list of models comes first, `resources/models.toml` and the price table (genai-prices) fill its gaps, and
what nobody says is unknown. llama.cpp, LM Studio and Ollama are also asked at addresses of their own for the context
that they were started with; Ollama about the chosen models alone. A list is read for 15 s, 10 pages and 8 MiB at most.

## What a failure says

With `openai` and a model `MODEL` as the example; the server's own words follow after a colon. What is tried again is
said in the stream, with the time to wait: what the server asks for (`Retry-After`), up to 120 s, or up to 30 s.

{failures}

An answer that breaks off, is empty, or does not follow its API is an error too, and is tried again; no tool runs from
it.

## When all slow down

All agents on a provider use one key, so one that is told to wait speaks for all of them. Nobody sends anything for as
long as the server asks (up to 120 s; where it asks for nothing, for a time that doubles from 0.5 s to 30 s); from then
on half as many requests as were in flight may be in flight at once (one may always be tried, however long the answers
are that were begun before), in the order in which they ask, and more again as answers come. What an agent waits for
stands in its stream, and the status bar says who is slowed down. Waiting is no send, and nothing is lost by it. It ends
when nobody waits and more may be in flight than when the server refused, or a minute has gone by since the last pause.
"""

if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
