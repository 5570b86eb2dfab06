"""What is written as a scenario is read back equal by the loader, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slop_qt.providers.scenario import ScriptedFault, ScriptedTool, ScriptedTurn, ScriptedUsage, parse_scenario
from slop_qt.providers.scenario_writer import scenario_text, without_surrogates

TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["\r\n", "a\rb", '"""', "'''", "\\", "\\n", "\x7f\x00\x1f", "\ufeff", "\u2028", "🦉", "# no comment", "]]"]
)
NAMES = TEXTS.filter(bool)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TOOLS = st.builds(ScriptedTool, name=NAMES, input=st.dictionaries(TEXTS, VALUES, max_size=3))
COUNTS = st.integers(0, 10**12)
USAGES = st.builds(
    lambda fresh, read, write, said, thought: ScriptedUsage(
        input_tokens=fresh + read + write,
        output_tokens=said + thought,
        cache_read_tokens=read,
        cache_write_tokens=write,
        reasoning_tokens=thought,
    ),
    *[COUNTS] * 5,
)
FAULTS = st.builds(
    ScriptedFault,
    kind=st.sampled_from(["disconnect", "slow", "auth"]),
    after_chunks=COUNTS,
    times=st.integers(1, 9),
    retry_after_s=st.none() | st.floats(0, 100),
)
ORDINALS = st.none() | st.integers(1, 99)
TURNS = st.builds(
    ScriptedTurn,
    tier=st.sampled_from([3, 4]),
    track=st.none() | NAMES,
    ticket=st.none() | NAMES,
    attempt=ORDINALS,
    turn=ORDINALS,
    text=TEXTS,
    thinking=TEXTS,
    stop=st.sampled_from([None, "end_turn", "max_tokens", "refusal"]),
    tool=st.lists(TOOLS, max_size=3).map(tuple),
    usage=st.none() | USAGES,
    fault=st.none() | FAULTS,
)


@given(st.lists(TURNS, min_size=1, max_size=4).map(tuple), st.lists(TEXTS, max_size=2))
def test_turns_that_are_written_are_read_back_equal(turns, comment):
    assert parse_scenario(scenario_text(turns, comment)).turns == turns


def test_arguments_as_deep_as_tools_read_them_are_read_back():
    deep = {"a": 1}
    for _ in range(31):
        deep = {"a": [deep]}
    turn = ScriptedTurn(tier=3, tool=(ScriptedTool(name="x", input=deep),))
    assert parse_scenario(scenario_text([turn])).turns == (turn,)


@pytest.mark.parametrize("character", ["\n", "\r", "\x00", "\x7f"])
def test_a_comment_cannot_become_a_line_of_the_file(character):
    text = scenario_text([ScriptedTurn(tier=3)], [f"Called{character}[[turn]]"])
    assert text.startswith("# Called [[turn]]\n")
    assert len(parse_scenario(text).turns) == 1


def test_half_a_surrogate_pair_becomes_the_character_for_what_is_none():
    assert without_surrogates("a\ud83d\udc00🦉") == "a\ufffd\ufffd🦉"
