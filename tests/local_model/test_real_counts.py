"""How many tokens a request is before it is sent, with a real tokenizer: counted exactly, or estimated well."""

import math
import random
import statistics
import sysconfig
from pathlib import Path
from pydoc_data.topics import topics

import pytest
from endpoints import ask, question
from exchange import usages_of

from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ToolResultBlock, ToolUseBlock
from slop_qt.providers.request_meter import RequestMeter
from slop_qt.providers.token_counter import TokenCounter
from slop_qt.tools.registry import ToolRegistry, default_tools

pytestmark = pytest.mark.local_model

SYSTEM = "You are brief."
AGENTS, ANSWERS = 2, 10  # of each of them
HELD_OUT = 60  # texts of each kind
LEAST_TOKENS, MOST_TOKENS = 500, 20_000

TOOLS = ToolRegistry(default_tools()).specs(3)
CALL = ToolUseBlock("call_1", "read_file", {"path": "src/ä.py"})
WORKING = (
    Message("user", (TextBlock("Ticket: T-001\n\nMend src/ä.py."),)),
    Message("assistant", (TextBlock("I read it first."), CALL)),
    Message("user", (ToolResultBlock("call_1", "def add(a, b):\n    return a - b  # 🙂\n"),)),
)
REQUESTS = {
    "a question": question("Name three colours."),
    "a conversation": question("Say hello.", "Hello!", "Now in French, s'il te plaît: «ça va?»"),
    "tools": ModelRequest("local", SYSTEM, WORKING[:1], TOOLS, max_output_tokens=8),
    "a tool's result": ModelRequest("local", SYSTEM, WORKING, TOOLS, max_output_tokens=8),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_what_is_counted_before_is_what_the_answer_reports(endpoint, open_session, llama, request_):
    session = await open_session(llama)
    counted = await session.count(request_)
    events = await ask(session, request_)
    assert counted == usages_of(events)[-1].input_tokens > 0


async def test_what_is_too_long_to_be_sent_is_counted_all_the_same(open_session, llama):
    words = "word " * llama.context_tokens
    counted = await (await open_session(llama)).count(question(words))
    assert counted == llama.prompt_tokens(("system", SYSTEM), ("user", words)) > llama.context_tokens


def english():
    return "\n\n".join(topics[name] for name in sorted(topics))


def code():
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return "".join(source.read_text(encoding="utf-8", errors="replace") for source in sources)


def cut(chance, whole, least, most):
    """Characters from anywhere in it; short pieces as often as long ones."""
    size = round(math.exp(chance.uniform(math.log(least), math.log(most))))
    start = chance.randrange(len(whole) - size)
    return whole[start : start + size]


def requests_of_an_agent(chance, texts):
    """As an agent sends them: a ticket with files, and then what it said and read, more with every request."""
    files = "".join(f"File: {number}.txt\n\n{cut(chance, chance.choice(texts), 500, 8_000)}\n" for number in range(3))
    messages = [Message("user", (TextBlock(f"Ticket: T-001\n\nMend it.\n\n{files}"),))]
    for number in range(ANSWERS):
        yield ModelRequest("local", SYSTEM, tuple(messages), TOOLS, max_output_tokens=8)
        call = ToolUseBlock(f"call_{number}", "read_file", {"path": f"src/part_{number}.py"})
        read = ToolResultBlock(call.call_id, cut(chance, chance.choice(texts), 200, 12_000))
        messages += [Message("assistant", (TextBlock("I read this next."), call)), Message("user", (read,))]


async def test_an_estimate_is_within_a_twentieth_after_twenty_answers(open_session, llama):
    chance = random.Random(1)
    texts = {"english": english(), "code": code()}
    session = await open_session(llama)
    counter = TokenCounter()
    for _ in range(AGENTS):
        meter = RequestMeter()
        for request in requests_of_an_agent(chance, list(texts.values())):
            counter.learn(meter.measure(request), await session.count(request))
    for kind, whole in texts.items():
        errors = []
        for _ in range(HELD_OUT):
            request = question(cut(chance, whole, 2_500, 60_000))
            tokens = await session.count(request)
            if LEAST_TOKENS <= tokens <= MOST_TOKENS:
                estimate = counter.estimate(RequestMeter().measure(request))
                assert estimate.measured == "estimate"
                errors.append(abs(estimate.tokens / tokens - 1))
        assert len(errors) > HELD_OUT / 2
        assert statistics.mean(errors) <= 0.05, f"{kind}: {errors}"
