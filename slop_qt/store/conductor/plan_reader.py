"""Plans as the planning tiers' answers are held against them: by the rules by which tasks are marked as done."""

from collections.abc import Sequence

from slop_qt.store.conductor.plan import find_tasks, read_plan

__all__ = ["ConductorPlans"]


class ConductorPlans:
    """core.ports.PlanReader for Conductor's form and all that is read as it. Stateless; for any thread."""

    def tasks(self, plan: str) -> tuple[str, ...]:
        """The names of its tasks and sub-tasks, in order, each once."""
        return tuple(dict.fromkeys(task.name for task in read_plan(plan).tasks))

    def unknown(self, plan: str, tasks: Sequence[str]) -> tuple[str, ...]:
        """Those that are not in the plan, however they are written."""
        found = find_tasks(plan, tasks)
        return tuple(task for task in tasks if task not in found)

    def is_plan(self, text: str) -> bool:
        """Whether it has a phase or a task at all."""
        plan = read_plan(text)
        return bool(plan.phases or plan.tasks)
