"""Fixtures of the agents' tests: a root to work in, a sink that remembers, threads for files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_support import RecordingSink, Threads, services

from slop_qt.agents.request import AgentServices


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def offload() -> Iterator[Threads]:
    threads = Threads()
    yield threads
    threads.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small worktree."""
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src" / "core.py").write_text("def add(a, b):\n    return a - b\n")
    return root


@pytest.fixture
def serve(sink: RecordingSink, offload: Threads) -> Callable[..., AgentServices]:
    """serve(provider, gate?): services of an agent that publishes to `sink`."""

    def build(provider: Any, gate: Any | None = None) -> AgentServices:
        return services(sink, provider, offload, gate)

    return build
