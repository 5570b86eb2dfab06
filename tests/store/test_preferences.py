"""The settings in force: the file, the command line over it, and what is changed meanwhile."""

import threading
from pathlib import Path

import pytest

from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import Limits, ModelChoice, Rule, Settings
from slop_qt.store.preferences import Preferences
from slop_qt.store.settings import load_settings

LOCAL = ModelChoice(provider="ollama", model="qwen3")
GIVEN = ModelChoice(provider="openai", model="gpt-x")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def test_what_is_saved_is_in_force_and_in_the_file(path: Path) -> None:
    preferences = Preferences(path, Settings())
    saved = preferences.save(tiers={3: LOCAL}, cache_ttl="1h")
    expected = Settings(tiers=Settings().tiers | {3: LOCAL}, limits=Limits(cache_ttl="1h"))
    assert saved == preferences.current == load_settings(path) == expected


def test_saving_what_is_in_force_writes_nothing(path: Path) -> None:
    preferences = Preferences(path, Settings())
    preferences.save(tiers=Settings().tiers, cache_ttl="5m")
    assert not path.exists()


def test_what_the_command_line_says_stays_in_force_and_out_of_the_file(path: Path) -> None:
    """The dialog sends all four tiers; the person has changed the fourth."""
    in_force = Settings(tiers=Settings().tiers | {3: GIVEN}, unsandboxed=True, limits=Limits(workers=9))
    preferences = Preferences(path, in_force)
    preferences.save(tiers=in_force.tiers | {4: LOCAL}, cache_ttl="5m")
    assert preferences.current == in_force.model_copy(update={"tiers": in_force.tiers | {4: LOCAL}})
    assert load_settings(path) == Settings(tiers=Settings().tiers | {4: LOCAL})


def test_what_a_day_may_cost_is_in_force_and_in_the_file(path: Path) -> None:
    preferences = Preferences(path, Settings(budget=BudgetLimits(run_usd=1.0)))
    preferences.save_day_budget(None, None)
    assert not path.exists(), "it was so already"
    saved = preferences.save_day_budget(2.0, None)
    assert saved.budget == preferences.current.budget == BudgetLimits(run_usd=1.0, day_usd=2.0)
    assert load_settings(path).budget == BudgetLimits(day_usd=2.0)


def test_a_tier_of_the_command_line_that_the_person_changes_is_theirs(path: Path) -> None:
    preferences = Preferences(path, Settings(tiers=Settings().tiers | {3: GIVEN}))
    preferences.save(tiers={3: LOCAL}, cache_ttl="5m")
    assert preferences.current.tiers[3] == load_settings(path).tiers[3] == LOCAL


def test_what_another_program_wrote_meanwhile_stays(path: Path) -> None:
    preferences = Preferences(path, Settings())
    path.parent.mkdir()
    path.write_text('theme = "dark"\n[tiers.1]\nprovider = "a"\nmodel = "b"\n')
    preferences.save(tiers=Settings().tiers | {3: LOCAL}, cache_ttl="5m")
    written = load_settings(path)
    assert (written.theme, written.tiers[1]) == ("dark", ModelChoice(provider="a", model="b"))


def test_what_could_not_be_written_is_not_in_force(path: Path) -> None:
    preferences = Preferences(path, Settings())
    path.parent.mkdir()
    path.write_text('mode = "yolo"')
    with pytest.raises(ConfigurationError):
        preferences.save(tiers={3: LOCAL}, cache_ttl="1h")
    assert preferences.current == Settings()


def test_savers_at_once_lose_nothing_of_each_other(path: Path) -> None:
    preferences = Preferences(path, Settings())
    ready = threading.Barrier(5)

    def save(tier: int) -> None:
        ready.wait(10)
        preferences.save(tiers={tier: LOCAL}, cache_ttl="5m")

    def theme() -> None:
        ready.wait(10)
        preferences.save_theme("dark")

    threads = [threading.Thread(target=save, args=(tier,)) for tier in (1, 2, 3, 4)] + [threading.Thread(target=theme)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert load_settings(path) == Settings(tiers=dict.fromkeys((1, 2, 3, 4), LOCAL), theme="dark")


RULE = Rule(action="allow", kind=ApprovalKind.COMMAND, subject="pytest -q", cwd=".", shell=True)


def test_a_rule_is_in_force_and_in_the_file_and_gone_from_both(path: Path) -> None:
    own = Rule(action="deny", kind=ApprovalKind.MERGE)
    preferences = Preferences(path, Settings(rules=(own,)))
    assert preferences.write_rule(RULE) and preferences.current.rules == (own,), "written is not in force"
    preferences.enforce_rule(RULE)
    assert preferences.current.rules == (own, RULE)
    assert load_settings(path).rules == (RULE,)
    assert not preferences.write_rule(RULE)
    preferences.enforce_rule(RULE)
    assert preferences.current.rules == (own, RULE)
    preferences.remove_rule(RULE)
    assert preferences.current.rules == (own,) and load_settings(path).rules == ()


def test_a_rule_that_another_program_wrote_meanwhile_comes_into_force_and_is_not_written_twice(path: Path) -> None:
    preferences = Preferences(path, Settings())
    Preferences(path, Settings()).write_rule(RULE)
    assert not preferences.write_rule(RULE)
    preferences.enforce_rule(RULE)
    assert preferences.current.rules == load_settings(path).rules == (RULE,)


def test_a_rule_that_cannot_be_removed_stays_in_force(path: Path) -> None:
    preferences = Preferences(path, Settings())
    path.parent.mkdir()
    path.write_text('mode = "yolo"')
    with pytest.raises(ConfigurationError):
        preferences.write_rule(RULE)
    path.unlink()
    preferences.write_rule(RULE)
    preferences.enforce_rule(RULE)
    path.write_text('mode = "yolo"')
    with pytest.raises(ConfigurationError):
        preferences.remove_rule(RULE)
    assert preferences.current.rules == (RULE,)
