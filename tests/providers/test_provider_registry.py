"""Making providers: names, keys, addresses, and nothing slow before it is needed."""

import asyncio
import subprocess
import sys
import threading

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.providers.registry import open_provider
from slop_qt.providers.servers import PRESETS, provider_names

VENDORS = [
    ("anthropic", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    ("gemini", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"),
    ("openai", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
]
KEYS = {key: "key" for _, key, _ in VENDORS}


class ThreadOffload:
    """The helper pool's port over the running loop's executor; knows the threads that were used."""

    def __init__(self):
        self.threads = set()

    async def run(self, job):
        def here():
            self.threads.add(threading.get_ident())
            return job()

        return await asyncio.to_thread(here)


def opened(name, scenario=None, offload=None, **environment):
    return open_provider(name, environment=environment, offload=offload or ThreadOffload(), scenario=scenario)


def test_each_provider_is_made_by_its_name(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text("[[turn]]\ntier = 1\n")
    names = provider_names({})
    assert [opened(name, scenario=file, **KEYS, DEEPSEEK_API_KEY="key").name for name in names] == list(names)
    assert names == ("anthropic", "gemini", "openai", *PRESETS, "scripted")


def test_a_provider_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        ConfigurationError,
        match=r"'openia'.*anthropic, gemini, openai, deepseek, ollama, lmstudio, llamacpp, vllm, scripted",
    ):
        opened("openia")


def test_the_scripted_provider_needs_a_scenario(tmp_path):
    with pytest.raises(ConfigurationError, match="--scenario"):
        opened("scripted")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        opened("scripted", scenario=tmp_path / "none.toml")


@pytest.mark.parametrize(("name", "variable", "_"), VENDORS)
@pytest.mark.parametrize("key", [None, "", " \n"])
def test_without_a_key_the_hint_says_how_to_give_one(name, variable, _, key):
    with pytest.raises(ConfigurationError, match="no key") as caught:
        opened(name, **({} if key is None else {variable: key}))
    assert variable in caught.value.hint


@pytest.mark.parametrize(("name", "variable", "_"), VENDORS)
@pytest.mark.parametrize("key", ["two words", "clé-secrète", "a\nb", "a\x00b"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(name, variable, _, key):
    with pytest.raises(ConfigurationError, match="characters") as caught:
        opened(name, **{variable: key})
    assert key not in str(caught.value)
    assert variable in caught.value.hint


@pytest.mark.parametrize(("name", "key", "address"), VENDORS)
@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://host:port", "/v1", "http://[::1"])
def test_an_address_that_cannot_be_one_is_refused(name, key, address, url):
    with pytest.raises(ConfigurationError, match=address) as caught:
        opened(name, **{key: "key", address: url})
    assert "http://localhost" in caught.value.hint


@pytest.mark.parametrize(("name", "key", "address"), VENDORS)
def test_an_empty_address_is_the_vendors(name, key, address):
    assert opened(name, **{key: "key", address: ""}).name == name


@pytest.mark.parametrize("address", ["http://localhost:11434/v1", "https://llm.example.com/v1"])
def test_a_server_of_ones_own_needs_no_key_for_chat_completions(address):
    assert opened("openai", OPENAI_BASE_URL=address).name == "openai"


@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "https://eu.api.openai.com/v1"])
def test_openai_itself_needs_one(address):
    with pytest.raises(ConfigurationError, match="no key for OpenAI"):
        opened("openai", OPENAI_BASE_URL=address)


@pytest.mark.parametrize(("name", "key", "_"), VENDORS)
async def test_what_is_slow_happens_in_the_helper_pool(name, key, _):
    offload = ThreadOffload()
    session = await opened(name, offload=offload, **{key: "key"}).open()
    await session.aclose()
    assert offload.threads
    assert threading.get_ident() not in offload.threads


def test_importing_and_making_providers_imports_no_sdk():
    program = (
        "import sys\n"
        "from slop_qt.providers.registry import open_provider\n"
        f"for name in {[name for name, _, _ in VENDORS]}:\n"
        f"    open_provider(name, environment={KEYS}, offload=None)\n"
        "slow = {'anthropic', 'openai', 'google.genai', 'aiohttp', 'httpx2', 'genai_prices', 'PySide6'}\n"
        "slow &= set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
