"""How many tokens a request is before it is sent, with a real tokenizer: counted exactly, or estimated well."""

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
TAUGHT = 20
FOR_EACH = 30
LEAST_TOKENS = 500

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


def test_an_estimate_is_within_a_twentieth_after_twenty_answers(llama):
    chance = random.Random(1)
    counted = []
    for kind, whole in (("english", english()), ("code", code())):
        for _ in range(FOR_EACH):
            start, size = chance.randrange(len(whole) - 12_000), chance.randint(3_000, 12_000)
            request = question(whole[start : start + size])
            tokens = llama.prompt_tokens(("system", SYSTEM), ("user", whole[start : start + size]))
            if tokens >= LEAST_TOKENS:
                counted.append((kind, RequestMeter().measure(request), tokens))
    chance.shuffle(counted)
    counter = TokenCounter()
    for _, measured, tokens in counted[:TAUGHT]:
        counter.learn(measured, tokens)
    errors = {"english": [], "code": []}
    for kind, measured, tokens in counted[TAUGHT:]:
        estimate = counter.estimate(measured)
        assert estimate.measured == "estimate"
        errors[kind].append(abs(estimate.tokens / tokens - 1))
    for kind, found in errors.items():
        assert len(found) > 10
        assert statistics.mean(found) <= 0.05, kind
