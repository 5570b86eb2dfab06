"""Rules in the settings file: put in and taken out, and what a person wrote around them stays as it was."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.core.settings import Rule
from slop_qt.store.settings import add_rule, load_settings, remove_rule

PLAIN = '# mine\nmode = "ask"\n\n[limits]\nworkers = 3 # few\n'
TABLES = """\
mode = "ask"
# never
[[rules]]
action = "deny" # really
kind = "command"

# what is harmless
[[rules]]
action = "allow"
kind = "merge"

# limits of mine
[limits]
workers = 3
"""
IN_A_LINE = 'rules = [{action = "deny", kind = "command", subject = "x"}]\n[limits]\nworkers = 3\n'
IN_LINES = 'rules = [\n  # never\n  {action = "deny", kind = "command", subject = "x"}, # really\n]\nmode = "ask"\n'
NONE_YET = 'rules = []\nmode = "ask"\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def rule(subject: str | None, action: Any = "allow", **fields: Any) -> Rule:
    return Rule(action=action, kind=ApprovalKind.COMMAND, subject=subject, **fields)


def put(path: Path, content: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)


@pytest.mark.parametrize("content", [PLAIN, TABLES, IN_A_LINE, IN_LINES, NONE_YET])
def test_a_rule_comes_behind_the_others_and_taken_out_leaves_the_file_as_it_was(path: Path, content: str) -> None:
    put(path, content)
    before = load_settings(path)
    first, second = rule("a\nb", cwd=".", shell=True), rule("c", "deny")
    assert add_rule(path, first) and add_rule(path, second)
    assert load_settings(path) == before.model_copy(update={"rules": (*before.rules, first, second)})
    for line in content.splitlines():
        assert line.removesuffix("]").removesuffix("}") in path.read_text()
    remove_rule(path, first)
    assert load_settings(path).rules == (*before.rules, second)
    remove_rule(path, second)
    assert path.read_text() == content


def test_comments_stay_with_what_they_are_about(path: Path) -> None:
    put(path, TABLES)
    add_rule(path, rule("pytest"))
    assert path.read_text() == TABLES.replace(
        "# limits of mine", '[[rules]]\naction = "allow"\nkind = "command"\nsubject = "pytest"\n\n# limits of mine'
    )


def test_a_persons_own_rule_is_taken_out_and_nothing_else(path: Path) -> None:
    put(path, TABLES)
    remove_rule(path, rule(None, "deny"))
    assert path.read_text() == TABLES.replace('[[rules]]\naction = "deny" # really\nkind = "command"\n', "")
    remove_rule(path, Rule(action="allow", kind=ApprovalKind.MERGE))
    assert load_settings(path).rules == () and load_settings(path).limits.workers == 3
    assert "# limits of mine\n[limits]" in path.read_text()


def test_a_text_of_several_lines_that_looks_like_a_header_misleads_nobody(path: Path) -> None:
    rules = '[[rules]]\naction = "allow"\nkind = "command"\nsubject = """\n[[rules]]\n"""\n'
    other = "[[rules]]\naction = \"deny\"\nkind = \"command\"\nsubject = '''\n[[rules]]\nx'''\n"
    for content, gone, left in ((rules + other, "[[rules]]\n", other), (other + rules, "[[rules]]\n", other)):
        put(path, content)
        remove_rule(path, rule(gone))
        assert path.read_text() == left


def test_the_very_same_is_written_once_and_taken_out_as_often_as_it_is_there(path: Path) -> None:
    assert add_rule(path, rule("x")) and not add_rule(path, rule("x"))
    assert add_rule(path, rule("x", cwd=".")), "it is for less"
    assert load_settings(path).rules == (rule("x"), rule("x", cwd="."))
    put(path, TABLES + '[[rules]]\naction = "allow"\nkind = "merge"\n')
    remove_rule(path, Rule(action="allow", kind=ApprovalKind.MERGE))
    assert load_settings(path).rules == (rule(None, "deny"),)


def test_taking_out_what_is_not_there_writes_nothing(path: Path) -> None:
    remove_rule(path, rule("x"))
    assert not path.exists()
    put(path, TABLES)
    written = path.stat().st_mtime_ns, path.stat().st_ino
    remove_rule(path, rule("x"))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == written


@pytest.mark.parametrize("change", [add_rule, remove_rule])
def test_a_file_with_mistakes_is_left_as_it_is(path: Path, change: Any) -> None:
    put(path, 'mode = "yolo"\n')
    with pytest.raises(ConfigurationError, match="mode"):
        change(path, rule("x"))
    assert path.read_text() == 'mode = "yolo"\n'


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file")
    with pytest.raises((StoreError, ConfigurationError)):
        add_rule(tmp_path / "config" / "settings.toml", rule("x"))


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, st.sampled_from([PLAIN, TABLES, IN_A_LINE, IN_LINES, ""]))
def test_any_text_is_read_back_to_the_character_and_goes_without_a_trace(
    path: Path, one: str, other: str, content: str
) -> None:
    put(path, content)
    before = load_settings(path).rules
    rules = (rule(one, cwd=".", shell=True), rule(other, "deny", cwd=one))
    for each in rules:
        add_rule(path, each)
    assert load_settings(path).rules == (*before, *rules)
    for each in rules:
        remove_rule(path, each)
    assert path.read_text() == content
