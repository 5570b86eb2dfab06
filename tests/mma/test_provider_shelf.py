"""Provider objects: made once, and anew when a key or a server has changed."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agent_support import Threads
from memory_keyring import MemoryKeyring

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import Server, Settings
from slop_qt.mma.provider_shelf import ProviderShelf
from slop_qt.store.keys import KeyStore
from slop_qt.store.preferences import Preferences

KEY = "sk-canary-0123456789"
BOX = Server(base_url="http://127.0.0.1:9/v1")


class Changing(Preferences):
    """Preferences whose servers change too."""

    def serve(self, **servers: Server) -> None:
        self._current = self._current.model_copy(update={"servers": servers})


class Shelf:
    def __init__(self, folder: Path, offload: Threads, settings: Settings, environment: dict[str, str]) -> None:
        self.keys = KeyStore(environment)
        self.preferences = Changing(folder / "settings.toml", settings)
        self.shelf = ProviderShelf(
            preferences=self.preferences, keys=self.keys, offload=offload, environment=environment
        )
        self.get = self.shelf.get


@pytest.fixture
def make(tmp_path: Path, ring: MemoryKeyring) -> Iterator[Callable[..., Shelf]]:
    offload = Threads()
    yield lambda settings=None, **environment: Shelf(tmp_path, offload, settings or Settings(), environment)
    offload.close()


def test_a_provider_is_made_once(make: Callable[..., Shelf]) -> None:
    shelf = make(ANTHROPIC_API_KEY=KEY)
    assert shelf.get("anthropic") is shelf.get("anthropic")
    assert shelf.get("ollama") is not shelf.get("vllm")
    assert [provider.name for provider in shelf.shelf.made()] == ["anthropic", "ollama", "vllm"]


def test_a_provider_is_made_once_for_all_who_ask_at_once(make: Callable[..., Shelf]) -> None:
    shelf, ready, got = make(), threading.Barrier(8), []

    def ask() -> None:
        ready.wait(10)
        got.append(shelf.get("ollama"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(got) == 8 and len(set(map(id, got))) == 1


def test_a_key_of_the_keyring_is_found(make: Callable[..., Shelf], ring: MemoryKeyring) -> None:
    ring.kept["slop-qt", "anthropic"] = KEY
    shelf = make()
    assert shelf.get("anthropic").name == "anthropic"
    assert shelf.keys.secrets.redact(KEY) == "[key]"
    assert KEY not in repr(shelf.get("anthropic"))


def test_a_key_that_changed_gives_another_object_and_the_old_one_stays_as_it_is(make: Callable[..., Shelf]) -> None:
    shelf = make()
    with pytest.raises(ConfigurationError, match="no key for Anthropic"):
        shelf.get("anthropic")
    shelf.keys.save("anthropic", KEY)
    first, neighbour = shelf.get("anthropic"), shelf.get("ollama")
    shelf.keys.save("anthropic", "sk-canary-another")
    second = shelf.get("anthropic")
    assert second is not first and second is shelf.get("anthropic")
    assert shelf.get("ollama") is neighbour
    shelf.keys.forget("anthropic")
    with pytest.raises(ConfigurationError, match="no key for Anthropic"):
        shelf.get("anthropic")


def test_a_server_that_changed_gives_another_object(make: Callable[..., Shelf]) -> None:
    shelf = make(Settings(servers={"box": BOX}))
    first = shelf.get("box")
    shelf.preferences.serve(box=BOX, other=BOX)
    assert shelf.get("box") is first
    shelf.preferences.serve(box=Server(base_url="http://127.0.0.1:10/v1"))
    assert shelf.get("box") is not first
    shelf.preferences.serve()
    with pytest.raises(ConfigurationError, match="no provider 'box'"):
        shelf.get("box")


def test_a_keyring_that_fails_is_named_where_a_key_is_missing(make: Callable[..., Shelf], ring: MemoryKeyring) -> None:
    ring.lock()
    shelf = make()
    with pytest.raises(ConfigurationError, match="no key for Anthropic") as caught:
        shelf.get("anthropic")
    assert "ANTHROPIC_API_KEY" in caught.value.hint and "is locked" in caught.value.hint
    assert shelf.get("ollama").name == "ollama", "whoever needs no key is not held up"


def test_the_scripted_provider_never_asks_for_a_key(
    make: Callable[..., Shelf], ring: MemoryKeyring, tmp_path: Path
) -> None:
    path = tmp_path / "s.toml"
    path.write_text("[[turn]]\ntier = 1\n")
    assert make(Settings(scenario=str(path))).get("scripted").name == "scripted"
    assert ring.calls == 0
