"""The lines of a plan in Conductor's form that mean something: phases, and the tasks that tickets name word for word.

Read as tolerantly as people and programs write them; the written form is `## Phase 1: Name` over `- [ ] Task: Text`.
"""

import re

__all__ = ["is_plan", "plan_tasks", "task_name"]

_PHASE = re.compile(r"#{2,3}[ \t]+(?:\[.\][ \t]+)?Phase\b.*", re.IGNORECASE)
_TASK = re.compile(r"[ \t]*[-*+] \[.\][ \t]+(.*\S)[ \t]*")
_SHA = re.compile(r"[ \t]+(?:[0-9a-f]{7,40}|\([0-9a-f]{7,40}\)|\[[0-9a-f]{7,40}\]|`[0-9a-f]{7,40}`)$")
_LABEL = re.compile(r"(?:\*\*)?Task(?:[ \t]+[\d.]+)?:(?:\*\*)?[ \t]*", re.IGNORECASE)
_BOLD = re.compile(r"\*\*(.+)\*\*")


def plan_tasks(plan: str) -> tuple[str, ...]:
    """The names of its tasks and sub-tasks, in order, each once."""
    found = (_TASK.fullmatch(line) for line in re.split(r"\r\n|\r|\n", plan))
    return tuple(dict.fromkeys(name for match in found if match and (name := task_name(match[1]))))


def task_name(text: str) -> str:
    """A task's text without what only marks it: the word `Task:`, asterisks around it, a commit's SHA at its end."""
    text = _SHA.sub("", text.strip())
    bold = _BOLD.fullmatch(text)
    return _LABEL.sub("", bold[1] if bold else text, count=1).strip()


def is_plan(text: str) -> bool:
    """Whether it has a phase or a task at all."""
    return any(_PHASE.fullmatch(line) or _TASK.fullmatch(line) for line in re.split(r"\r\n|\r|\n", text))
