"""A whole agent, of the tier that works, with a real model behind it: whatever the model does, nothing is lost."""

import pytest
from agent_support import RecordingSink, agent_request, services

from slop_qt.agents.loop import run_agent
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.core.shape import Shape
from slop_qt.core.usage import total_usage
from slop_qt.providers.http_failures import OVERFLOW_HINT

pytestmark = pytest.mark.local_model

STREAM = "Tier 3: T-001"
LIMITS = Limits(turns=3, repairs=1, max_output_tokens=48, no_progress_s=90.0)


@pytest.fixture
def sink():
    return RecordingSink()


@pytest.fixture
def root(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "core.py").write_text("def add(a, b):\n    return a - b\n")
    return tmp_path


@pytest.fixture
def work(endpoint, tap, sink, root, offload):
    """The outcome of an agent that was told this."""

    async def work_(prompt):
        request = agent_request(
            root, prompt=prompt, choice=ModelChoice(provider=endpoint.name, model="local"), limits=LIMITS
        )
        return await run_agent(request, services(sink, endpoint.provider(tap.base_url, offload), offload))

    return work_


async def test_an_agents_stream_is_what_the_model_said_and_every_token_is_counted(endpoint, work, sink, tap, llama):
    outcome = await work("Ticket: T-001\n\nsrc/core.py adds wrongly. Mend it.")
    (started,), (ended,) = sink.of("worker_started"), sink.of("worker_ended")
    assert started.model == "local"
    assert ended.outcome == ("failed" if outcome.answer is None else "finished")
    assert isinstance(outcome.answer, Shape) or outcome.error
    assert not sink.of("fault"), "whatever a model says, it is no surprise"
    answered = [exchange for exchange in tap.exchanges if exchange.path == endpoint.path and exchange.status == 200]
    said = [endpoint.streamed(exchange.events) for exchange in answered]
    assert 1 <= len(said) <= LIMITS.turns
    assert sink.text(STREAM) == "".join(one.text for one in said)
    total = total_usage(event.usage for event in sink.of("usage", stream=STREAM))
    assert total.requests == len(said)
    assert total.input_tokens == sum(one.input or 0 for one in said)
    assert total.output_tokens == sum(one.output for one in said) > 0
    assert total.cache_read_tokens == sum(one.cache_read for one in said)
    assert all(exchange.request["tools"] for exchange in answered)
    reports = [event.report for event in sink.of("context", stream=STREAM)]
    counted = {report.used_tokens for report in reports if report.measured == "provider"}
    assert counted >= {one.input for one in said if one.input}


async def test_an_agent_whose_conversation_is_too_long_says_so_and_is_not_tried_again(endpoint, work, sink, tap, llama):
    outcome = await work("word " * llama.context_tokens)
    assert outcome.answer is None and outcome.fatal
    assert "the conversation is too long for local" in outcome.error
    assert OVERFLOW_HINT in outcome.error
    assert [exchange.status for exchange in tap.exchanges if exchange.path == endpoint.path] == [400]
    assert not sink.of("usage"), "it cost nothing"
