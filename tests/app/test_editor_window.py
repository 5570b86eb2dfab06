"""Editing in the real window: files that others change, quitting with unsaved edits, and finding them again."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import pytest
from person import Onlooker
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QWidget

from slop_qt.app import run_window
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackDraft
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.window import MainWindow

SPEC = "# Amounts\r\n\r\nNo\u00a0break, and Windows line ends.\r\n"
TICKETS = (
    TicketSpec(id="T-001", title="Parse", brief="Parse.", files=("money.py",)),
    TicketSpec(id="T-002", title="Print", brief="Print.", files=("report.py",), depends_on=("T-001",)),
)
Act = Callable[["Person"], Awaitable[None]]


class Person(Onlooker):
    """Types into the window."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self.folder = folder
        self.editor = window._context.editor

    async def open_plan(self) -> QPlainTextEdit:
        await self.until(lambda: self.editor.track is not None and self.editor.track.spec.loaded)
        self.window._docks.raise_panel("plan")
        source = self.window.findChild(QPlainTextEdit, "plan.spec.source")
        assert source is not None
        await self.until(source.isVisible)
        source.setFocus()
        return source

    def shows(self, name: str) -> bool:
        widget = self.window.findChild(QWidget, name)
        return widget is not None and widget.isVisible()

    @property
    def banner(self) -> str:
        banner = self.window._docks.panel("plan").banner
        return banner.words if banner.isVisible() else ""


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LaunchOptions:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    project = tmp_path / "project"
    project.mkdir()
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for command in (["init", "-q", "-b", "main"], [*who, "commit", "-q", "--allow-empty", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    folder = ConductorFolder(project)
    track = folder.add_track(TrackDraft(title="Amounts", spec="x", plan="# Plan\n"), date(2026, 11, 27))
    (project / track.spec_path).write_bytes(SPEC.encode())
    folder.set_tickets(track.id, TICKETS)
    return LaunchOptions(project=project, data_dir=tmp_path / "data", settings_path=tmp_path / "settings.toml")


def in_window(options: LaunchOptions, act: Act) -> None:
    """Open the window, have somebody act in it, and quit."""
    failed: list[BaseException] = []

    async def opened(engine: Engine, window: MainWindow) -> None:
        try:
            await act(Person(window, next(options.project.glob("conductor/tracks/*"))))
        except BaseException as error:  # noqa: BLE001 — raised again below: the window has to be closed first
            failed.append(error)
        window.close()

    assert run_window(options, opened) == 0
    if failed:
        raise failed[0]


def test_what_others_write_comes_in_and_nothing_is_lost_by_quitting(qapp: QApplication, options: LaunchOptions) -> None:
    async def first(person: Person) -> None:
        source = await person.open_plan()
        spec = person.folder / "spec.md"
        spec.write_bytes((SPEC + "More.\r\n").encode())
        await person.until(lambda: source.toPlainText().endswith("More.\n"))
        assert person.banner == "spec.md was changed elsewhere. Undo brings back what was here."
        QTest.keyClicks(source, "Mine ")
        QTest.keyClick(source, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        await person.until(lambda: not person.editor.dirty)
        assert spec.read_bytes().decode() == "Mine " + SPEC + "More.\r\n"
        person.editor.change_ticket("T-002", TICKETS[1].model_copy(update={"title": "Print them"}))
        await person.until(lambda: "Print them" in (person.folder / "tickets.json").read_text())
        QTest.keyClicks(source, "again ")

    async def second(person: Person) -> None:
        source = await person.open_plan()
        assert source.toPlainText().startswith("Mine again # Amounts\n")
        await person.until(lambda: "These are your unsaved edits of the spec" in person.banner)
        assert person.editor.dirty
        assert person.editor.tickets[1].title == "Print them"
        (person.folder / "spec.md").write_text("Theirs.\n")
        await person.until(lambda: person.shows("plan.spec.conflict"))
        assert (person.folder / "spec.md").read_text() == "Theirs.\n"

    async def third(person: Person) -> None:
        source = await person.open_plan()
        assert source.toPlainText().startswith("Mine again")
        assert person.shows("plan.spec.conflict")
        person.editor.take_theirs("spec")
        assert source.toPlainText() == "Theirs.\n"
        await person.until(lambda: not list(options.data_folder.rglob("drafts/*.json")))

    for act in (first, second, third):
        in_window(options, act)


def test_a_crash_takes_no_unsaved_text(qapp: QApplication, options: LaunchOptions, tmp_path: Path) -> None:
    script = tmp_path / "crash.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}\n"
        "from pathlib import Path\n"
        "from slop_qt.launch import LaunchOptions\n"
        "from test_editor_window import in_window, type_and_die\n"
        f"project, data = Path({str(options.project)!r}), Path({str(options.data_dir)!r})\n"
        "in_window(LaunchOptions(project=project, data_dir=data, settings_path=data / 's.toml'), type_and_die)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    died = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert died.returncode == -9, died.stderr

    async def again(person: Person) -> None:
        source = await person.open_plan()
        assert source.toPlainText().startswith("Before the crash # Amounts")
        assert person.editor.dirty

    in_window(options, again)


async def type_and_die(person: Person) -> None:
    """Type, and lose power as soon as the draft is there."""
    QTest.keyClicks(await person.open_plan(), "Before the crash ")
    await person.until(lambda: any("Before the crash " in path.read_text() for path in drafts(person)))
    os.kill(os.getpid(), 9)


def drafts(person: Person) -> list[Path]:
    data = Path(person.window._context.settings.fileName()).parent
    return list(data.rglob("drafts/*.json"))
