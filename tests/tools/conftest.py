"""A worktree-like folder and the real collaborators of a tool."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from slop_qt.core.settings import Limits
from slop_qt.core.tickets import TicketSpec
from slop_qt.store.conductor.plan_reader import ConductorPlans
from slop_qt.tools.contract import ToolContext
from slop_qt.workspace.processes import PosixCommandRunner

T = TypeVar("T")


class ThreadOffload:
    """The helper pool's promise, kept by the loop's own executor."""

    async def run(self, job: Callable[[], T]) -> T:
        return await asyncio.to_thread(job)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def context(root: Path) -> ToolContext:
    ticket = TicketSpec(id="T-001", title="t", brief="b", files=("src/", "a.py"))
    limits = Limits(command_timeout_s=20, command_output_bytes=4096)
    return ToolContext(root, ticket, limits, ThreadOffload(), PosixCommandRunner(os.environ), ConductorPlans())
