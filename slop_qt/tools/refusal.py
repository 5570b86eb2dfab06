"""How an answer that does not hold is refused: everything that is wrong with it at once."""

from collections.abc import Sequence

from slop_qt.core.errors import ToolError

__all__ = ["refuse"]

_MOST_TOLD = 40


def refuse(what: str, problems: Sequence[str]) -> None:
    """Do nothing if there are no problems.

    Raises:
        ToolError: there are; its message is a list of them, each as it stands.
    """
    if not problems:
        return
    told = [*problems[:_MOST_TOLD]]
    if len(problems) > len(told):
        told.append(f"And {len(problems) - len(told)} more.")
    listed = "\n".join(f"- {problem}" for problem in told)
    raise ToolError(
        f"The {what} cannot be taken as they are:\n{listed}\nMend exactly that, and hand in all {what} again."
    )
