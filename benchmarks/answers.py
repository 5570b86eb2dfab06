"""The answers that the benches ask for: long texts in small deltas, as a model sends them."""

import json
from collections.abc import Iterator

__all__ = ["CHARS_PER_TOKEN", "events", "text_of"]

CHARS_PER_TOKEN = 4

# 60 characters a line, and some that are no ASCII, as in any model's prose.
_LINES = (
    "The ledger keeps each entry once, and a balance is its sum:\n",
    "    total = sum(entry.amount for entry in self.entries)   #\n",
    "What is rounded “half even” is rounded at the end, not here\n",
    "\n",
    "1. read `accounts.py`, 2. mend the import, 3. run the tests\n",
)
_PROSE = "".join(_LINES)

# What Tier 1 has to answer with at last.
_PLAN = "# Plan\n\n- [ ] Task: Nothing\n"
_TRACK = {"title": "Long answer", "type": "feature", "spec": "# Spec\n\nNothing.\n", "plan": _PLAN}


def text_of(tokens: int) -> str:
    """A text of that many tokens at four characters each."""
    size = tokens * CHARS_PER_TOKEN
    return (_PROSE * (size // len(_PROSE) + 1))[:size]


def events(tokens: int) -> Iterator[dict[str, object]]:
    """A whole answer of the Messages API: the text, one token a delta, and then a call of `submit_tracks`."""
    text = text_of(tokens)
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "bench", "content": []}
    counts = {"input_tokens": 1000, "output_tokens": 1}
    yield {"type": "message_start", "message": {**message, "stop_reason": None, "stop_sequence": None, "usage": counts}}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for at in range(0, len(text), CHARS_PER_TOKEN):
        delta = {"type": "text_delta", "text": text[at : at + CHARS_PER_TOKEN]}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    call = {"type": "tool_use", "id": "toolu_1", "name": "submit_tracks", "input": {}}
    yield {"type": "content_block_start", "index": 1, "content_block": call}
    arguments = {"type": "input_json_delta", "partial_json": json.dumps({"tracks": [_TRACK]})}
    yield {"type": "content_block_delta", "index": 1, "delta": arguments}
    yield {"type": "content_block_stop", "index": 1}
    ending = {"stop_reason": "tool_use", "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": tokens}}
    yield {"type": "message_stop"}
