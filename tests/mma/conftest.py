"""Fixtures of the tiers' tests: a whole session on a real repository, closed whatever happens."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from cockpit import Cockpit
from memory_keyring import MemoryKeyring

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # the loopback server of the wire tests
sys.path.insert(0, str(Path(__file__).parents[1] / "providers"))  # the loop on which waiting takes no time

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


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    """The system's keyring, in memory."""
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)
