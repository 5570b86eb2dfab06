"""The floor of the answer lines gets the same text out of the same server as everybody who asks it."""

import time

import pytest

from benchmarks.answer_server import serve
from benchmarks.answers import text_of
from benchmarks.raw_client import fetch


@pytest.mark.parametrize("tokens", [1, 5_000])
def test_the_raw_client_gets_every_character_of_the_answer_that_it_asked_for(tokens: int) -> None:
    with serve(1, 5_000) as server:
        before = time.monotonic()
        assert fetch(server.port, tokens) == text_of(tokens)
        assert before <= server.asked_at() <= time.monotonic()


def test_a_token_is_four_characters() -> None:
    assert len(text_of(1000)) == 4000
