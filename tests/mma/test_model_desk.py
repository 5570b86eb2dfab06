"""What the settings dialog and doctor ask and change, with real SDKs, a real keyring library and servers."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from agent_support import Threads
from loopback import STALL, Answer, LoopbackServer
from memory_keyring import MemoryKeyring
from pydantic import SecretStr

from slop_qt.core.errors import ConfigurationError, InvalidInputError, SlopError
from slop_qt.core.settings import ModelChoice, Server, Settings
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.commands import ALL_COMMANDS
from slop_qt.mma.model_desk import ModelDesk
from slop_qt.mma.settings_shapes import ProviderRef, SaveSettings, SetKey, TryProvider
from slop_qt.store.keys import KeyStore
from slop_qt.store.logs import configure_logging
from slop_qt.store.preferences import Preferences
from slop_qt.store.settings import load_settings

KEY = "sk-canary-0123456789"
OTHER = "sk-canary-9876543210"
JSON = {"content-type": "application/json"}
TIERS = Settings().tiers


def page(body: Any, status: int = 200) -> Answer:
    return Answer([json.dumps(body).encode()], status, JSON)


LISTED = page({"data": [{"id": "claude-opus-4-5", "display_name": "Opus"}, {"id": "claude-haiku-4-5-20251001"}]})
REFUSED = page({"type": "error", "error": {"type": "authentication_error", "message": f"invalid x-api-key {KEY}"}}, 401)


class Desk:
    """A desk on a file of its own. environment may be changed."""

    def __init__(self, folder: Path, settings: Settings, offload: Threads, **environment: str) -> None:
        self.environment = environment
        self.keys = KeyStore(self.environment)
        self.preferences = Preferences(folder / "settings.toml", settings)
        self.desk = ModelDesk(
            preferences=self.preferences,
            keys=self.keys,
            offload=offload,
            environment=self.environment,
            ports=(),
        )

    async def status(self, name: str) -> Any:
        (one,) = [one for one in (await self.desk.show()).providers if one.name == name]
        return one

    async def tried(self, name: str, key: str | None = None) -> Any:
        return await self.desk.try_provider(TryProvider(provider=name, key=SecretStr(key) if key is not None else None))


@pytest.fixture
def make(tmp_path: Path, ring: MemoryKeyring) -> Iterator[Callable[..., Desk]]:
    offload = Threads()

    def build(settings: Settings | None = None, **environment: str) -> Desk:
        return Desk(tmp_path, settings or Settings(), offload, **environment)

    yield build
    offload.close()


class TestShow:
    """What is in force, and where keys are; nobody is asked over a network."""

    async def test_everything_that_can_be_chosen_is_there(self, make: Callable[..., Desk], tmp_path: Path) -> None:
        box = Server(base_url="http://me:pw@10.0.0.5/v1", key_variable="BOX_KEY")
        shown = await make(Settings(servers={"box": box}), GOOGLE_API_KEY=KEY).desk.show()
        assert (shown.tiers, shown.cache_ttl, shown.path) == (TIERS, "5m", str(tmp_path / "settings.toml"))
        assert shown.no_keyring is None
        found = {one.name: one for one in shown.providers}
        assert {name: one.key for name, one in found.items()} == {
            "anthropic": "missing",
            "gemini": "environment",
            "openai": "missing",
            "deepseek": "missing",
            "ollama": "unneeded",
            "lmstudio": "unneeded",
            "llamacpp": "unneeded",
            "vllm": "unneeded",
            "box": "missing",
        }
        assert "ANTHROPIC_API_KEY" in found["anthropic"].hint and "BOX_KEY" in found["box"].hint
        assert found["gemini"].hint == found["ollama"].hint == ""
        assert (found["lmstudio"].label, found["box"].base_url) == ("LM Studio", "http://10.0.0.5/v1")
        assert (found["ollama"].key_variable, found["gemini"].key_variable) == (None, "GOOGLE_API_KEY")
        assert KEY not in repr(shown) and KEY not in shown.model_dump_json()

    async def test_a_moved_vendor_is_shown_where_it_is(self, make: Callable[..., Desk]) -> None:
        desk = make(OPENAI_BASE_URL="http://localhost:9/v1")
        openai = await desk.status("openai")
        assert (openai.base_url, openai.key) == ("http://localhost:9/v1", "unneeded")

    async def test_the_scripted_provider_is_there_where_it_has_a_scenario(self, make: Callable[..., Desk]) -> None:
        scripted = await make(Settings(scenario="s.toml")).status("scripted")
        assert (scripted.key, scripted.label) == ("unneeded", "Scripted")

    async def test_a_locked_keyring_is_said(self, make: Callable[..., Desk], ring: MemoryKeyring) -> None:
        ring.lock()
        shown = await make().desk.show()
        assert shown.no_keyring is not None and "locked" in shown.no_keyring


class TestSave:
    """The settings file, changed."""

    async def test_what_is_saved_is_shown_and_written(self, make: Callable[..., Desk]) -> None:
        desk = make()
        tiers = {**TIERS, 3: ModelChoice(provider="ollama", model="qwen3")}
        shown = await desk.desk.save(SaveSettings(tiers=tiers, cache_ttl="1h"))
        assert (shown.tiers, shown.cache_ttl) == (tiers, "1h")
        assert load_settings(desk.preferences.path) == desk.preferences.current
        assert desk.preferences.current.tiers == tiers

    @pytest.mark.parametrize(
        ("tier", "provider", "model", "words"),
        [
            (5, "anthropic", "m", "no tier 5"),
            (0, "anthropic", "m", "no tier 0"),
            (3, "openia", "m", "no provider openia"),
            (3, "anthropic", "", "no name"),
            (3, "anthropic", " \t", "no name"),
            (3, "anthropic", "a\nb", "no name"),
            (3, "anthropic", "m" * 1000, "no name"),
        ],
    )
    async def test_what_does_not_hold_is_refused_and_nothing_written(
        self, make: Callable[..., Desk], tier: int, provider: str, model: str, words: str
    ) -> None:
        desk = make()
        choice = ModelChoice(provider=provider, model=model)
        with pytest.raises(InvalidInputError, match=words) as caught:
            await desk.desk.save(SaveSettings(tiers={tier: choice}, cache_ttl="5m"))
        assert caught.value.hint
        assert not desk.preferences.path.exists()


class TestKeys:
    """Keys that are entered: kept in the keyring, found again, never shown."""

    async def test_a_key_is_kept_and_removed(self, make: Callable[..., Desk], ring: MemoryKeyring) -> None:
        desk = make()
        shown = await desk.desk.set_key(SetKey(provider="deepseek", key=SecretStr(f" {KEY}\n")))
        assert ring.kept == {("slop-qt", "deepseek"): KEY}
        assert (await desk.status("deepseek")).key == "keyring"
        shown = await desk.desk.forget_key(ProviderRef(provider="deepseek"))
        assert {one.name: one.key for one in shown.providers}["deepseek"] == "missing"
        assert ring.kept == {}

    async def test_a_server_that_asks_for_none_may_have_one(self, make: Callable[..., Desk]) -> None:
        desk = make()
        await desk.desk.set_key(SetKey(provider="vllm", key=SecretStr(KEY)))
        assert (await desk.status("vllm")).key == "keyring"

    @pytest.mark.parametrize("key", ["", "  ", "two words", "clé-secrète", "a\nb-secret", "x" * 10_000])
    async def test_what_cannot_be_a_key_is_refused_without_being_shown(
        self, make: Callable[..., Desk], ring: MemoryKeyring, key: str
    ) -> None:
        with pytest.raises(ConfigurationError, match="key for Anthropic") as caught:
            await make().desk.set_key(SetKey(provider="anthropic", key=SecretStr(key)))
        assert not key.strip() or key not in str(caught.value)
        assert caught.value.hint and ring.kept == {}

    @pytest.mark.parametrize("name", ["nobody", "scripted"])
    async def test_nobody_has_no_key(self, make: Callable[..., Desk], name: str) -> None:
        with pytest.raises(ConfigurationError, match="no provider"):
            await make().desk.set_key(SetKey(provider=name, key=SecretStr(KEY)))
        with pytest.raises(ConfigurationError, match="no provider"):
            await make().desk.forget_key(ProviderRef(provider=name))

    async def test_without_a_keyring_it_is_said(self, make: Callable[..., Desk], ring: MemoryKeyring) -> None:
        ring.lock()
        with pytest.raises(ConfigurationError, match="locked") as caught:
            await make().desk.set_key(SetKey(provider="anthropic", key=SecretStr(KEY)))
        assert KEY not in str(caught.value)


class TestTry:
    """A provider is asked, with what is typed or with what is kept."""

    async def test_a_key_that_is_taken(self, make: Callable[..., Desk]) -> None:
        with LoopbackServer.saying(LISTED) as server:
            tried = await make(ANTHROPIC_BASE_URL=server.base_url).tried("anthropic", f" {KEY} ")
        assert (tried.ok, tried.message, tried.hint) == (True, "Anthropic takes the key; 2 models.", "")
        assert server.received[0].headers["authorization"] == f"Bearer {KEY}"

    async def test_what_is_typed_goes_before_what_is_kept(self, make: Callable[..., Desk], ring: MemoryKeyring) -> None:
        ring.kept["slop-qt", "anthropic"] = OTHER
        with LoopbackServer.saying(LISTED) as server:
            desk = make(ANTHROPIC_BASE_URL=server.base_url)
            for typed in (KEY, "", None):
                assert (await desk.tried("anthropic", typed)).ok
        sent = [request.headers["authorization"] for request in server.received]
        assert sent == [f"Bearer {key}" for key in (KEY, OTHER, OTHER)]
        assert ring.kept == {("slop-qt", "anthropic"): OTHER}, "trying keeps nothing"

    async def test_a_key_that_is_refused(self, make: Callable[..., Desk]) -> None:
        with LoopbackServer.saying(REFUSED) as server:
            tried = await make(ANTHROPIC_BASE_URL=server.base_url).tried("anthropic", KEY)
        assert not tried.ok and "refused the key" in tried.message and "settings" in tried.hint
        assert KEY not in repr(tried)

    async def test_no_key_at_all(self, make: Callable[..., Desk], ring: MemoryKeyring) -> None:
        tried = await make().tried("anthropic")
        assert (tried.ok, tried.message) == (False, "There is no key for Anthropic.")
        ring.lock()
        tried = await make().tried("anthropic")
        assert "ANTHROPIC_API_KEY" in tried.hint and "locked" in tried.hint

    async def test_a_local_server_that_asks_for_no_key(self, make: Callable[..., Desk]) -> None:
        settings = Settings(tiers={**TIERS, 3: ModelChoice(provider="box", model="qwen3")})
        with LoopbackServer.saying(page({"data": [{"id": "llama"}]})) as server:
            box = Server(base_url=f"{server.base_url}/v1")
            tried = await make(settings.model_copy(update={"servers": {"box": box}})).tried("box")
        assert (tried.ok, tried.message) == (True, "box answers; 1 model.")
        assert tried.hint == "It does not list qwen3, which tier 3 asks for."

    @pytest.mark.parametrize("name", ["nobody", "scripted", ""])
    async def test_what_cannot_be_asked_is_said_and_not_raised(self, make: Callable[..., Desk], name: str) -> None:
        tried = await make().tried(name, KEY)
        assert not tried.ok and tried.message and tried.hint

    async def test_odd_keys_are_said_and_not_raised(self, make: Callable[..., Desk]) -> None:
        tried = await make().tried("anthropic", "clé secrète")
        assert not tried.ok and "characters" in tried.message and "clé" not in repr(tried)

    async def test_nobody_there(self, make: Callable[..., Desk]) -> None:
        with LoopbackServer.saying(LISTED) as server:
            gone = server.base_url
        tried = await make(ANTHROPIC_BASE_URL=gone).tried("anthropic", KEY)
        assert not tried.ok and "refuses connections" in tried.message

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"lifecycle": "deprecated", "retires_at": "2999-01-02T00:00:00Z"}, "is offered until 2999-01-02"),
            ({"lifecycle": "retired", "retires_at": "2020-01-02T00:00:00Z"}, "was retired on 2020-01-02"),
            ({"lifecycle": "deprecated"}, "is deprecated"),
        ],
    )
    async def test_models_on_their_way_out_are_warned_of(
        self, make: Callable[..., Desk], facts: dict[str, str], words: str
    ) -> None:
        models = page({"data": [{"id": "claude-opus-4-5", **facts}, {"id": "claude-haiku-4-5"}]})
        with LoopbackServer.saying(models) as server:
            tried = await make(ANTHROPIC_BASE_URL=server.base_url).tried("anthropic", KEY)
        assert tried.ok
        assert f"Tier 1's model claude-opus-4-5 {words}: choose another one." in tried.hint
        assert "Tier 2's model" in tried.hint and "Tier 3" not in tried.hint

    async def test_a_try_that_is_given_up_ends_its_connection(self, make: Callable[..., Desk]) -> None:
        with LoopbackServer.saying(Answer([STALL], headless=True)) as server:
            trying = asyncio.create_task(make(ANTHROPIC_BASE_URL=server.base_url).tried("anthropic", KEY))
            assert await asyncio.to_thread(server.wait_until_asked, 20)
            trying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await trying
            assert await asyncio.to_thread(server.wait_until_left, 10)


class TestModels:
    """What is known of a provider's models."""

    async def test_the_provider_and_the_table_together(self, make: Callable[..., Desk]) -> None:
        with LoopbackServer.saying(LISTED) as server:
            desk = make(ANTHROPIC_BASE_URL=server.base_url, ANTHROPIC_API_KEY=KEY)
            assert desk.desk.catalog.limit_tokens("anthropic", "claude-opus-4-5") is None
            listed = await desk.desk.models(ProviderRef(provider="anthropic"))
        assert (listed.problem, listed.hint) == ("", "")
        opus, haiku = listed.models
        assert (opus.label, opus.context_tokens, opus.source) == ("Opus", 200_000, "both")
        assert (haiku.label, haiku.output_tokens) == ("Claude Haiku 4.5", 64_000)
        assert desk.desk.catalog.limit_tokens("anthropic", "claude-opus-4-5") == 200_000

    async def test_the_table_alone_where_the_provider_cannot_be_asked(self, make: Callable[..., Desk]) -> None:
        listed = await make().desk.models(ProviderRef(provider="anthropic"))
        assert listed.problem == "There is no key for Anthropic." and listed.hint
        assert "claude-opus-4-5" in {model.name for model in listed.models}
        assert {model.source for model in listed.models} == {"table"}

    async def test_what_a_chosen_local_model_can(self, make: Callable[..., Desk]) -> None:
        show = page({"model_info": {"q.context_length": 40_960}, "capabilities": ["completion", "tools"]})
        pages = {
            "/v1/models": page({"data": [{"id": "qwen3:latest", "owned_by": "library"}]}),
            "/api/show": show,
        }
        with LoopbackServer(lambda request: pages.get(request.path, page({}, 404))) as server:
            servers = {"ollama": Server(base_url=f"{server.base_url}/v1")}
            tiers = {**TIERS, 3: ModelChoice(provider="ollama", model="qwen3")}
            desk = make(Settings(servers=servers, tiers=tiers))
            (model,) = (await desk.desk.models(ProviderRef(provider="ollama"))).models
        assert (model.context_tokens, model.tools) == (40_960, True)
        assert desk.desk.catalog.limit_tokens("ollama", "qwen3") == 40_960

    async def test_one_that_is_not_there_is_refused(self, make: Callable[..., Desk]) -> None:
        with pytest.raises(ConfigurationError, match="no provider 'nobody'"):
            await make().desk.models(ProviderRef(provider="nobody"))

    async def test_the_scripted_one_says_what_it_lacks(self, make: Callable[..., Desk]) -> None:
        listed = await make().desk.models(ProviderRef(provider="scripted"))
        assert (listed.models, listed.problem) == ((), "The scripted provider has no scenario.")


