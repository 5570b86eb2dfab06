"""How many events of a stream each adapter reads in a second, against the bare SDK's own stream of the same answer.

`python -m benchmarks.adapters` asks one server in turn through our session and through a client of the same SDK, over
the SDK's aiohttp transport both times, and checks that both got every character. Imports, clients and connections are
made before. The last line of the output is the result: a list of [vendor, our events/s, the bare SDK's].
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from benchmarks.adapter_answers import VENDORS, rendered
from benchmarks.adapter_server import serve_vendors
from benchmarks.answers import text_of
from slop_qt.core.conversation import Message, ModelRequest, TextBlock, TextDelta
from slop_qt.core.ports import ProviderSession
from slop_qt.providers.registry import open_provider

__all__ = ["TOKENS"]

# Of an answer, and how often each is measured; one more warms up and is not counted.
TOKENS = 10_000
_REPETITIONS = 5
_KEY, _MODEL, _QUESTION = "bench", "bench", "Hello?"

T = TypeVar("T")
Fetch = Callable[[], Awaitable[str]]
Bare = tuple[Fetch, Callable[[], Awaitable[None]]]


class _Threads:
    """The helper pool's port."""

    async def run(self, job: Callable[[], T]) -> T:
        return await asyncio.to_thread(job)


async def _ours(session: ProviderSession) -> str:
    request = ModelRequest(_MODEL, "", (Message("user", (TextBlock(_QUESTION),)),))
    return "".join([event.text async for event in session.stream(request) if isinstance(event, TextDelta)])


def _anthropic(base_url: str) -> Bare:
    import anthropic

    http = anthropic.DefaultAioHttpClient()
    client = anthropic.AsyncAnthropic(api_key=_KEY, base_url=base_url, http_client=http)

    async def fetch() -> str:
        stream = await client.messages.create(
            model=_MODEL, max_tokens=16_000, messages=[{"role": "user", "content": _QUESTION}], stream=True
        )
        deltas = [event.delta async for event in stream if event.type == "content_block_delta"]
        return "".join(delta.text for delta in deltas if delta.type == "text_delta")

    return fetch, client.close


def _openai(base_url: str) -> Bare:
    import openai

    http = openai.DefaultAioHttpClient()
    client = openai.AsyncOpenAI(api_key=_KEY, base_url=f"{base_url}/v1", http_client=http)

    async def fetch() -> str:
        stream = await client.chat.completions.create(
            model=_MODEL,
            messages=[{"role": "user", "content": _QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    return fetch, client.close


def _gemini(base_url: str) -> Bare:
    from google import genai

    client = genai.Client(api_key=_KEY, vertexai=False, http_options=genai.types.HttpOptions(base_url=base_url))

    async def fetch() -> str:
        stream: AsyncIterator[Any] = await client.aio.models.generate_content_stream(model=_MODEL, contents=_QUESTION)
        return "".join([chunk.text or "" async for chunk in stream])

    async def close() -> None:
        await client.aio.aclose()
        client.close()

    return fetch, close


_BARE: dict[str, Callable[[str], Bare]] = {"anthropic": _anthropic, "openai": _openai, "gemini": _gemini}


async def _rate(fetch: Fetch, events: int) -> float:
    began = time.perf_counter()
    text = await fetch()
    took = time.perf_counter() - began
    assert text == text_of(TOKENS), "characters are missing"
    return events / took


async def _pairs(vendor: str, base_url: str) -> list[tuple[str, float, float]]:
    environment = {
        "ANTHROPIC_API_KEY": _KEY,
        "ANTHROPIC_BASE_URL": base_url,
        "OPENAI_API_KEY": _KEY,
        "OPENAI_BASE_URL": f"{base_url}/v1",
        "GEMINI_API_KEY": _KEY,
        "GOOGLE_GEMINI_BASE_URL": base_url,
    }
    session = await open_provider(vendor, environment=environment, offload=_Threads()).open()
    bare, close = await asyncio.to_thread(_BARE[vendor], base_url)
    events = len(rendered(vendor, TOKENS))
    pairs = []
    for _ in range(_REPETITIONS + 1):
        ours = await _rate(lambda: _ours(session), events)
        pairs.append((vendor, ours, await _rate(bare, events)))
    await session.aclose()
    await close()
    return pairs[1:]


async def _main() -> None:
    results = []
    with serve_vendors(TOKENS) as base_url:
        for vendor in VENDORS:
            results.extend(await _pairs(vendor, base_url))
    print(json.dumps(results))


if __name__ == "__main__":
    asyncio.run(_main())
