"""What is known of models: the provider's word first, the shipped table where it says nothing."""

import re
import subprocess
import sys
from datetime import date

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import Server
from slop_qt.providers.catalog import Catalog
from slop_qt.providers.model_table import ModelTable
from slop_qt.providers.servers import place_of
from slop_qt.store.resources import resource_path

SERVERS = {
    "seek": Server(base_url="https://api.deepseek.com/v1"),
    "box": Server(base_url="http://127.0.0.1:9999/v1"),
    "claude-box": Server(base_url="http://127.0.0.1:9999", api="anthropic"),
}


@pytest.fixture
def catalog():
    made = Catalog(lambda: resource_path("models.toml"), lambda name: place_of(name, {}, SERVERS))
    made.load()
    return made


def info(provider, name, **fields):
    return ModelInfo(provider=provider, name=name, source="provider", **fields)


def test_the_shipped_table_knows_the_models_of_the_default_settings(catalog):
    opus = catalog.about("anthropic", "claude-opus-4-5")
    assert opus == ModelInfo(
        provider="anthropic",
        name="claude-opus-4-5",
        label="Claude Opus 4.5",
        source="table",
        context_tokens=200_000,
        output_tokens=64_000,
        tools=True,
        thinking=True,
    )
    assert catalog.limit_tokens("anthropic", "claude-haiku-4-5") == 200_000


def test_every_entry_of_the_shipped_table_makes_sense():
    table = ModelTable.read(resource_path("models.toml"))
    assert {vendor for vendor, _ in table.entries} == {"anthropic", "openai", "google"}
    names = [name for entry in set(table.entries.values()) for name in entry.names]
    assert len(names) == len(set(names))
    for (_, name), entry in table.entries.items():
        assert re.fullmatch(r"[a-z0-9.-]+", name)
        for tokens in (entry.context_tokens, entry.output_tokens):
            assert tokens is None or 1000 <= tokens <= 10_000_000
        if entry.context_tokens and entry.output_tokens:
            assert entry.output_tokens < entry.context_tokens


@pytest.mark.parametrize(
    "version", ["-20251101", "-2025-11-01", "@20251101", "-latest", "-001"], ids=lambda version: version
)
def test_a_name_stands_for_its_versions(catalog, version):
    about = catalog.about("anthropic", f"claude-opus-4-5{version}")
    assert about.name == f"claude-opus-4-5{version}"
    assert about.output_tokens == 64_000


@pytest.mark.parametrize("name", ["claude-opus-4-5-fast", "claude-opus-4-5-20251101-x", "x-claude-opus-4-5"])
def test_a_name_stands_for_no_other_model(catalog, name):
    about = catalog.about("anthropic", name)
    assert about is None or about.output_tokens is None


def test_a_version_of_its_own_goes_before_the_name(catalog):
    assert catalog.about("openai", "gpt-4o-2024-05-13").retires == date(2026, 10, 23)
    assert catalog.about("openai", "gpt-4o-2024-08-06").retires == date(2027, 1, 14)


def test_windows_come_from_the_price_table_where_ours_has_none(catalog):
    assert catalog.limit_tokens("gemini", "gemini-3.5-flash") == 1_000_000
    assert catalog.limit_tokens("gemini", "models/gemini-3.5-flash") == 1_000_000


def test_an_address_says_whose_models_they_are(catalog):
    assert catalog.limit_tokens("deepseek", "deepseek-chat") == catalog.limit_tokens("seek", "deepseek-chat") == 64_000
    assert catalog.limit_tokens("box", "gpt-5") is None
    assert catalog.limit_tokens("claude-box", "claude-opus-4-5") is None


@pytest.mark.parametrize(
    ("provider", "model"), [("nobody", "m"), ("scripted", "scripted"), ("openai", ""), ("ollama", "m")]
)
def test_what_nobody_knows_is_not_known(catalog, provider, model):
    assert catalog.limit_tokens(provider, model) is None
    assert catalog.about(provider, model) is None


def test_nothing_of_the_table_is_known_before_it_is_read():
    unread = Catalog(lambda: resource_path("models.toml"), lambda name: place_of(name, {}, {}))
    assert unread.limit_tokens("anthropic", "claude-opus-4-5") is None
    assert unread.models("anthropic") == ()
    unread.learn("anthropic", [info("anthropic", "m", context_tokens=5)])
    assert unread.limit_tokens("anthropic", "m") == 5


def test_the_providers_word_wins_and_the_table_fills_its_gaps(catalog):
    catalog.learn("anthropic", [info("anthropic", "claude-opus-4-5", label="Ours", context_tokens=500_000)])
    about = catalog.about("anthropic", "claude-opus-4-5")
    assert (about.source, about.label, about.context_tokens, about.output_tokens) == ("both", "Ours", 500_000, 64_000)
    assert catalog.limit_tokens("anthropic", "claude-opus-4-5") == 500_000


def test_where_the_table_adds_nothing_only_the_provider_said_it(catalog):
    whole = info(
        "anthropic", "claude-opus-4-5", label="L", context_tokens=1, output_tokens=1, tools=True, thinking=False
    )
    catalog.learn("anthropic", [whole])
    assert catalog.about("anthropic", "claude-opus-4-5") == whole


def test_a_day_of_retirement_that_is_over_does_not_hold_for_a_model_that_is_listed(catalog):
    assert catalog.about("anthropic", "claude-3-opus-20240229").retires == date(2026, 1, 5)
    catalog.learn("anthropic", [info("anthropic", "claude-3-opus-20240229")])
    about = catalog.about("anthropic", "claude-3-opus-20240229")
    assert (about.retires, about.deprecated) == (None, True)


def test_what_was_listed_is_offered_else_what_the_table_proposes(catalog):
    proposed = [model.name for model in catalog.models("anthropic")]
    assert "claude-opus-5-5" in proposed and "claude-3-opus" not in proposed
    catalog.learn("anthropic", [info("anthropic", "claude-z"), info("anthropic", "claude-opus-4-5")])
    assert [model.name for model in catalog.models("anthropic")] == ["claude-z", "claude-opus-4-5"]
    catalog.learn("anthropic", [])
    assert catalog.models("anthropic") == ()
    catalog.forget("anthropic")
    assert [model.name for model in catalog.models("anthropic")] == proposed
    assert catalog.models("box") == catalog.models("nobody") == ()


def test_short_names_of_local_models_are_found(catalog):
    catalog.learn("ollama", [info("ollama", "qwen3:latest", context_tokens=40_960)])
    assert catalog.limit_tokens("ollama", "qwen3") == 40_960


@pytest.mark.parametrize(
    "content", ["[[model]]\nvendor = 5\n", "model = ", "[[model]]\nvendor='a'\nnames=['b']\nx=1\n", None]
)
def test_a_table_that_is_not_as_it_was_shipped_is_said(tmp_path, content):
    path = tmp_path / "models.toml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        Catalog(lambda: path, lambda name: place_of(name, {}, {})).load()
    assert caught.value.hint


def test_the_price_table_is_not_imported_before_it_is_read():
    program = (
        "import sys\n"
        "from slop_qt.providers.catalog import Catalog\n"
        "Catalog(lambda: None, None).limit_tokens\n"
        "sys.exit('genai_prices' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
