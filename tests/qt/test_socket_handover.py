"""The socket goes from one project to the next: who stays, who is sent away, and what is begun meanwhile."""

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from qt_support import MainLoop
from socket_support import Application, Handlers, RawClient

from slop_qt.automation.protocol import ErrorCode
from slop_qt.core.approvals import DecidedBy
from slop_qt.mma import commands, shapes
from slop_qt.mma.bus import Bus
from slop_qt.qt.socket_server import Behind
from slop_qt.store.journal import Journal

Run = Callable[[Callable[["Handover"], Any]], None]


class Handover(Application):
    """An application that opens another project when project.open is asked for, as far as its socket is concerned."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.next = Handlers()
        self.next.text = "of the next project"
        self.next_journal = Journal(folder / "next.sqlite3")
        self.next_journal.open()
        self.next_bus = Bus(self.next_journal)
        self.parting = asyncio.Event()
        self.may_part = asyncio.Event()
        self.deadline_s = 20.0
        self.still: str | None = None
        self.clients = ExitStack()
        self.handlers.registry.register(commands.PROJECT_OPEN, self.open)
        self.next.registry.register(commands.PROJECT_OPEN, self.open)

    async def open(self, params: shapes.OpenProject, _: DecidedBy) -> shapes.ProjectOpened:
        caller = asyncio.current_task()
        self.still = await self.server.withhold(caller, self.deadline_s)
        if self.still is None:
            self.parting.set()
            await self.may_part.wait()
            self.journal.close(10.0)
            await self.server.part(caller)
            self.server.serve(
                Behind(self.next.registry, self.next_bus, self.next_journal.read, self.helpers, self.faults.append)  # type: ignore[arg-type]
            )
        else:
            self.server.go_on()
        return shapes.ProjectOpened(project=params.path)

    async def came(self) -> RawClient:
        """A client that is closed at the end."""
        return self.clients.enter_context(await self.outside(self.greeted))

    async def __aexit__(self, *error: object) -> None:
        self.clients.close()
        await super().__aexit__(*error)
        self.next_bus.close()
        self.next_journal.close(10.0)


@pytest.fixture
def run(main_loop: MainLoop, tmp_path: Path) -> Run:
    """Run a scenario against an application."""

    def run(scenario: Callable[[Handover], Any]) -> None:
        async def whole() -> None:
            async with Handover(tmp_path) as application:
                await scenario(application)

        main_loop.run(whole(), timeout_s=90.0)

    return run


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


OPEN = request(1, "project.open", path="/next")
READ = request(2, "stream.read", stream_id="Tier 1")


def to_the_end(client: RawClient) -> list[int]:
    """The seqs of the events up to the end of the connection."""
    seqs = []
    while line := client._file.readline():
        seqs.append(json.loads(line)["params"]["seq"])
    return seqs


def test_who_asked_stays_and_all_others_have_every_committed_event_and_are_sent_away(run: Run) -> None:
    async def scenario(application: Handover) -> None:
        caller, reader = await application.came(), await application.came()
        await application.outside(lambda: reader.ask(request(1, "events.subscribe", from_seq=0)))
        await application.outside(lambda: caller.ask(request(9, "events.subscribe")))
        events = application.publish(500)
        await application.outside(lambda: caller.say(OPEN))
        await application.parting.wait()
        events += application.publish(500, first=500)
        application.may_part.set()
        seqs = await application.outside(lambda: to_the_end(reader))
        assert seqs == [application.bus.first_seq + n for n in range(1000)] and len(events) == 1000

        def told() -> list[dict[str, Any]]:
            lines = [caller.hear()]
            while "result" not in lines[-1]:
                lines.append(caller.hear())
            return lines

        *notified, answer = await application.outside(told)
        assert answer["result"] == {"project": "/next"}
        assert [line["params"]["seq"] for line in notified] == seqs
        read = await application.outside(lambda: caller.ask(READ))
        assert read["result"]["text"] == "of the next project"
        assert (await application.outside(lambda: caller.ask(request(3, "events.subscribe"))))["result"] == {
            "seq": application.next_bus.last_seq
        }

    run(scenario)


def test_meanwhile_nothing_is_begun_and_who_comes_is_told_of_the_next_project(run: Run) -> None:
    async def scenario(application: Handover) -> None:
        caller = await application.came()
        wait = request(5, "run.wait")
        await application.outside(lambda: (caller.say(wait), caller.say(OPEN)))
        await application.parting.wait()
        for number, method in enumerate(("stream.read", "run.start", "events.subscribe", "app.info")):
            params = {"stream_id": "Tier 1"} if method == "stream.read" else {}
            params |= {"track_id": "t"} if method == "run.start" else {}
            refused = await application.outside(partial(caller.ask, request(number, method, **params)))
            assert refused["error"] == {
                "code": ErrorCode.NOT_POSSIBLE,
                "message": f"{method} was not begun: another project is being opened.",
                "data": {"hint": "Ask again when it is open."},
            }
        newcomer = application.clients.enter_context(await application.outside(application.raw))
        token = application.path.with_name("a.sock.token").read_text()
        await application.outside(lambda: newcomer.say(request(1, "app.hello", token=token)))
        greeting = asyncio.ensure_future(application.outside(newcomer.hear))
        application.may_part.set()
        answers = {answer["id"]: answer for answer in await application.outside(lambda: [caller.hear(), caller.hear()])}
        assert answers[5]["error"]["message"] == "run.wait was ended: another project is being opened."
        assert answers[1]["result"] == {"project": "/next"}
        assert "result" in await greeting and application.next.by
        assert application.handlers.started == []

    run(scenario)


@pytest.mark.parametrize("patient", [True, False])
def test_what_changes_something_is_waited_for_and_named_where_that_takes_too_long(run: Run, patient: bool) -> None:
    async def scenario(application: Handover) -> None:
        caller, other = await application.came(), await application.came()
        application.may_part.set()
        await application.outside(lambda: other.say(request(1, "run.start", track_id="t")))
        assert "error" in await application.outside(lambda: other.ask(request(2, "run.cancel")))  # it has begun
        application.deadline_s = 20.0 if patient else 0.0
        await application.outside(lambda: caller.say(OPEN))
        if patient:
            assert "error" in await application.outside(lambda: caller.ask(READ))  # it is waited for
            application.handlers.release.set()
        assert (await application.outside(caller.hear))["result"] == {"project": "/next"}
        assert application.still == (None if patient else "run.start")
        application.handlers.release.set()
        assert (await application.outside(other.hear))["result"] == {"run_id": "R-1"}
        read = await application.outside(lambda: caller.ask(READ))
        assert read["result"]["text"] == ("of the next project" if patient else "x")
        assert not patient or await application.outside(other.is_closed)

    run(scenario)
