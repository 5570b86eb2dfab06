"""Scenario files: every field arrives, every mistake is named with its place and what is allowed."""

import pytest

from slop_qt.core.conversation import Caller
from slop_qt.core.errors import ConfigurationError
from slop_qt.providers.scenario import load_scenario, match_turn, parse_scenario

EVERYTHING = '''
seed = 7
[defaults]
chunk_chars = 3
chunks_per_s = 12.5
[[turn]]
tier = 3
ticket = "T-002"
track = "Title"
attempt = 2
turn = 4
text = """two
lines"""
thinking = "hm"
stop = "max_tokens"
[[turn.tool]]
name = "write_file"
input = { path = "a.py", content = "x", nested = [{ deep = true }, 1.5] }
[[turn.tool]]
name = "finish_ticket"
[turn.usage]
input_tokens = 1200
output_tokens = 340
cache_read_tokens = 800
cache_write_tokens = 100
reasoning_tokens = 40
[turn.fault]
kind = "disconnect"
after_chunks = 10
times = 2
retry_after_s = 0.1
[[turn]]
tier = 1
'''


def test_every_field_arrives():
    scenario = parse_scenario(EVERYTHING)
    assert (scenario.seed, scenario.defaults.chunk_chars, scenario.defaults.chunks_per_s) == (7, 3, 12.5)
    turn = scenario.turns[0]
    assert (turn.tier, turn.ticket, turn.track, turn.attempt, turn.turn) == (3, "T-002", "Title", 2, 4)
    assert (turn.text, turn.thinking, turn.stop_reason) == ("two\nlines", "hm", "max_tokens")
    assert [tool.name for tool in turn.tools] == ["write_file", "finish_ticket"]
    assert turn.tools[0].input == {"path": "a.py", "content": "x", "nested": [{"deep": True}, 1.5]}
    assert turn.tools[1].input == {}
    assert turn.usage is not None
    assert turn.usage.model_dump() == {
        "input_tokens": 1200,
        "output_tokens": 340,
        "cache_read_tokens": 800,
        "cache_write_tokens": 100,
        "reasoning_tokens": 40,
    }
    assert turn.fault is not None
    assert turn.fault.model_dump() == {"kind": "disconnect", "after_chunks": 10, "times": 2, "retry_after_s": 0.1}


def test_what_is_absent_has_its_default():
    scenario = parse_scenario("[[turn]]\ntier = 1\n")
    turn = scenario.turns[0]
    assert (scenario.seed, scenario.defaults.chunk_chars, scenario.defaults.chunks_per_s) == (0, 4, 0)
    assert (turn.text, turn.thinking, turn.tools, turn.usage, turn.fault) == ("", "", (), None, None)
    assert (turn.ticket, turn.track, turn.attempt, turn.turn) == (None, None, None, None)


@pytest.mark.parametrize(
    ("lines", "stop"),
    [
        ("", "end_turn"),
        ('[[turn.tool]]\nname = "x"', "tool_use"),
        ('stop = "refusal"\n[[turn.tool]]\nname = "x"', "refusal"),
        ('stop = "end_turn"', "end_turn"),
    ],
)
def test_stop_follows_the_tools_unless_it_is_given(lines, stop):
    assert parse_scenario(f"[[turn]]\ntier = 3\n{lines}").turns[0].stop_reason == stop


@pytest.mark.parametrize(
    ("lines", "caller", "matches"),
    [
        ("tier = 3", Caller(3, "Any", "T-9", 7, 8), True),
        ("tier = 3", Caller(2), False),
        ('tier = 3\nticket = "T-1"', Caller(3, ticket="T-1"), True),
        ('tier = 3\nticket = "T-1"', Caller(3, ticket="T-2"), False),
        ('tier = 3\nticket = "T-1"', Caller(3), False),
        ('tier = 2\ntrack = "A"', Caller(2, track="A"), True),
        ('tier = 2\ntrack = "A"', Caller(2, track="B"), False),
        ("tier = 3\nattempt = 2", Caller(3, attempt=2), True),
        ("tier = 3\nattempt = 2", Caller(3, attempt=1), False),
        ("tier = 3\nturn = 5", Caller(3, turn=5), True),
        ("tier = 3\nturn = 5", Caller(3, turn=4), False),
    ],
)
def test_a_turn_matches_on_who_asks(lines, caller, matches):
    scenario = parse_scenario(f"[[turn]]\n{lines}")
    assert (match_turn(scenario, caller) is not None) is matches


