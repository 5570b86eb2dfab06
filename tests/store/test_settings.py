"""The person's settings: read strictly, changed gently."""

from pathlib import Path

import pytest

from slop_qt.core.approvals import ApprovalKind, Mode
from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.core.settings import Limits, ModelChoice, Rule, Server, Settings
from slop_qt.store.settings import load_settings, save_day_budget, save_models, save_theme


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_no_file_and_an_empty_file_are_the_defaults(path: Path) -> None:
    assert load_settings(path) == Settings()
    path.write_text("")
    assert load_settings(path) == Settings()


def test_what_the_file_says_counts_and_the_rest_is_default(path: Path) -> None:
    path.write_text(
        """
        mode = "edits"
        theme = "dark"
        [limits]
        workers = 8
        verify_timeout_s = 30
        [tiers.3]
        provider = "scripted"
        model = "demo"
        [[rules]]
        action = "allow"
        kind = "command"
        subject = "make test"
        """
    )
    settings = load_settings(path)
    assert settings.mode is Mode.EDITS
    assert settings.theme == "dark"
    assert (settings.limits.workers, settings.limits.attempts) == (8, 3)
    assert settings.limits.verify_timeout_s == 30.0
    assert settings.tiers == Settings().tiers | {3: ModelChoice(provider="scripted", model="demo")}
    assert settings.rules == (Rule(action="allow", kind=ApprovalKind.COMMAND, subject="make test"),)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('mode = "yolo"', r"mode: .*'step', 'ask', 'edits' or 'auto'"),
        ('colour = "red"', r"colour: there is no such setting; known are tiers, mode, .*theme"),
        ("[limits]\nworkers = 65", r"limits\.workers: .*less than or equal to 64"),
        ("[limits]\nworkers = true", r"limits\.workers: .*valid integer"),
        ('unsandboxed = "no"', r"unsandboxed: .*valid boolean"),
        ("mode = 2026-01-01", r"mode: "),
        ("[limits]\nworker = 4", r"limits\.worker: there is no such setting; known are workers"),
        ('[tiers.5]\nprovider = "a"\nmodel = "b"', r"tiers\.5: there is no such tier, only 1, 2, 3, 4"),
        ('[tiers.3]\nprovider = "a"', r"tiers\.3\.model: Field required"),
        ('tiers = "all"', r"tiers: Input should be"),
        ('[[rules]]\naction = "perhaps"\nkind = "command"', r"rules\.0\.action: .*'allow', 'ask' or 'deny'"),
        (
            '[[rules]]\naction = "deny"\nkind = "command"\nglob = "*"',
            r"rules\.0\.glob: .*known are action, kind, subject",
        ),
        ('[servers.box]\napi = "openai"', r"servers\.box\.base_url: Field required"),
        ('[servers.box]\nbase_url = ""', r"servers\.box\.base_url: .*at least 1"),
        ('[servers.box]\nbase_url = "http://h"\napi = "cohere"', r"servers\.box\.api: .*'anthropic' or 'gemini'"),
        (
            '[servers.box]\nbase_url = "http://h"\nkey = "sk"',
            r"servers\.box\.key: .*known are base_url, api, key_variable",
        ),
        ('[servers.box]\nbase_url = "http://h"\nkey_variable = "a b"', r"servers\.box\.key_variable: "),
        ('[servers.anthropic]\nbase_url = "http://h"', r"servers: .*anthropic is taken"),
        ('[servers.scripted]\nbase_url = "http://h"', r"servers: .*scripted is taken"),
        ('[servers."My Box"]\nbase_url = "http://h"', r"servers: .*'My Box' is no name"),
        ('[servers."-x"]\nbase_url = "http://h"', r"servers: .*'-x' is no name"),
        ('[servers."a:b"]\nbase_url = "http://h"', r"servers: .*'a:b' is no name"),
        ("mode = ", "not TOML"),
        ("\x00", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_what_is_allowed(path: Path, content: str, said: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_settings(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_all_mistakes_are_named_at_once(path: Path) -> None:
    path.write_text('mode = "yolo"\ntheme = "pink"')
    with pytest.raises(ConfigurationError, match=r"mode: .*theme: "):
        load_settings(path)


def test_what_was_written_by_mistake_is_not_repeated(path: Path) -> None:
    path.write_text('anthropic_api_key = "sk-ant-secret"')
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    assert "sk-ant-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["not UTF-8", "a folder"])
def test_a_file_that_cannot_be_read_is_an_error_with_its_path(path: Path, content: bytes | None) -> None:
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    for call in (lambda: load_settings(path), lambda: save_theme(path, "dark")):
        with pytest.raises(ConfigurationError, match=r"settings\.toml"):
            call()


def test_saving_the_theme_keeps_everything_else_to_the_byte(path: Path) -> None:
    before = '# mine\nmode = "ask"   # careful\ntheme = "light" # day\n\n[limits]\nworkers=3 # few\n'
    path.write_text(before)
    save_theme(path, "dark")
    assert path.read_text() == before.replace('"light"', '"dark"')
    assert load_settings(path).theme == "dark"


def test_saving_the_theme_adds_it_where_it_is_read_again(path: Path) -> None:
    path.write_text("# mine\n[limits]\nworkers=3 # few\n")
    save_theme(path, "dark")
    assert load_settings(path).theme == "dark"
    assert load_settings(path).limits.workers == 3
    assert "# few" in path.read_text()


def test_saving_the_theme_creates_the_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "config" / "slop-qt" / "settings.toml"
    save_theme(path, "light")
    assert load_settings(path) == Settings(theme="light")
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_saving_through_a_link_keeps_the_link(tmp_path: Path, path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('theme = "light"\n')
    path.symlink_to(real)
    save_theme(path, "dark")
    assert path.is_symlink()
    assert real.read_text() == 'theme = "dark"\n'


def test_saving_over_a_broken_file_is_refused_and_it_is_kept(path: Path) -> None:
    path.write_text("theme = ")
    with pytest.raises(ConfigurationError, match="not TOML"):
        save_theme(path, "dark")
    assert path.read_text() == "theme = "


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="could not be created"):
        save_theme(tmp_path / "file" / "folder" / "settings.toml", "dark")


MODEL = ModelChoice(provider="ollama", model="qwen3")
DOCUMENTS = {
    "nothing": "",
    "others": '# mine\nmode = "edits"  # careful\n\n[limits]\nworkers = 3 # few\n',
    "the tier": '[tiers.3]\nprovider = "openai" # cheap\nmodel = "m"\n\n[limits]\ncache_ttl = "5m"\n',
    "another tier": '[tiers.1]\nprovider = "openai"\nmodel = "m" # strong\n[[rules]]\naction="deny"\nkind="command"\n',
    "inline": 'tiers = { 3 = { provider = "openai", model = "m" } }\nlimits = { workers = 3 }\n',
    "dotted": 'tiers.3.provider = "openai"\ntiers.3.model = "m"\nlimits.workers = 3\n',
    "quoted": '[tiers."3"]\nprovider = "openai"\nmodel = "m"\n',
    "apart": '[tiers.1]\nprovider="a"\nmodel="b"\n[limits]\nworkers=3\n[tiers.3]\nprovider="c"\nmodel="d"\n',
}


@pytest.mark.parametrize("before", DOCUMENTS.values(), ids=DOCUMENTS)
def test_saving_models_changes_these_and_keeps_the_rest(path: Path, before: str) -> None:
    path.write_text(before)
    was = load_settings(path)
    save_models(path, {3: MODEL}, "1h")
    now = load_settings(path)
    limits = was.limits.model_copy(update={"cache_ttl": "1h"})
    assert now == was.model_copy(update={"tiers": was.tiers | {3: MODEL}, "limits": limits})
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    assert [comment for comment in comments if comment not in path.read_text()] == []


def test_saving_models_writes_what_was_said_and_no_more(path: Path) -> None:
    save_models(path, {3: MODEL}, None)
    assert path.read_text() == '[tiers.3]\nprovider = "ollama"\nmodel = "qwen3"\n'
    save_models(path, {}, "1h")
    assert load_settings(path) == Settings(tiers=Settings().tiers | {3: MODEL}, limits=Limits(cache_ttl="1h"))


@pytest.mark.parametrize("before", DOCUMENTS.values(), ids=DOCUMENTS)
def test_saving_what_a_day_may_cost_keeps_the_rest(path: Path, before: str) -> None:
    path.write_text(before)
    was = load_settings(path)
    save_day_budget(path, 2.5, 1000)
    assert load_settings(path) == was.model_copy(update={"budget": BudgetLimits(day_usd=2.5, day_tokens=1000)})
    save_day_budget(path, None, None)
    assert load_settings(path) == was
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    assert [comment for comment in comments if comment not in path.read_text()] == []


def test_a_runs_limits_and_their_comments_stay(path: Path) -> None:
    path.write_text("[budget]  # mine\nrun_usd = 1.5  # enough\nday_usd = 9\n")
    save_day_budget(path, None, 7)
    assert path.read_text() == "[budget]  # mine\nrun_usd = 1.5  # enough\nday_tokens = 7\n"
    assert load_settings(path).budget == BudgetLimits(run_usd=1.5, day_tokens=7)


def test_a_models_name_may_have_any_characters(path: Path) -> None:
    odd = ModelChoice(provider="ollama", model='hf.co/a "b":c\\d ü')
    save_models(path, {3: odd}, None)
    assert load_settings(path).tiers[3] == odd


@pytest.mark.parametrize("content", ["theme = ", 'mode = "yolo"', 'tiers = "all"', "[tiers.3]\nmodel = 5\n"])
def test_saving_models_over_a_file_with_mistakes_is_refused_and_it_is_kept(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=r"settings\.toml"):
        save_models(path, {1: MODEL}, "1h")
    assert path.read_text() == content


def test_servers_are_read_with_their_defaults(path: Path) -> None:
    path.write_text(
        '[servers.box]\nbase_url = "http://10.0.0.5/v1"\n'
        '[servers.c-2]\nbase_url = "https://h"\napi = "anthropic"\nkey_variable = "C_KEY"\n'
    )
    assert load_settings(path).servers == {
        "box": Server(base_url="http://10.0.0.5/v1"),
        "c-2": Server(base_url="https://h", api="anthropic", key_variable="C_KEY"),
    }
