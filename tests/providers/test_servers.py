"""Providers by name: vendors, presets, the servers of the settings, and what messages say of each."""

import pytest

from slop_qt.core.errors import ConfigurationError, ProviderError
from slop_qt.core.settings import Server
from slop_qt.providers.endpoint import Endpoint, shown_address
from slop_qt.providers.http_failures import FailureTranslator, Refusal
from slop_qt.providers.registry import open_provider
from slop_qt.providers.servers import PRESETS, key_variables, label_of, place_of, provider_at, provider_names

OWN = {
    "box": Server(base_url="http://10.0.0.5:9000/v1"),
    "cloud": Server(base_url="https://llm.example.com/v1", key_variable="CLOUD_KEY"),
    "claudish": Server(base_url="http://127.0.0.1:8080", api="anthropic"),
    "geminish": Server(base_url="http://127.0.0.1:8081", api="gemini", key_variable="GEMINISH_KEY"),
    "ollama": Server(base_url="http://10.0.0.6:11434/v1"),
}


def opened(name, **environment):
    return open_provider(name, environment=environment, offload=None, servers=OWN)


def test_names_are_vendors_presets_and_ones_own_each_once():
    names = provider_names(OWN)
    assert names[:3] == ("anthropic", "gemini", "openai")
    assert set(names) == {"anthropic", "gemini", "openai", "scripted", *PRESETS, *OWN}
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["box", "claudish", "ollama", "vllm", "lmstudio", "llamacpp"])
def test_a_server_without_a_key_needs_none_and_has_its_own_name(name):
    assert opened(name).name == name


@pytest.mark.parametrize(
    ("name", "variable"), [("cloud", "CLOUD_KEY"), ("deepseek", "DEEPSEEK_API_KEY"), ("geminish", "GEMINISH_KEY")]
)
def test_a_server_with_a_key_variable_needs_its_key(name, variable):
    assert opened(name, **{variable: "key"}).name == name
    with pytest.raises(ConfigurationError, match=f"no key for {label_of(name)}") as caught:
        opened(name, ANTHROPIC_API_KEY="k", GEMINI_API_KEY="k", OPENAI_API_KEY="k")
    assert variable in caught.value.hint and "settings" in caught.value.hint


def test_a_key_that_is_given_goes_before_the_environment():
    provider = open_provider("cloud", environment={"CLOUD_KEY": "two words"}, offload=None, servers=OWN, key="one")
    assert provider.name == "cloud"


def test_ones_own_server_goes_before_a_preset():
    assert place_of("ollama", {}, OWN).base_url == "http://10.0.0.6:11434/v1"
    assert place_of("ollama", {}, {}).base_url == "http://127.0.0.1:11434/v1"
    assert place_of("ollama", {}, OWN).vendor.label == "Ollama"


def test_vendors_move_with_the_environment_and_servers_do_not():
    moved = {"OPENAI_BASE_URL": "http://localhost:1/v1", "ANTHROPIC_BASE_URL": "http://localhost:2"}
    assert place_of("openai", moved, OWN).base_url == "http://localhost:1/v1"
    assert not place_of("openai", moved, OWN).key_needed
    assert place_of("openai", {}, OWN).key_needed
    assert place_of("anthropic", moved, OWN).base_url == "http://localhost:2"
    assert place_of("box", moved, OWN).base_url == "http://10.0.0.5:9000/v1"
    assert place_of("claudish", moved, OWN).base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("name", ["nobody", "scripted", ""])
def test_one_without_an_address_is_said_with_those_that_have_one(name):
    with pytest.raises(ConfigurationError, match="There is no provider") as caught:
        place_of(name, {}, OWN)
    assert "claudish" in caught.value.hint


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "/v1"])
def test_an_address_that_cannot_be_one_names_its_setting(url):
    with pytest.raises(ConfigurationError, match=r"servers\.mine\.base_url in your settings is") as caught:
        open_provider("mine", environment={}, offload=None, servers={"mine": Server(base_url=url)})
    assert "http://localhost" in caught.value.hint


def test_a_key_that_cannot_be_one_is_not_shown():
    with pytest.raises(ConfigurationError, match="characters") as caught:
        opened("cloud", CLOUD_KEY="clé-secrète")
    assert "clé" not in str(caught.value) and "CLOUD_KEY" in caught.value.hint


def test_a_password_in_an_address_is_not_shown():
    assert shown_address("http://me:secret@host:1/v1") == "http://host:1/v1"
    assert shown_address("http://host:1/@v1") == "http://host:1/@v1"
    with pytest.raises(ConfigurationError) as caught:
        open_provider("b", environment={}, offload=None, servers={"b": Server(base_url="ftp://me:secret@host/v1")})
    assert "secret" not in str(caught.value)


def test_every_variable_that_may_have_a_key_is_known():
    assert set(key_variables(OWN)) == {
        "ANTHROPIC_API_KEY",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        "OPENAI_API_KEY",
        "DEEPSEEK_API_KEY",
        "CLOUD_KEY",
        "GEMINISH_KEY",
    }


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://127.0.0.1:1234/v1", "lmstudio"),
        ("http://localhost:1234/v1/", "lmstudio"),
        ("http://10.0.0.6:11434/v1", "ollama"),
        ("http://127.0.0.1:11434/v1", None),
        ("http://127.0.0.1:8080", None),
        ("http://127.0.0.1:8080/v1", "llamacpp"),
    ],
)
def test_an_address_has_a_name_where_one_leads_to_it(address, name):
    assert provider_at(address, OWN) == name


class TestWords:
    """What a failure says of a server: its own name, variable and setting."""

    @staticmethod
    def failure(name, status, *, key="", model="m"):
        place = place_of(name, {}, OWN)
        endpoint = Endpoint.checked(place.vendor, base_url=place.base_url, key=key, key_needed=False)
        translator = FailureTranslator(endpoint, caught=(), timeouts=(), refusal=lambda _: Refusal(status, {}))
        error = translator.translate(RuntimeError(), model)
        assert isinstance(error, ProviderError)
        return error

    def test_a_refused_key(self):
        assert "CLOUD_KEY" in self.failure("cloud", 401, key="some-long-key").hint
        hint = self.failure("box", 401, key="some-long-key").hint
        assert hint == "Enter a valid key for box in the settings."

    def test_a_wanted_key(self):
        error = self.failure("box", 401)
        assert "wants a key" in error.message and "settings" in error.hint

    def test_a_wrong_address(self):
        assert "servers.box.base_url in your settings" in self.failure("box", 404).hint
        assert "ANTHROPIC" not in self.failure("claudish", 404).hint
        assert self.failure("ollama", 404, model="").message == "10.0.0.6:11434 has no list of models there (404)."


@pytest.mark.parametrize("api", ["openai", "anthropic", "gemini"])
def test_a_user_or_password_in_an_address_is_refused_and_not_shown(api):
    servers = {"b": Server(base_url="http://me:secret@host/v1", api=api)}
    with pytest.raises(ConfigurationError, match="with a user or a password before the host") as refused:
        open_provider("b", environment={}, offload=None, servers=servers, key="k-0123456789")
    assert "secret" not in str(refused.value)
