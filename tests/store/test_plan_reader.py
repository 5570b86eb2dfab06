"""A plan's tasks as tickets name them."""

import pytest

from slop_qt.store.conductor.plan_reader import ConductorPlans

PLAN = """\
# Plan

## Phase 1: Words [checkpoint: 07d6cc7]

- [x] Task: Mend a 89ffc7b
    - [ ] A step
- [~] **Task 2: Mend b**
- [ ] Mend c
- [ ] Task: Mend a
"""


def test_tasks_are_named_without_what_only_marks_them() -> None:
    assert ConductorPlans().tasks(PLAN) == ("Mend a", "A step", "Mend b", "Mend c")


def test_a_task_is_known_however_it_is_written() -> None:
    written = ("Mend a", "Task: Mend a", "Task: Mend a 89ffc7b", "**Task 2: Mend b**", "- [ ] Mend c", "A  step")
    assert ConductorPlans().unknown(PLAN, written) == ()
    assert ConductorPlans().unknown(PLAN, ("Mend z", "Mend a", "")) == ("Mend z", "")


@pytest.mark.parametrize("text", ["## Phase 1: Words", "### Schritt 2", "- [ ] Etwas tun", PLAN])
def test_a_phase_or_a_task_makes_a_plan(text: str) -> None:
    assert ConductorPlans().is_plan(text)


@pytest.mark.parametrize("text", ["", "# Plan\n\nFirst this, then that.", "- a\n- b"])
def test_words_alone_are_no_plan(text: str) -> None:
    assert not ConductorPlans().is_plan(text)
