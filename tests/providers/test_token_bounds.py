"""An upper bound that holds for every tokenizer, and one that is close where a model is known."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.core.conversation import (
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers.anthropic_request import request_body as anthropic_body
from slop_qt.providers.gemini_request import request_body as gemini_body
from slop_qt.providers.openai_request import request_body as openai_body
from slop_qt.providers.request_meter import RequestMeter
from slop_qt.providers.token_bounds import most_input_tokens, most_output_tokens
from slop_qt.providers.token_counter import TokenCounter

PROSE = "These are the words of a first message which is long enough to be worth some tokens. " * 40
TOOL = ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})


def request(*texts: str, **fields: object) -> ModelRequest:
    messages = tuple(
        Message("user" if number % 2 == 0 else "assistant", (TextBlock(text),)) for number, text in enumerate(texts)
    )
    return ModelRequest(**({"model": "m", "system": "Be brief.", "messages": messages} | fields))  # type: ignore[arg-type]


@given(st.lists(st.text(max_size=50), min_size=1, max_size=5))
def test_it_is_never_less_than_a_tokenizer_that_makes_a_token_of_every_byte(texts: list[str]) -> None:
    said = request(*texts, tools=(TOOL,))
    least = sum(len(text.encode("utf-8", "surrogatepass")) + 4 for text in texts)
    assert most_input_tokens(said) >= least + len(TOOL.description) + len("Be brief.")


def test_everything_that_travels_is_in_it() -> None:
    empty = most_input_tokens(request("x"))
    blocks = (
        ToolUseBlock("call", "write_file", {"text": "ü" * 100}),
        ToolResultBlock("call", "é" * 100, ok=True),
        ThinkingBlock("t" * 100, signature="s" * 100),
        ThinkingBlock("", redacted="r" * 100),
    )
    for block in blocks:
        more = most_input_tokens(request("x", messages=(Message("user", (block,)),)))
        assert more >= empty + 99


@pytest.mark.parametrize("thinking", [0, 100, 4000, 20_000])
@pytest.mark.parametrize("most", [1, 500, 16_000])
def test_no_adapter_asks_for_a_longer_answer(thinking: int, most: int) -> None:
    for model in ("claude-haiku-4-5", "claude-opus-4-7", "gemini-2.5-pro", "gemini-2.5-flash", "gpt-5-mini"):
        said = request("x", model=model, thinking_tokens=thinking, max_output_tokens=most)
        bound = most_output_tokens(said)
        assert anthropic_body(said)["max_tokens"] <= bound
        assert gemini_body(said)["generationConfig"]["maxOutputTokens"] <= bound
        assert openai_body(said, official=True)["max_completion_tokens"] <= bound
        assert openai_body(said, official=False)["max_tokens"] <= bound


def test_an_estimate_is_given_a_margin_that_shrinks_with_what_is_learnt() -> None:
    counter, meter = TokenCounter(), RequestMeter()
    measured = meter.measure(request(PROSE))
    first = counter.at_most(measured) / counter.estimate(measured).tokens
    for number in range(20):
        text = PROSE[number:] + str(number)
        counter.learn(RequestMeter().measure(request(text)), len(text) // 5)
    other = RequestMeter().measure(request(PROSE + "More."))
    later = counter.at_most(other) / counter.estimate(other).tokens
    assert first > 1.4, "nothing is known of the tokenizer"
    assert 1.05 < later < 1.2


def test_what_the_provider_counted_is_believed_but_for_a_little() -> None:
    class Counting:
        async def count(self, _: ModelRequest) -> int:
            return 1000

    counter = TokenCounter()
    measured = RequestMeter().measure(request(PROSE))
    assert asyncio.run(counter.count(Counting(), measured)).tokens == 1000  # type: ignore[arg-type]
    assert counter.at_most(measured) == 1026
    longer = RequestMeter().measure(request(PROSE, "And now?"))
    assert 1026 < counter.at_most(longer) < 1100, "what is known, and a little more"


def test_no_margin_goes_beyond_the_bytes() -> None:
    said = request("x")
    measured = RequestMeter().measure(said)
    counter = TokenCounter()
    assert counter.at_most(measured) <= most_input_tokens(said)
    counter.learn(measured, 100_000)
    assert counter.at_most(measured) == most_input_tokens(said)
