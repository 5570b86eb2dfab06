"""One queue: agents in lanes ask; panel, socket, terminal and journal are views of the same, and say the same."""

import asyncio
import io
import os
import random
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListView, QPushButton
from qt_support import MainLoop, until
from window_support import verify_problem

from slop_qt.automation import Client
from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, CommandPayload, DecidedBy, Decision, Mode
from slop_qt.core.errors import ConflictError
from slop_qt.core.events import RunStarted
from slop_qt.headless.asking import TerminalDesk
from slop_qt.mma import commands, shapes
from slop_qt.mma.gate import RunGate
from slop_qt.qt.editing.track_shelf import Editing
from slop_qt.qt.helper_pool import HelperPool
from slop_qt.qt.lanes import LanePool
from slop_qt.qt.socket_server import Behind, SocketServer
from slop_qt.qt.theme import Theme
from slop_qt.qt.window_context import WindowFacts, make_context
from slop_qt.store.drafts import DraftStore
from slop_qt.store.resources import resource_path
from slop_qt.views.approvals_panel import ApprovalsPanel

sys.path.insert(0, str(Path(__file__).parents[1] / "mma"))

from cockpit import Cockpit

WAIT_S = 60.0
WORKERS, APPROVALS = 16, 50


class Room:
    """A session with a panel and a socket, and lanes in which agents ask."""

    def __init__(self, cockpit: Cockpit, theme: Theme) -> None:
        self.cockpit, self.theme = cockpit, theme
        self.socket = cockpit.folder / "a.sock"
        self.helpers = HelperPool()
        self.faults: list[tuple[str, str]] = []
        self.lanes = LanePool(on_fault=lambda where, message: self.faults.append((where, message)))
        self.gate = RunGate(cockpit.bus, cockpit.parts.desk, Mode.ASK, lambda: cockpit.parts.settings.rules)

        async def info(_: shapes.Nothing, _by: DecidedBy) -> shapes.AppInfo:
            return shapes.AppInfo(version="1", pid=os.getpid(), project="p", headless=False)

        cockpit.registry.register(commands.APP_INFO, info)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.server = SocketServer(
            Behind(
                registry=cockpit.registry,
                events=cockpit.bus,
                read_journal=cockpit.journal.read,
                offload=self.helpers,
                on_fault=lambda where, message: self.faults.append((where, message)),
            )
        )
        self.server.listen(self.socket)
        context = make_context(
            feed=cockpit.feed,
            registry=cockpit.registry,
            theme=theme,
            settings=QSettings(str(cockpit.folder / "window.ini"), QSettings.Format.IniFormat),
            facts=WindowFacts(version="1", project="p"),
            throttles=tuple,
            editing=Editing(self.helpers, DraftStore(cockpit.folder / "drafts"), verify_problem),
            start=self._start,
            on_quit=lambda: None,
        )
        self.panel = ApprovalsPanel(context)
        self.panel.resize(1000, 320)
        self.panel.show()
        self.panel.activateWindow()

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def client(self) -> Client:
        return Client(self.socket, timeout_s=WAIT_S)

    def command(self, line: str) -> ApprovalRequest:
        """They all look alike but for the line."""
        payload = CommandPayload(command=line, cwd=".")
        return ApprovalRequest(
            kind=ApprovalKind.COMMAND,
            run_id="R-1",
            title="Run the tests",
            payload=payload,
            editable=("command",),
            subject=line,
        )

    def row_clicked(self, row: int) -> None:
        queue = self.panel.findChild(QListView, "approvals.queue")
        index = queue.model().index(row, 0)
        queue.scrollTo(index)
        place = queue.visualRect(index).center()
        QTest.mouseClick(queue.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def press(self, name: str) -> None:
        button = self.panel.findChild(QPushButton, f"approvals.{name}")
        assert button.isVisible() and button.isEnabled(), name
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    async def close(self) -> None:
        await until(lambda: not self._tasks, WAIT_S)
        assert await self.lanes.shutdown(10.0) == []
        await self.cockpit.close()
        await self.server.close()
        assert await self.helpers.shutdown(10.0) == []
        self.panel.close()
        self.panel.deleteLater()
        assert self.faults == []


@asynccontextmanager
async def room(folder: Path, theme: Theme) -> AsyncIterator[Room]:
    cockpit = await Cockpit(folder, rules=()).open()
    seq = cockpit.bus.publish(RunStarted(run_id="R-1", track_id="t", mode=Mode.ASK, workers=WORKERS, budget_usd=None))
    await cockpit.feed.caught_up(seq)
    opened = Room(cockpit, theme)
    yield opened
    await opened.close()


@pytest.fixture
def theme(qapp: QApplication) -> Any:
    theme = Theme(qapp, resource_path("icons"), "light")
    yield theme
    theme.retire()


async def at_the_panel(room: Room, dice: random.Random, clicked: dict[str, str], lines: set[str]) -> None:
    """A person who clicks rows here and there, and approves or rejects, until nothing of theirs waits."""
    model, approve = room.panel._model, room.panel.findChild(QPushButton, "approvals.approve")

    def mine() -> list[int]:
        waiting = [(row, model.approval(row)) for row in range(model.rowCount())]
        return [row for row, each in waiting if each is not None and each.payload.command in lines - set(clicked)]

    while mine():
        row = dice.choice(mine())
        wanted = model.approval(row)
        room.row_clicked(row)
        await until(approve.isEnabled, WAIT_S)  # what came by itself cannot be decided for a moment
        shown = room.panel._card.approval
        if shown is None or wanted is None or shown.id != wanted.id or not approve.isVisible():
            continue  # the program was first
        line = shown.payload.command  # type: ignore[union-attr]
        if dice.random() < 0.5:
            clicked[line] = "approve"
            if dice.random() < 0.5:
                room.press("approve")
            else:
                queue = room.panel.findChild(QListView, "approvals.queue")
                QTest.keyClick(queue, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        else:
            clicked[line] = "reject"
            room.press("reject")
            QTest.keyClicks(room.panel.findChild(QLineEdit, "approvals.reason"), f"no {line}")
            room.press("reject_now")
        await asyncio.sleep(0)


def at_the_socket(room: Room, dice: random.Random, lines: set[str]) -> dict[str, str]:
    """A program that decides what it is given in an order of its own; each twice, which is a conflict."""
    decided: dict[str, str] = {}
    with room.client() as client:
        pending = [each for each in client.call("approvals.list")["approvals"] if each["payload"]["command"] in lines]
        dice.shuffle(pending)
        for approval in pending:
            line, verdict = approval["payload"]["command"], dice.choice(("approve", "reject", "edit"))
            more = {"edited": {"command": f"{line} # edited"}} if verdict == "edit" else {}
            try:
                client.call("approvals.resolve", id=approval["id"], decision=verdict, note=f"of {line}", **more)
            except ConflictError:
                continue  # the panel was first
            decided[line] = verdict
            with pytest.raises(ConflictError, match="already"):
                client.call("approvals.resolve", id=approval["id"], decision="approve")
    return decided


@pytest.mark.parametrize("seed", [1, 2])
def test_fifty_of_sixteen_workers_by_panel_and_socket_at_once_reach_those_who_asked(
    main_loop: MainLoop, tmp_path: Path, theme: Theme, seed: int
) -> None:
    dice = random.Random(seed)
    got: dict[str, Decision] = {}

    async def scene() -> None:
        async with room(tmp_path, theme) as it:

            async def worker(lines: list[str]) -> None:
                async def ask(line: str) -> None:
                    got[line] = await it.gate.decide(it.command(line))

                await asyncio.gather(*(ask(line) for line in lines))

            lines = [f"test {dice.getrandbits(48):012x}" for _ in range(APPROVALS)]
            jobs = [
                asyncio.ensure_future(it.lanes.run(partial(worker, lines[who::WORKERS]), name=f"worker {who}"))
                for who in range(WORKERS)
            ]
            await until(lambda: it.panel.count == APPROVALS, WAIT_S)
            mixed = dice.sample(lines, len(lines))
            both = set(mixed[20:30])  # of these, whoever comes first
            clicked: dict[str, str] = {}
            program = partial(at_the_socket, it, random.Random(seed + 1), set(mixed[:20]) | both)
            socket = asyncio.ensure_future(it.helpers.run(program))
            await at_the_panel(it, dice, clicked, set(mixed[20:]))
            decided = await socket
            await asyncio.wait_for(asyncio.gather(*jobs), WAIT_S)
            await until(lambda: it.panel.count == 0, WAIT_S)
            it.panel.banner.hide()
            assert set(got) == set(lines)
            for line, decision in got.items():
                if decision.by is DecidedBy.AUTOMATION:
                    edited = {"command": f"{line} # edited"} if decided[line] == "edit" else {}
                    expected = Decision(
                        approved=decided[line] != "reject", by=decision.by, note=f"of {line}", edited=edited
                    )
                else:
                    rejected = clicked[line] == "reject"
                    expected = Decision(approved=not rejected, by=decision.by, note=f"no {line}" if rejected else None)
                    assert line not in decided
                assert decision == expected
            by = [decision.by for decision in got.values()]
            assert by.count(DecidedBy.AUTOMATION) >= 20 and by.count(DecidedBy.USER) >= 20

    main_loop.run(scene(), timeout_s=100.0)


def test_an_agent_that_is_cancelled_while_it_waits_has_its_approval_expire_everywhere(
    main_loop: MainLoop, tmp_path: Path, theme: Theme
) -> None:
    async def scene() -> None:
        async with room(tmp_path, theme) as it:
            source, sink = os.pipe()
            screen = io.StringIO()
            with os.fdopen(source) as keyboard, os.fdopen(sink, "w"):
                terminal = TerminalDesk(
                    it.cockpit.feed.state,
                    it.cockpit.registry,
                    asyncio.get_running_loop(),
                    lambda: None,
                    source=keyboard,
                    out=screen,
                )
                it.cockpit.feed.subscribe(terminal.hear)
                agent = asyncio.ensure_future(it.lanes.run(lambda: it.gate.decide(it.command("ls")), name="agent"))
                await until(lambda: it.panel.count == 1 and "ls" in screen.getvalue(), WAIT_S)
                approval = it.panel._model.approval(0)
                assert approval is not None
                with await it.helpers.run(it.client) as client:
                    listed = await it.helpers.run(lambda: client.call("approvals.list"))
                    assert [each["id"] for each in listed["approvals"]] == [approval.id]
                    agent.cancel()
                    await asyncio.wait([agent])
                    await it.cockpit.feed.settle()
                    assert it.panel.count == 0 and "(decided elsewhere)" in screen.getvalue()
                    listed = await it.helpers.run(lambda: client.call("approvals.list"))
                    assert listed["approvals"] == []
                    with pytest.raises(ConflictError, match="already expired"):
                        await it.helpers.run(
                            lambda: client.call("approvals.resolve", id=approval.id, decision="approve")
                        )
                terminal.close()
            await until(lambda: len(list(it.cockpit.journal.read())) >= 3, WAIT_S)
            expired = [event.approval for event in it.cockpit.journal.read() if event.kind == "approval_resolved"]  # type: ignore[attr-defined]
            assert [(each.id, each.state) for each in expired] == [(approval.id, "expired")]

    main_loop.run(scene(), timeout_s=100.0)
