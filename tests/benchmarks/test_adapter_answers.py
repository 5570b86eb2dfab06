"""What the adapters' lines read is a whole answer in each vendor's words."""

import asyncio

import pytest

from benchmarks.adapter_answers import VENDORS
from benchmarks.adapter_server import serve_vendors
from benchmarks.answers import text_of
from slop_qt.core.conversation import Finished, Message, ModelRequest, TextBlock, TextDelta
from slop_qt.providers.registry import open_provider


class Threads:
    """The helper pool's port."""

    async def run(self, job):
        return await asyncio.to_thread(job)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_the_answer_of_each_vendor_is_the_same_text(vendor):
    with serve_vendors(50) as base_url:
        environment = {
            "ANTHROPIC_API_KEY": "bench",
            "ANTHROPIC_BASE_URL": base_url,
            "OPENAI_BASE_URL": f"{base_url}/v1",
            "GEMINI_API_KEY": "bench",
            "GOOGLE_GEMINI_BASE_URL": base_url,
        }
        session = await open_provider(vendor, environment=environment, offload=Threads()).open()
        request = ModelRequest("bench", "", (Message("user", (TextBlock("Hello?"),)),))
        for _ in range(2):
            events = [event async for event in session.stream(request)]
            assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text_of(50)
            assert events[-1] == Finished("end_turn")
        await session.aclose()
