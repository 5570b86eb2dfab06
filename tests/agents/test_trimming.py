"""What is left out of a request that would be too large: in which order, and what always stays."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slop_qt.agents.context_room import Room, room_of
from slop_qt.agents.trimming import LOW_WATER, Trimmed, Weights, trim
from slop_qt.core.conversation import Message, TextBlock, ToolResultBlock, ToolUseBlock
from slop_qt.core.prompt import PromptPart
from slop_qt.providers.request_meter import Place

OUTLINE = "Call read_file with path {0} to see it."


def words(text: str) -> float:
    """A tokenizer of our own: a token is three characters."""
    return len(text) / 3


def prompt(*parts: PromptPart) -> Message:
    return Message("user", (TextBlock("".join(part.text for part in parts), parts=parts),))


def part(kind: str, label: str, size: int, *, pinned: bool = False) -> PromptPart:
    again = OUTLINE.format(label) if kind == "outline" else ""
    return PromptPart(kind, label, "It is needed.", "x" * size + "\n\n", again, pinned)  # type: ignore[arg-type]


def turn(number: int, *sizes: int, name: str = "read_file") -> list[Message]:
    """An answer with a call for each size, and their results."""
    ids = [f"c{number}-{index}" for index in range(len(sizes))]
    uses = tuple(ToolUseBlock(call_id, name, {"path": f"{call_id}.py"}) for call_id in ids)
    results = tuple(ToolResultBlock(call_id, "r" * size) for call_id, size in zip(ids, sizes, strict=True))
    return [Message("assistant", (TextBlock("So."), *uses)), Message("user", results)]


def history(first: Message, *turns: list[Message]) -> tuple[Message, ...]:
    return (first, *itertools.chain.from_iterable(turns))


def weigh(messages: tuple[Message, ...]) -> tuple[int, Weights]:
    """What a whole history is, and its parts."""
    at: dict[Place, float] = {}
    total = 0.0
    for number, message in enumerate(messages):
        for index, block in enumerate(message.blocks):
            if isinstance(block, ToolUseBlock):
                total += words(str(block.arguments))
                continue
            text = block.output if isinstance(block, ToolResultBlock) else block.text
            at[Place(number, index)] = words(text)
            total += words(text)
            for nth, piece in enumerate(block.parts if isinstance(block, TextBlock) else ()):
                at[Place(number, index, nth)] = words(piece.text)
    return round(total), Weights(at, words)


def trimmed(messages: tuple[Message, ...], room: int) -> Trimmed:
    tokens, weights = weigh(messages)
    return trim(messages, tokens, room=room, weights=weights)


def outputs(messages: tuple[Message, ...]) -> dict[str, ToolResultBlock]:
    return {b.call_id: b for message in messages for b in message.blocks if isinstance(b, ToolResultBlock)}


FIRST = prompt(part("ticket", "Ticket", 300))


def test_what_fits_is_left_as_it_is() -> None:
    messages = history(FIRST, *(turn(number, 3000) for number in range(5)))
    tokens, _ = weigh(messages)
    assert trimmed(messages, tokens) == Trimmed(messages, (), tokens)


def test_the_oldest_results_go_first_and_no_more_than_down_to_the_mark() -> None:
    messages = history(FIRST, *(turn(number, 3000) for number in range(10)))
    result = trimmed(messages, 9500)
    assert [out.label for out in result.left_out] == [f"read_file c{number}-0.py" for number in range(5)]
    assert result.tokens <= 9500 * LOW_WATER
    assert result.tokens + result.left_out[-1].saved_tokens > 9500 * LOW_WATER
    assert all(one is other for one, other in zip(messages[11:], result.messages[11:], strict=True))


def test_a_line_says_what_was_there_and_how_to_read_it_again() -> None:
    messages = history(FIRST, *(turn(number, 9642) for number in range(3)))
    [line] = [block.output for block in outputs(trimmed(messages, 8000).messages).values() if block.had_tokens]
    assert line == (
        "(Left out to make room: the result of read_file c0-0.py, about 3,214 tokens. "
        "Call read_file with path c0-0.py to see it again.)"
    )


def test_what_may_not_be_done_twice_is_not_asked_for_again() -> None:
    messages = history(FIRST, turn(0, 9000, name="run_command"), turn(1, 9), turn(2, 9))
    block = outputs(trimmed(messages, 2000).messages)["c0-0"]
    assert block.output.endswith("Make the same call again only where it may be done twice.)")


def test_what_the_person_said_stays() -> None:
    messages = history(FIRST, turn(0, 9000, name="ask_user"), turn(1, 9), turn(2, 9))
    result = trimmed(messages, 2000)
    assert (result.messages, result.left_out) == (messages, ())
    assert result.tokens > 2000


def test_a_call_with_long_arguments_is_not_repeated_in_the_line() -> None:
    use = ToolUseBlock("c", "search_text", {"pattern": "x" * 5000})
    first = [Message("assistant", (use,)), Message("user", (ToolResultBlock("c", "r" * 9000),))]
    block = outputs(trimmed(history(FIRST, first, turn(1, 9), turn(2, 9)), 2000).messages)["c"]
    assert block.output.endswith("the result of search_text, about 3,000 tokens. Make the same call again to see it.)")


def test_results_that_a_line_would_not_make_smaller_stay() -> None:
    messages = history(FIRST, turn(0, 60, 9000), turn(1, 9), turn(2, 9))
    assert [out.label for out in trimmed(messages, 2000).left_out] == ["read_file c0-1.py"]


def test_outlines_go_when_there_is_nothing_else_the_last_one_first() -> None:
    first = prompt(
        part("ticket", "Ticket", 300),
        part("outline", "a.py", 3000),
        part("outline", "b.py", 3000, pinned=True),
        part("outline", "c.py", 3000),
        part("file", "d.py", 3000),
    )
    messages = history(first, turn(0, 3000), turn(1, 9), turn(2, 9))
    assert [out.label for out in trimmed(messages, 5000).left_out] == ["read_file c0-0.py"], "with that it fits"
    result = trimmed(messages, 4000)
    assert [out.label for out in result.left_out] == ["read_file c0-0.py", "c.py", "a.py"]
    [block] = result.messages[0].blocks
    assert isinstance(block, TextBlock)
    assert block.text == "".join(piece.text for piece in block.parts)
    assert block.parts[3].text == (
        "(Left out to make room: the outline of c.py, about 1,001 tokens. Call read_file with path c.py to see it.)\n\n"
    )
    assert "1,001 tokens" in block.parts[3].reason
    assert [block.parts[index] for index in (0, 2, 4)] == [first.blocks[0].parts[index] for index in (0, 2, 4)]  # type: ignore[union-attr]


SIZES = st.integers(0, 4000)
NAMES = st.sampled_from(["read_file", "run_command", "ask_user", "write_file"])
TURNS = st.lists(st.tuples(NAMES, st.lists(SIZES, max_size=4)), max_size=12)
PARTS = st.lists(st.tuples(st.sampled_from(["ticket", "outline", "file"]), SIZES, st.booleans()), max_size=5)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Message, ...]:
    parts = [part(kind, f"p{n}.py", size, pinned=pin) for n, (kind, size, pin) in enumerate(draw(PARTS))]
    turns = [turn(n, *sizes, name=name) for n, (name, sizes) in enumerate(draw(TURNS))]
    return history(prompt(part("ticket", "Ticket", 90), *parts), *turns)


@given(messages=histories(), room=st.integers(1, 12_000))
def test_any_history_fits_afterwards_or_has_nothing_left_to_leave_out(messages: tuple[Message, ...], room: int) -> None:
    result = trimmed(messages, room)
    actual, _ = weigh(result.messages)
    assert actual <= result.tokens + 1, "what is said to be saved is saved"
    if result.tokens > room:
        again = trimmed(result.messages, 1)
        assert (again.left_out, again.messages) == ((), result.messages)


@given(messages=histories(), room=st.integers(1, 12_000))
def test_what_is_protected_is_not_touched_and_calls_keep_their_results(
    messages: tuple[Message, ...], room: int
) -> None:
    result = trimmed(messages, room)
    answers = [number for number, message in enumerate(messages) if message.role == "assistant"]
    if len(answers) >= 2:
        assert result.messages[answers[-2] :] == messages[answers[-2] :]
    else:
        assert result.messages[1:] == messages[1:]
    before, after = outputs(messages), outputs(result.messages)
    assert list(before) == list(after)
    assert [before[call_id].ok for call_id in before] == [after[call_id].ok for call_id in after]
    for one, other in zip(messages, result.messages, strict=True):
        assert one.role == other.role
        kinds = [type(block) for block in one.blocks]
        assert kinds == [type(block) for block in other.blocks]
        if one.role == "assistant":
            assert one is other
    first, short = messages[0].blocks[0], result.messages[0].blocks[0]
    assert isinstance(first, TextBlock)
    assert isinstance(short, TextBlock)
    for was, is_now in zip(first.parts, short.parts, strict=True):
        assert was == is_now or (was.kind == "outline" and not was.pinned)


@given(messages=histories(), room=st.integers(1, 12_000))
def test_trimming_twice_is_trimming_once(messages: tuple[Message, ...], room: int) -> None:
    once = trimmed(messages, room)
    _, weights = weigh(once.messages)
    twice = trim(once.messages, once.tokens, room=room, weights=weights)
    assert (twice.messages, twice.left_out) == (once.messages, ())


@given(messages=histories(), room=st.integers(1, 12_000))
def test_the_prefix_is_as_long_as_the_order_allows(messages: tuple[Message, ...], room: int) -> None:
    """Without the last thing that went the mark would not be reached: nothing went in vain."""
    result = trimmed(messages, room)
    if not result.left_out:
        assert all(one is other for one, other in zip(messages, result.messages, strict=True))
        return
    assert result.tokens + result.left_out[-1].saved_tokens > int(room * LOW_WATER)
    places = [out.place for out in result.left_out]
    results = [place for place in places if place.part is None]
    outlines = [place for place in places if place.part is not None]
    assert places == sorted(results) + sorted(outlines, reverse=True)
    if not outlines:
        first = min(place.message for place in results)
        assert all(messages[number] is result.messages[number] for number in range(first))


def test_a_small_model_keeps_three_quarters_for_what_is_to_be_done() -> None:
    assert room_of(200_000, None, 16_000) == Room(200_000, 16_000)
    assert room_of(200_000, 32_000, 16_000) == Room(32_000, 8_000)
    assert room_of(4_096, None, 16_000) == Room(4_096, 1_024)
    assert room_of(2_048, 200_000, 16_000).input == 1_536
    assert room_of(None, None, 16_000) == Room(None, 16_000)
    assert room_of(0, None, 500).input is None
