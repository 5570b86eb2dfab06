"""Keys: found where they should be, masked everywhere else."""

from slop_qt.store.keys import find_key, known_keys, redact


def test_keys_come_from_their_variables() -> None:
    environ = {"ANTHROPIC_API_KEY": " a-key\n", "GOOGLE_API_KEY": "g-key", "OPENAI_API_KEY": "  "}
    assert find_key("anthropic", environ) == "a-key"
    assert find_key("gemini", environ) == "g-key"
    assert find_key("gemini", environ | {"GEMINI_API_KEY": "first"}) == "first"
    assert find_key("openai", environ) is None
    assert find_key("scripted", environ) is None
    assert find_key("anthropic", {}) is None


def test_all_keys_are_known_whichever_is_used() -> None:
    environ = {"GEMINI_API_KEY": "one", "GOOGLE_API_KEY": "two", "OPENAI_API_KEY": "two", "OTHER": "x"}
    assert sorted(known_keys(environ)) == ["one", "two"]


def test_every_key_is_masked_longest_first() -> None:
    text = "a sk-secret-12 b sk-secret-1234 c sk-secret-12"
    assert redact(text, ["sk-secret-12", "sk-secret-1234"]) == "a [key] b [key] c [key]"


def test_words_that_local_servers_take_for_keys_are_left_readable() -> None:
    assert redact("there are none, as ever", ["none", "", "x"]) == "there are none, as ever"
