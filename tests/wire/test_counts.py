"""What vendors count, in their own words, as we count it and at the price of the table; without a wire."""

import json

import pytest
from anthropic_dialect import AnthropicDialect, stream_answer
from dialect import Counts, Reply
from gemini_dialect import GeminiDialect
from hypothesis import given
from hypothesis import strategies as st
from openai_dialect import OpenAIDialect

from slop_qt.core.conversation import UsageUpdate
from slop_qt.providers.anthropic_wire import MessageDecoder
from slop_qt.providers.gemini_wire import ContentDecoder
from slop_qt.providers.openai_wire import ChunkDecoder
from slop_qt.providers.pricing import Prices

DECODERS = [(AnthropicDialect(), MessageDecoder), (GeminiDialect(), ContentDecoder), (OpenAIDialect(), ChunkDecoder)]
TOKENS = st.integers(0, 10**7)


@st.composite
def counts(draw, *, cache_writes):
    """Any counts that a vendor could have: each part is drawn, and the sums are theirs by hand."""
    read, fresh, said, thought = draw(TOKENS), draw(TOKENS), draw(TOKENS), draw(TOKENS)
    short, hour = (draw(TOKENS), draw(TOKENS)) if cache_writes else (0, 0)
    return Counts(read + short + hour + fresh, said + thought, read, short + hour, thought, hour)


def final_usage(decoder, stream):
    events = [*decoder.take(stream), *([] if decoder.finished else decoder.end())]
    return [event.usage for event in events if isinstance(event, UsageUpdate)][-1]


@pytest.mark.parametrize(("dialect", "make"), DECODERS, ids=lambda value: getattr(value, "name", ""))
@given(data=st.data())
def test_any_counts_come_out_in_our_words(dialect, make, data):
    sent = data.draw(counts(cache_writes=dialect.cache_writes))
    decoder = make(lambda usage, **_: float(usage.input_tokens + usage.output_tokens))
    usage = final_usage(decoder, dialect.wire(Reply(text=("x",), counts=sent)).whole)
    assert usage.requests == 1
    assert (usage.input_tokens, usage.output_tokens) == (sent.input, sent.output)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (sent.cache_read, sent.cache_write)
    assert usage.reasoning_tokens == sent.reasoning
    assert usage.cost_usd == sent.input + sent.output, "the price is of what is reported"


@given(sent=counts(cache_writes=True))
def test_what_is_to_be_kept_for_an_hour_is_priced_apart(sent):
    priced = []
    decoder = MessageDecoder(lambda usage, *, cache_write_1h_tokens: priced.append(cache_write_1h_tokens))
    final_usage(decoder, AnthropicDialect().wire(Reply(text=("x",), counts=sent)).whole)
    assert set(priced) == {sent.cache_write_1h}


def anthropic_usage(used, final=None, price=lambda _, **__: None):
    answer = stream_answer(text=["x"], usage=used, final_usage=final)
    return final_usage(MessageDecoder(price), b"".join(answer.pieces))


def test_what_was_written_by_lifetime_is_enough_to_know_how_much_was_written():
    told = {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 300}}
    usage = anthropic_usage(told, {"output_tokens": 5})
    assert (usage.input_tokens, usage.cache_write_tokens) == (321, 320)


@pytest.mark.parametrize("nothing", [{}, {"cache_creation": None}, {"cache_creation": {}}])
def test_without_lifetimes_all_that_was_written_has_the_shorter_one(nothing):
    asked = []
    told = {"input_tokens": 1, "cache_creation_input_tokens": 50, **nothing}
    usage = anthropic_usage(told, price=lambda _, cache_write_1h_tokens: asked.append(cache_write_1h_tokens))
    assert usage.cache_write_tokens == 50
    assert set(asked) == {0}


def test_counts_that_come_twice_are_counted_once():
    told = {"input_tokens": 7, "cache_creation_input_tokens": 50, "cache_read_input_tokens": 3}
    assert anthropic_usage(told, {**told, "output_tokens": 5}).input_tokens == 60


# The same words at real prices


@pytest.fixture(scope="module")
def prices():
    return Prices()


@pytest.mark.parametrize("hour", [0, 100_000, 300_000])
def test_an_answer_of_anthropics_costs_what_the_table_says_by_hand(prices, hour):
    sent = Counts(1_000_000, 10_000, cache_read=500_000, cache_write=300_000, cache_write_1h=hour)
    decoder = MessageDecoder(lambda usage, **more: prices.cost_usd("anthropic", "claude-opus-4-5", usage, **more))
    usage = final_usage(decoder, AnthropicDialect().wire(Reply(text=("x",), counts=sent)).whole)
    millionths = 200_000 * 5 + 500_000 * 0.5 + (300_000 - hour) * 6.25 + hour * 10 + 10_000 * 25
    assert usage.cost_usd == pytest.approx(millionths / 1e6)


def test_an_answer_of_geminis_costs_less_by_what_was_cached(prices):
    sent = Counts(100_000, 3_000, cache_read=80_000, reasoning=1_000)
    decoder = ContentDecoder(lambda usage: prices.cost_usd("google", "gemini-2.5-pro", usage))
    usage = final_usage(decoder, GeminiDialect().wire(Reply(text=("x",), counts=sent)).whole)
    assert usage.cost_usd == pytest.approx((20_000 * 1.25 + 80_000 * 0.125 + 3_000 * 10) / 1e6)


def test_counts_that_contradict_each_other_are_shown_and_have_no_price(prices):
    """More read from the cache than there was input: nobody knows what that costs, and the answer is whole."""
    decoder = ContentDecoder(lambda usage: prices.cost_usd("google", "gemini-2.5-pro", usage))
    event = {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}
    event["usageMetadata"] = {"promptTokenCount": 5, "cachedContentTokenCount": 6, "candidatesTokenCount": 1}
    usage = final_usage(decoder, f"data: {json.dumps(event)}\n\n".encode())
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cost_usd) == (5, 6, None)
