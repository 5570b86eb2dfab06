"""What counts as a phase or a task of a plan, in Conductor's form and in those that occur."""

import pytest

from slop_qt.core.plan_lines import is_plan, plan_tasks, task_name

PLAN = """\
# Plan

Some words, and a list:
- not a task

## Phase 1: Words [checkpoint: 07d6cc7]

- [x] Task: Mend a 89ffc7b
    - [ ] A step
- [~] **Task 2: Mend b**
  - [ ] Another step
- [ ] Mend c
- [ ] Task: Mend a
"""


def test_tasks_are_named_without_what_only_marks_them() -> None:
    assert plan_tasks(PLAN) == ("Mend a", "A step", "Mend b", "Another step", "Mend c")


def test_line_ends_of_any_kind_end_a_line() -> None:
    assert plan_tasks(PLAN.replace("\n", "\r\n")) == plan_tasks(PLAN)


@pytest.mark.parametrize(
    "written",
    [
        "Task: Mend a",
        " Mend a ",
        "Mend a 89ffc7b",
        "Task: Mend a (89ffc7b)",
        "Mend a [89ffc7b1]",
        "Mend a `89ffc7b`",
        "**Task 12: Mend a**",
        "**Task 12: Mend a** 89ffc7b",
        "**Task:** Mend a",
        "Task 1.2: Mend a",
    ],
)
def test_one_task_written_in_many_ways_has_one_name(written: str) -> None:
    assert task_name(written) == "Mend a"


def test_a_task_in_another_language_keeps_its_words() -> None:
    assert plan_tasks("- [ ] Aufgabe: Wörter berichtigen\n") == ("Aufgabe: Wörter berichtigen",)


@pytest.mark.parametrize("text", ["## Phase 1: Words", "### Phase 2", "## [x] Phase 1: Words", "- [ ] Anything", PLAN])
def test_a_phase_or_a_task_makes_a_plan(text: str) -> None:
    assert is_plan(text)


@pytest.mark.parametrize("text", ["", "# Plan\n\nFirst this, then that.", "- a\n- b", "[ ] Task: without a list"])
def test_words_alone_are_no_plan(text: str) -> None:
    assert not is_plan(text)
