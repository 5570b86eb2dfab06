"""The person's settings: read strictly, changed gently."""

from pathlib import Path

import pytest

from slop_qt.core.approvals import ApprovalKind, Mode
from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.core.settings import ModelChoice, Rule, Settings
from slop_qt.store.settings import load_settings, save_theme


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
