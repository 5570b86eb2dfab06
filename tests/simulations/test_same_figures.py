"""Three vendors' SDKs with counts of the servers' own, cuts, a restart in the middle: the same figures everywhere."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from bookkeeper import STAYING, Bookkeeper
from dialect import CANARY_KEY, Dialect
from dialects import DIALECTS
from loopback import LoopbackServer
from PySide6.QtWidgets import QApplication
from same_figures import SameFigures, check_panel, journal_of
from simulation_support import WAIT_S, Project, until

from slop_qt.app import run_window
from slop_qt.automation import Client
from slop_qt.core.settings import ModelChoice
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.qt.usage_model import UsageModel
from slop_qt.window import MainWindow

NAMES = ("mends", "two", "three")


def by_tier(turned: int) -> dict[int, Dialect]:
    """A vendor for each tier; turned by one, the next vendor has the workers."""
    return {tier: DIALECTS[(tier + turned) % len(DIALECTS)] for tier in (1, 2, 3, 4)}


@contextmanager
def servers(books: Bookkeeper, project: Project) -> Iterator[None]:
    """A server of each vendor, to which the environment leads."""
    with ExitStack() as stack:
        for dialect in DIALECTS:
            url = stack.enter_context(LoopbackServer(books.at(dialect))).base_url
            project.environment[dialect.address_variable] = f"{url}/v1" if dialect.name == "openai" else url
            project.environment[f"{dialect.name.upper()}_API_KEY"] = CANARY_KEY
        yield


def tiers(turned: int) -> list[str]:
    return [
        word
        for tier, dialect in by_tier(turned).items()
        for word in ("--tier", f"{tier}={dialect.name}:{dialect.model}")
    ]


@contextmanager
def headless(project: Project, turned: int) -> Iterator[Client]:
    """The application without a window; a planning that nobody answers keeps it."""
    command = ("plan", "--project", project.folder, "--epic", STAYING, "--unsandboxed", *tiers(turned))
    with project.start(*command, f"--automation={project.socket}") as application, application.client() as client:
        yield client
        client.call("app.quit")
        assert application.result().code == 0


def questions(client: Client) -> list[dict[str, Any]]:
    """What the workers ask, once all of them have."""
    found = client.call("approvals.list")["approvals"]
    return found if len(found) == len(NAMES) else []


def first_life(client: Client, books: Bookkeeper, same_figures: SameFigures) -> str:
    """Planning, and workers that have come to their questions. Returns the track."""
    (track,) = client.call("epic.plan", text="Count it")["tracks"]
    assert len(client.call("track.plan", track_id=track["id"])["tickets"]) == len(NAMES)
    client.call("run.start", track_id=track["id"], mode="edits", workers=len(NAMES))
    until(lambda: questions(client), "the questions")
    same_figures(client, books.said)
    return str(track["id"])


def second_life(client: Client, books: Bookkeeper, same_figures: SameFigures, track_id: str) -> None:
    """What was counted is there again, and a second run is counted beside it, to its end."""
    before = len(books.said)
    same_figures(client, books.said)
    books.asking = False
    run_id = client.call("run.start", track_id=track_id, mode="edits", workers=len(NAMES))["run_id"]
    status = client.wait_run(run_id)
    assert {one["id"]: one["status"] for one in status["tickets"]} == dict.fromkeys(NAMES, "done")
    assert len(books.said) > before and books.cuts and books.refusals
    same_figures(client, books.said)


def prepared(project: Project) -> Bookkeeper:
    project.settings(limits={"attempts": 2, "sends": 3}, rules=[{"action": "allow", "kind": "merge"}])
    return Bookkeeper(seed=1, names=NAMES)


@pytest.mark.parametrize("turned", [0, 1])
def test_every_figure_is_the_servers_own_over_a_restart(
    project: Project, same_figures: SameFigures, turned: int
) -> None:
    books = prepared(project)
    with servers(books, project):
        with headless(project, turned) as client:
            track_id = first_life(client, books, same_figures)
        same_figures(said=books.said)
        with headless(project, turned) as client:
            second_life(client, books, same_figures, track_id)
        same_figures(said=books.said)


def test_the_tokens_panel_of_the_window_shows_the_same(
    project: Project, same_figures: SameFigures, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert qapp is not None, "the panel lives in an application"
    books = prepared(project)
    with servers(books, project):
        with headless(project, 2) as client:
            track_id = first_life(client, books, same_figures)
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        chosen = {tier: ModelChoice(provider=one.name, model=one.model) for tier, one in by_tier(2).items()}
        options = LaunchOptions(project.folder, tiers=chosen, automation=str(project.socket), unsandboxed=True)
        failed: list[BaseException] = []

        def drive() -> None:
            with Client(project.socket, timeout_s=WAIT_S) as client:
                second_life(client, books, same_figures, track_id)

        async def opened(engine: Engine, window: MainWindow) -> None:
            try:
                await asyncio.to_thread(drive)
                (model,) = window.findChildren(UsageModel)
                check_panel(model, journal_of(project))
            except BaseException as error:  # noqa: BLE001 — for the test to raise, after the window has been closed
                failed.append(error)
            await engine.registry.call(commands.APP_QUIT, shapes.Nothing())

        assert run_window(options, opened) == 0
        assert failed == []
