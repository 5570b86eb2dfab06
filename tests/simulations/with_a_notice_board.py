"""The application with one more tool, made as a module of `slop_qt/tools` is: what it does is outside of any worktree.

`python -m tests.simulations.with_a_notice_board PROJECT SCENARIO SOCKET BOARD` opens the window.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slop_qt.app import run_window
from slop_qt.core.approvals import ApprovalKind, ToolPayload
from slop_qt.core.shape import Shape
from slop_qt.launch import LaunchOptions
from slop_qt.tools.contract import Effect, Tool, ToolContext, ToolOutput, revised


class Notice(Shape):
    """What is to be read by everybody."""

    text: str


class PostNotice(Tool[Notice]):
    """Adds a line to a file of the person's that has nothing to do with the project."""

    name = "post_notice"
    description = "Post a notice for everybody in the house."
    tiers = frozenset({3})
    arguments = Notice
    ends = False

    def __init__(self, board: Path) -> None:
        self._board = board

    async def effect(self, arguments: Notice, context: ToolContext) -> Effect:
        payload = ToolPayload(name=self.name, arguments=arguments.model_dump())
        return Effect(ApprovalKind.TOOL, "Post a notice", payload, ("arguments",), subject=self.name)

    def edited(self, arguments: Notice, edited: Mapping[str, Any]) -> Notice:
        return revised(Notice, arguments, edited.get("arguments", {}))

    async def perform(self, arguments: Notice, context: ToolContext, effect: Effect | None = None) -> ToolOutput:
        def post() -> None:
            with self._board.open("a") as board:
                board.write(f"{arguments.text}\n")

        await context.offload.run(post)
        return ToolOutput("It hangs there now.")


if __name__ == "__main__":
    project, scenario, socket, board = sys.argv[1:]
    options = LaunchOptions(
        project=Path(project),
        provider="scripted",
        scenario=Path(scenario),
        automation=socket,
        unsandboxed=True,
        more_tools=(PostNotice(Path(board)),),
    )
    sys.exit(run_window(options))