def test_the_first_match_in_file_order_wins():
    scenario = parse_scenario(
        '[[turn]]\ntier = 3\nattempt = 2\ntext = "second attempt"\n[[turn]]\ntier = 3\ntext = "general"\n'
        '[[turn]]\ntier = 3\nattempt = 1\ntext = "never"\n'
    )
    texts = [match_turn(scenario, Caller(3, attempt=attempt)).text for attempt in (1, 2)]
    assert texts == ["general", "second attempt"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ["turn is missing"]),
        ("turn = []", ["turn", "at least one [[turn]]"]),
        ("turn = 3", ["turn is 3", "valid array"]),
        ("turn = [3]", ["turn[0] is 3"]),
        ("seed = 'x'\n[[turn]]\ntier = 1", ["seed", '"x"', "integer"]),
        ("speed = 1\n[[turn]]\ntier = 1", ["speed is not known", "seed, defaults, turn"]),
        ("name = 'x'\n[[turn]]\ntier = 1", ["name is not known"]),
        ("turns = 1\n[[turn]]\ntier = 1", ["turns is not known"]),
        (
            "[defaults]\nchunk_chars = 0\n[[turn]]\ntier = 1",
            ["defaults.chunk_chars is 0", "greater than or equal to 1"],
        ),
        ("[defaults]\nchunks_per_s = -1\n[[turn]]\ntier = 1", ["defaults.chunks_per_s is -1"]),
        ("[defaults]\nchunks_per_s = inf\n[[turn]]\ntier = 1", ["defaults.chunks_per_s is inf", "finite"]),
        ("[defaults]\nspeed = 1\n[[turn]]\ntier = 1", ["defaults.speed", "chunk_chars, chunks_per_s"]),
        ("[[turn]]", ["turn[0].tier is missing"]),
        ("[[turn]]\ntier = 5", ["turn[0].tier is 5", "less than or equal to 4"]),
        ("[[turn]]\ntier = '3'", ["turn[0].tier", '"3"', "integer"]),
        ("[[turn]]\ntier = true", ["turn[0].tier is true", "integer"]),
        ("[[turn]]\ntier = 1\n[[turn]]\ntier = 0", ["turn[1].tier is 0"]),
        ("[[turn]]\ntier = 3\nticket = ''", ["turn[0].ticket"]),
        ("[[turn]]\ntier = 3\nticket = 4", ["turn[0].ticket is 4", "string"]),
        ("[[turn]]\ntier = 2\nticket = 'T-1'", ["turn[0]", "'T-1' never matches", "tier 2"]),
        ("[[turn]]\ntier = 1\ntrack = 1", ["turn[0].track is 1"]),
        ("[[turn]]\ntier = 3\nattempt = 0", ["turn[0].attempt is 0"]),
        ("[[turn]]\ntier = 3\nturn = 1.5", ["turn[0].turn is 1.5"]),
        ("[[turn]]\ntier = 3\ntext = ['a']", ["turn[0].text", "string"]),
        ("[[turn]]\ntier = 3\nthinking = 1", ["turn[0].thinking is 1"]),
        ("[[turn]]\ntier = 3\ntex = 'a'", ["turn[0].tex is not known", "text, thinking, stop"]),
        ("[[turn]]\ntier = 3\nstop = 'tool_use'", ["turn[0].stop", "'end_turn', 'max_tokens' or 'refusal'"]),
        ("[[turn]]\ntier = 3\ntool = { name = 'x' }", ["turn[0].tool", "valid array"]),
        ("[[turn]]\ntier = 3\n[[turn.tool]]\ninput = {}", ["turn[0].tool[0].name is missing"]),
        ("[[turn]]\ntier = 3\n[[turn.tool]]\nname = ''", ["turn[0].tool[0].name"]),
        ("[[turn]]\ntier = 3\n[[turn.tool]]\nname = 'x'\ninput = 1", ["turn[0].tool[0].input is 1"]),
        ("[[turn]]\ntier = 3\n[[turn.tool]]\nname = 'x'\nargs = {}", ["turn[0].tool[0].args", "name, input"]),
        (
            "[[turn]]\ntier = 3\n[[turn.tool]]\nname = 'x'\ninput = { day = 2026-01-01 }",
            ["turn[0].tool[0].input.day", "date or time"],
        ),
        (
            "[[turn]]\ntier = 3\n[[turn.tool]]\nname = 'x'\ninput = { a = [1, nan] }",
            ["turn[0].tool[0].input.a[1] is nan"],
        ),
        ("[[turn]]\ntier = 3\n[turn.usage]\ninput_tokens = -1", ["turn[0].usage.input_tokens is -1"]),
        ("[[turn]]\ntier = 3\n[turn.usage]\ntokens = 1", ["turn[0].usage.tokens", "input_tokens, output_tokens"]),
        (
            "[[turn]]\ntier = 3\n[turn.usage]\ninput_tokens = 5\ncache_read_tokens = 4\ncache_write_tokens = 2",
            ["turn[0].usage", "input_tokens must be given and include"],
        ),
        (
            "[[turn]]\ntier = 3\n[turn.usage]\noutput_tokens = 5\nreasoning_tokens = 6",
            ["turn[0].usage", "output_tokens must be given and include"],
        ),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'disconect'", ["turn[0].fault.kind", '"disconect"', "'disconnect'"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\ntimes = 1", ["turn[0].fault.kind is missing"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'hang'\ntimes = 0", ["turn[0].fault.times is 0"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'hang'\nafter_chunks = -1", ["turn[0].fault.after_chunks is -1"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'hang'\nretry_after_s = -1", ["turn[0].fault.retry_after_s is -1"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'hang'\nafter = 1", ["turn[0].fault.after", "after_chunks"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'bad_json'", ["turn[0]", "'bad_json' needs a [[turn.tool]]"]),
        ("[[turn]]\ntier = 3\n[turn.fault]\nkind = 'bad_tool_input'", ["turn[0]", "'bad_tool_input' needs"]),
        ("[[turn]]\ntier = 3\n[[turn.fault]]\nkind = 'hang'", ["turn[0].fault", "object"]),
    ],
)
def test_a_mistake_is_named_with_its_place(text, named):
    with pytest.raises(ConfigurationError) as caught:
        parse_scenario(text, name="demo.toml")
    assert "demo.toml" in caught.value.message
    for words in named:
        assert words in caught.value.message


def test_all_mistakes_are_named_at_once():
    with pytest.raises(ConfigurationError, match="2 mistakes") as caught:
        parse_scenario("[[turn]]\ntier = 9\n[[turn]]\nteir = 1\ntier = 1\n")
    assert "turn[0].tier" in caught.value.message
    assert "turn[1].teir" in caught.value.message
    assert "turn[0] is the first" in caught.value.hint


def test_a_mistake_in_the_toml_is_named_with_its_line():
    with pytest.raises(ConfigurationError, match=r"line 3"):
        parse_scenario('[[turn]]\ntier = 1\ntext = "open\n')


def test_a_file_is_read(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text('[[turn]]\ntier = 1\ntext = "grüß 🙂"\n', encoding="utf-8")
    assert load_scenario(file).turns[0].text == "grüß 🙂"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml cannot be read"):
        load_scenario(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_scenario(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'text = "gr\xfc\xdf"')
    with pytest.raises(ConfigurationError, match=r"not UTF-8 text \(byte 10\)"):
        load_scenario(tmp_path / "latin.toml")
