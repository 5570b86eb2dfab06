"""A real model's answers, over both APIs of a llama-server: to the character, and every token counted."""

import asyncio

import pytest
from endpoints import ask, question
from exchange import text_of, usages_of

from slop_qt.core.conversation import Finished, TextDelta
from slop_qt.core.usage import total_usage

pytestmark = pytest.mark.local_model

SYSTEM = "You are brief."
COUNTING = "Count from one to one thousand, every number on a line of its own."
FOREIGN = (
    "Répète: «Ça a été» — ñandú",
    "Say 你好 in Chinese characters only.",
    "Translate to Russian: good morning",
    "Output only the emoji 🎉 five times.",
)


async def test_text_comes_in_pieces_and_is_the_servers_to_the_character(endpoint, open_session, tap):
    events = await ask(await open_session(tap), question("Tell me about the sea."))
    (exchange,) = tap.exchanges
    assert exchange.path == endpoint.path
    assert sum(isinstance(event, TextDelta) for event in events) > 5
    assert text_of(events) == endpoint.streamed(exchange.events).text != ""
    assert isinstance(events[-1], Finished)


async def test_text_is_what_the_server_says_without_streaming(endpoint, open_session, tap, llama):
    if not llama.always_takes_the_likeliest:
        pytest.skip("the server draws lots: start it with --temp 0")
    session = await open_session(tap)
    # The first send fills the server's cache; from then on the same numbers come out of the same computation.
    await ask(session, question("What is a lighthouse?"))
    events = await ask(session, question("What is a lighthouse?"))
    body = {name: value for name, value in tap.exchanges[-1].request.items() if not name.startswith("stream")}
    said = endpoint.whole(await asyncio.to_thread(llama.answer, endpoint.path, body))
    assert text_of(events) == said.text != ""
    last = usages_of(events)[-1]
    assert (last.input_tokens, last.output_tokens, last.cache_read_tokens) == (said.input, said.output, said.cache_read)


async def test_characters_beyond_ascii_are_whole(endpoint, open_session, tap):
    session = await open_session(tap)
    texts = []
    for words in FOREIGN:
        events = await ask(session, question(words))
        said = endpoint.streamed(tap.exchanges[-1].events)
        texts.append(text_of(events))
        assert texts[-1] == said.text
        # The server says no input for a message that begins inside a character: it leaves out message_start then.
        assert usages_of(events)[-1].input_tokens == (said.input or 0)
        assert said.input or endpoint.name == "anthropic"
    assert not "".join(texts).isascii()


async def test_every_token_is_counted_as_the_server_counts_it(endpoint, open_session, tap, llama):
    words = "Name three colours. Say them in English."
    events = await ask(await open_session(tap), question(words, system=SYSTEM))
    said = endpoint.streamed(tap.exchanges[-1].events)
    used = usages_of(events)[-1]
    assert used.requests == 1
    assert used.input_tokens == said.input == llama.prompt_tokens(("system", SYSTEM), ("user", words))
    assert used.output_tokens == said.output
    assert abs(used.output_tokens - llama.tokens(text_of(events))) <= 1, "the token that ends an answer has no text"
    assert used.cost_usd is None, "nobody knows the price of a model at home"


async def test_what_a_conversation_began_with_is_read_from_the_cache_and_still_counted(
    endpoint, open_session, tap, llama
):
    session = await open_session(tap)
    first, then = "Tell me a fact about whales.", "And one about ships."
    answer = text_of(await ask(session, question(first)))
    events = await ask(session, question(first, answer, then))
    used = usages_of(events)[-1]
    whole = llama.prompt_tokens(("system", SYSTEM), ("user", first), ("assistant", answer), ("user", then))
    assert used.input_tokens == whole
    assert used.cache_read_tokens == endpoint.streamed(tap.exchanges[-1].events).cache_read
    assert llama.prompt_tokens(("system", SYSTEM), ("user", first)) // 2 < used.cache_read_tokens < whole


async def test_an_answer_that_reaches_its_limit_says_so(endpoint, open_session, tap):
    events = await ask(await open_session(tap), question(COUNTING, tokens=7))
    assert events[-1] == Finished("max_tokens")
    assert usages_of(events)[-1].output_tokens == 7
    assert endpoint.streamed(tap.exchanges[-1].events).stop == endpoint.limit


async def test_an_answer_that_the_model_ends_itself_is_whole(endpoint, open_session, llama):
    events = await ask(await open_session(llama), question("Answer with yes or no: is water wet?", tokens=512))
    assert events[-1] == Finished("end_turn")
    assert 0 < usages_of(events)[-1].output_tokens < 512


async def test_four_sessions_at_once_get_each_their_own(endpoint, open_session, tap):
    things = ("the sea", "an old bridge", "a red bicycle", "winter in the mountains")
    sessions = [await open_session(tap) for _ in things]
    requests = [question(f"Tell me about {thing}.") for thing in things]
    answers = await asyncio.gather(*map(ask, sessions, requests))
    exchanges = tap.exchanges
    assert len({exchange.connection for exchange in exchanges}) == 4
    for request, events in zip(requests, answers, strict=True):
        asked = request.messages[0].blocks[0].text
        (own,) = [exchange for exchange in exchanges if asked in str(exchange.request["messages"])]
        said = endpoint.streamed(own.events)
        used = usages_of(events)[-1]
        assert text_of(events) == said.text != ""
        assert (used.input_tokens, used.output_tokens) == (said.input, said.output)
    assert len({text_of(events) for events in answers}) == 4
    assert total_usage(usages_of(events)[-1] for events in answers).requests == 4
