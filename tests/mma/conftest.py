"""Fixtures of the tiers' tests: a whole session on a real repository, closed whatever happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from cockpit import Cockpit

OpenCockpit = Callable[..., Awaitable[Cockpit]]


@pytest.fixture
async def open_cockpit(tmp_path: Path) -> AsyncIterator[OpenCockpit]:
    """open_cockpit(*turns, mode=…, rules=…, limits={…}): an open project whose models answer with these turns."""
    opened: list[Cockpit] = []

    async def build(*turns: dict[str, Any], **settings: Any) -> Cockpit:
        cockpit = await Cockpit(tmp_path, *turns, **settings).open()
        opened.append(cockpit)
        return cockpit

    yield build
    for cockpit in opened:
        await cockpit.close()
