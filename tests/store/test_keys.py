"""Keys: found where they should be, kept in the keyring, masked everywhere else; and keyrings that fail."""

import threading
from collections.abc import Iterator

import keyring
import pytest
from keyring.backends import chainer, fail, null
from memory_keyring import MemoryKeyring

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.keys import FoundKey, KeyStore
from slop_qt.store.secrets import Secrets
from slop_qt.store.system_keyring import SystemKeyring

KEY = "sk-canary-0123456789"
GEMINI = ("GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    if backend.stuck is not None:
        backend.stuck.set()
    keyring.set_keyring(before)


def test_keys_come_from_the_first_variable_that_has_one(ring: MemoryKeyring) -> None:
    store = KeyStore({"ANTHROPIC_API_KEY": " a-key\n", "GOOGLE_API_KEY": "g-key", "OPENAI_API_KEY": "  "})
    assert store.find("anthropic", ("ANTHROPIC_API_KEY",)) == FoundKey("a-key", "environment")
    assert store.find("gemini", GEMINI) == FoundKey("g-key", "environment")
    assert ring.calls == 0, "nobody's keyring is unlocked for what the environment has"
    assert store.find("openai", ("OPENAI_API_KEY",)) is None
    assert store.find("ollama", ()) is None
    first = KeyStore({"GEMINI_API_KEY": "first", "GOOGLE_API_KEY": "g-key"})
    assert first.find("gemini", GEMINI) == FoundKey("first", "environment")


def test_a_key_that_was_saved_is_found_until_it_is_forgotten(ring: MemoryKeyring) -> None:
    store = KeyStore({})
    store.save("deepseek", KEY)
    assert ring.kept == {("slop-qt", "deepseek"): KEY}
    assert store.find("deepseek", ("DEEPSEEK_API_KEY",)) == FoundKey(KEY, "keyring")
    assert KeyStore({}).find("deepseek", ()) == FoundKey(KEY, "keyring"), "another process finds it too"
    store.forget("deepseek")
    store.forget("deepseek")
    assert (store.find("deepseek", ()), ring.kept, store.problem()) == (None, {}, None)


def test_the_environment_goes_before_the_keyring(ring: MemoryKeyring) -> None:
    store = KeyStore({"X_KEY": "from-outside"})
    store.save("x", KEY)
    assert store.find("x", ("X_KEY",)) == FoundKey("from-outside", "environment")


def test_versions_tell_that_a_providers_key_was_changed(ring: MemoryKeyring) -> None:
    store = KeyStore({})
    before = store.version("a"), store.version("b")
    store.save("a", KEY)
    assert store.version("a") != before[0] and store.version("b") == before[1]
    saved = store.version("a")
    store.forget("a")
    assert store.version("a") != saved


def test_a_key_is_in_no_representation(ring: MemoryKeyring) -> None:
    store = KeyStore({"X_KEY": KEY})
    found = store.find("x", ("X_KEY",))
    assert found is not None and found.value == KEY
    assert KEY not in f"{found!r} {store!r} {store.secrets!r}"


def test_every_key_that_was_met_is_masked_from_then_on(ring: MemoryKeyring) -> None:
    store = KeyStore({"A_KEY": "sk-from-environ", "B_KEY": "sk-never-asked"})
    ring.kept["slop-qt", "kept"] = "sk-from-keyring"
    text = "sk-from-environ sk-never-asked sk-from-keyring sk-just-entered"
    assert store.secrets.redact(text) == text
    store.mask(("A_KEY", "B_KEY", "C_KEY"))
    store.find("kept", ())
    store.save("x", "sk-just-entered")
    assert store.secrets.redact(text) == "[key] [key] [key] [key]"


def test_a_key_is_masked_even_where_it_could_not_be_kept(ring: MemoryKeyring) -> None:
    ring.lock()
    store = KeyStore({})
    with pytest.raises(ConfigurationError):
        store.save("x", KEY)
    assert store.secrets.redact(KEY) == "[key]"


@pytest.mark.parametrize(
    ("nothing", "words"),
    [(fail.Keyring(), "has no keyring"), (null.Keyring(), "switched off"), (chainer.ChainerBackend(), "no keyring")],
)
def test_without_a_keyring_it_is_said_what_to_do(ring, monkeypatch, nothing, words) -> None:
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [])
    keyring.set_keyring(nothing)
    store = KeyStore({})
    assert store.find("x", ()) is None
    problem = store.problem()
    assert problem is not None and words in problem and "environment" in problem
    assert store.trouble == problem
    for act in (lambda: store.save("x", KEY), lambda: store.forget("x")):
        with pytest.raises(ConfigurationError, match=words) as caught:
            act()
        assert KEY not in str(caught.value)
    assert store.version("x") == 0


def test_a_locked_keyring_is_said_and_asked_again_when_it_is_open(ring: MemoryKeyring) -> None:
    ring.kept["slop-qt", "x"] = KEY
    ring.lock()
    store = KeyStore({})
    assert store.find("x", ()) is None
    assert "locked" in store.trouble and "Unlock it" in (store.problem() or "")
    ring.raising = None
    assert store.find("x", ()) == FoundKey(KEY, "keyring")
    assert (store.trouble, store.problem()) == ("", None)


@pytest.mark.parametrize("error", [RuntimeError(f"D-Bus and {KEY}"), OSError(5, "io"), ValueError(KEY)])
def test_whatever_breaks_below_the_keyring_is_a_sentence_without_its_words(
    ring: MemoryKeyring, error: Exception
) -> None:
    ring.raising = error
    store = KeyStore({})
    assert store.find("x", ()) is None
    with pytest.raises(ConfigurationError, match=f"it failed \\({type(error).__name__}\\)") as caught:
        store.save("x", KEY)
    assert KEY not in f"{caught.value}{caught.value.__cause__}{store.trouble}"
    assert caught.value.__suppress_context__


def test_a_keyring_that_hangs_is_left_alone_and_then_costs_nothing(ring: MemoryKeyring) -> None:
    ring.stuck = threading.Event()
    ring.kept["slop-qt", "x"] = KEY
    store = KeyStore({}, SystemKeyring(timeout_s=0.05))
    assert store.find("x", ()) is None
    assert "did not answer in time" in store.trouble and "password" in store.trouble
    calls = ring.calls
    assert store.find("y", ()) is None
    assert "did not answer in time" in (store.problem() or "")
    assert ring.calls == calls, "no second call while the first one hangs"
    ring.stuck.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(10)
    assert store.find("x", ()) == FoundKey(KEY, "keyring")


def test_the_keyring_is_asked_in_a_thread_of_its_own(ring: MemoryKeyring) -> None:
    KeyStore({}).find("x", ())
    assert ring.threads == {"keyring"}


def test_every_key_is_masked_longest_first() -> None:
    secrets = Secrets(["sk-secret-12", "sk-secret-1234"])
    assert secrets.redact("a sk-secret-12 b sk-secret-1234 c sk-secret-12") == "a [key] b [key] c [key]"
    assert Secrets(['a"quoted"key']).redact('{"x": "a\\"quoted\\"key"}') == '{"x": "[key]"}'


def test_words_that_local_servers_take_for_keys_are_left_readable() -> None:
    assert Secrets(["none", "", "x"]).redact("there are none, as ever") == "there are none, as ever"