async def test_local_servers_have_the_names_that_lead_to_them(make: Callable[..., Desk]) -> None:
    pages = {"/api/version": page({"version": "1"}), "/api/tags": page({"models": [{"name": "m"}]})}

    def respond(request: Any) -> Answer:
        return pages.get(request.path, page({}, 404))

    with LoopbackServer(respond) as named, LoopbackServer(respond) as nameless:
        local = named.base_url.replace("127.0.0.1", "localhost")
        desk = make(Settings(servers={"mine": Server(base_url=f"{local}/v1/")})).desk
        desk._ports = tuple(urlsplit(one.base_url).port for one in (named, nameless))
        (found,) = (await desk.find_local()).servers
    assert (found.provider, found.label, found.base_url) == ("mine", "Ollama", f"{named.base_url}/v1")
    assert found.models == ("m",)


async def test_every_command_of_the_dialog_has_its_handler(make: Callable[..., Desk]) -> None:
    registry = CommandRegistry()
    make().desk.register(registry)
    names = {command.name for command in ALL_COMMANDS if command.name.startswith(("settings.", "provider."))}
    assert {name for name in names if registry.find(name) is None} == set() and len(names) == 7


async def test_no_key_is_anywhere_but_in_the_keyring(
    make: Callable[..., Desk], ring: MemoryKeyring, tmp_path: Path
) -> None:
    """Through every command, each with a key that an echo of a server gives back."""
    said: list[str] = []
    with LoopbackServer.saying(REFUSED) as server:
        desk = make(ANTHROPIC_BASE_URL=server.base_url)
        undo = configure_logging(tmp_path / "logs", "debug", desk.keys.secrets)
        try:
            said.append(repr(await desk.tried("anthropic", KEY)))
            said.append(repr(await desk.desk.set_key(SetKey(provider="anthropic", key=SecretStr(KEY)))))
            said.append(repr(await desk.desk.models(ProviderRef(provider="anthropic"))))
            said.append(repr(await desk.desk.save(SaveSettings(tiers=TIERS, cache_ttl="1h"))))
            ring.raising = RuntimeError(f"no {KEY}")
            for call in (
                desk.desk.set_key(SetKey(provider="anthropic", key=SecretStr(KEY))),
                desk.desk.forget_key(ProviderRef(provider="anthropic")),
            ):
                with pytest.raises(SlopError) as caught:
                    await call
                said.append(f"{caught.value!r} {caught.value}")
            logging.getLogger("slop_qt").error("a defect logs %s", KEY)
        finally:
            undo()
    files = await asyncio.to_thread(lambda: [path for path in tmp_path.rglob("*") if path.is_file()])
    assert {path.name for path in files} >= {"slop-qt.log", "settings.toml"}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in " ".join(said) and KEY not in repr(SetKey(provider="a", key=SecretStr(KEY)))
