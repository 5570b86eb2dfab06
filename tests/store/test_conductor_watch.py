"""ConductorWatch: what is told of changes that others make, and that nothing else is looked at or left behind."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slop_qt.store.conductor.watch import ConductorWatch
from slop_qt.store.files import write_atomically

WAIT_S = 30.0


class Told:
    """What was told, and by which threads."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()

    def __call__(self, paths: frozenset[str]) -> None:
        with self._changed:
            self.paths += sorted(paths)
            self.threads.add(threading.current_thread().name)
            self._changed.notify_all()

    def until(self, path: str) -> None:
        """Return when that path has been told, and forget all that was."""
        with self._changed:
            assert self._changed.wait_for(lambda: path in self.paths, WAIT_S), f"{path} was not told: {self.paths}"
            self.paths.clear()

    def until_quiet_after(self, change: Callable[[], None], marker: Path) -> list[str]:
        """What is told from the change to a later write of the marker file, which is told last."""
        change()
        marker.write_text("marker\n")
        name = f"conductor/{marker.name}"
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.paths, WAIT_S)
            return [path for path in self.paths if path != name]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def track(project: Path) -> Path:
    """The folder of a track."""
    track = project / "conductor" / "tracks" / "one_20260101"
    track.mkdir(parents=True)
    (project / "conductor" / "tracks.md").write_text("# Tracks\n")
    (track / "spec.md").write_text("# Spec\n")
    return track


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(project: Path, told: Told) -> Iterator[ConductorWatch]:
    """A watch that is started by the test; stopped whatever happens."""
    watch = ConductorWatch(project, told)
    yield watch
    watch.stop()
    assert "conductor watch" not in {thread.name for thread in threading.enumerate()}


def test_a_file_that_somebody_writes_makes_or_removes_is_told(
    watch: ConductorWatch, told: Told, project: Path, track: Path
) -> None:
    watch.start()
    told.until("conductor")
    (track / "spec.md").write_text("# Another\n")
    told.until("conductor/tracks/one_20260101/spec.md")
    (track / "plan.md").write_text("# New\n")
    told.until("conductor/tracks/one_20260101/plan.md")
    (track / "spec.md").unlink()
    told.until("conductor/tracks/one_20260101/spec.md")
    (track / "plan.md").replace(project / "conductor" / "product.md")
    told.until("conductor/product.md")
    assert told.threads == {"conductor watch"}


def test_our_own_way_of_writing_is_told_by_the_files_name_alone(
    watch: ConductorWatch, told: Told, project: Path, track: Path
) -> None:
    watch.start()
    told.until("conductor")
    paths = told.until_quiet_after(lambda: write_atomically(track / "spec.md", "x"), project / "conductor" / "marker")
    assert set(paths) <= {"conductor/tracks/one_20260101/spec.md"}


def test_a_new_track_is_watched_too(watch: ConductorWatch, told: Told, project: Path, track: Path) -> None:
    watch.start()
    told.until("conductor")
    other = project / "conductor" / "tracks" / "two_20260102"
    other.mkdir()
    told.until("conductor")
    (other / "spec.md").write_text("# Two\n")
    told.until("conductor/tracks/two_20260102/spec.md")


class Reader:
    """Reads tracks.md anew whenever something is told that it may be part of."""

    def __init__(self, project: Path) -> None:
        self._path = project / "conductor" / "tracks.md"
        self._seen: str | None = None
        self._changed = threading.Condition()

    def __call__(self, paths: frozenset[str]) -> None:
        if not paths & {"conductor", "conductor/tracks.md"}:
            return
        with self._changed:
            self._seen = self._path.read_text() if self._path.exists() else None
            self._changed.notify_all()

    def until(self, text: str | None) -> None:
        """Return when it has read that; None is that there is nothing."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._seen == text, WAIT_S), f"read last: {self._seen!r}"


def test_whoever_reads_what_is_told_sees_a_folder_that_comes_goes_and_is_replaced(project: Path) -> None:
    reader = Reader(project)
    watch = ConductorWatch(project, reader)
    folder = project / "conductor"
    watch.start()
    try:
        for number in range(3):
            folder.mkdir()
            (folder / "tracks.md").write_text(f"{number}\n")
            reader.until(f"{number}\n")
            (folder / "tracks.md").write_text(f"{number} again\n")
            reader.until(f"{number} again\n")
            folder.rename(project / f"before {number}")
            shutil.copytree(project / f"before {number}", folder)
            (folder / "tracks.md").write_text(f"{number} in another folder\n")
            reader.until(f"{number} in another folder\n")
            shutil.rmtree(folder)
            reader.until(None)
    finally:
        watch.stop()


def test_nothing_else_of_the_project_is_watched_nor_what_links_lead_to(
    watch: ConductorWatch, told: Told, project: Path, track: Path, tmp_path: Path
) -> None:
    (project / "node_modules").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (track / "link").symlink_to(outside)
    (project / "conductor" / "modules").symlink_to(project / "node_modules")
    watch.start()
    told.until("conductor")

    def elsewhere() -> None:
        (outside / "file").write_text("x")
        (project / "node_modules" / "file").write_text("x")
        (project / "README.md").write_text("x")

    assert told.until_quiet_after(elsewhere, project / "conductor" / "marker") == []


def test_a_folder_outside_of_the_project_is_not_followed(
    watch: ConductorWatch, told: Told, project: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "conductor").symlink_to(outside)
    watch.start()
    (outside / "tracks.md").write_text("x")
    (project / "conductor").unlink()
    (project / "conductor").mkdir()
    told.until("conductor")
    assert told.paths == []


def test_what_a_listener_raises_does_not_end_the_watch(
    project: Path, track: Path, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    def raises(paths: frozenset[str]) -> None:
        told(paths)
        if "conductor" in paths:
            raise ValueError("of no use")

    watch = ConductorWatch(project, raises)
    watch.start()
    try:
        told.until("conductor")
        (track / "spec.md").write_text("x")
        told.until("conductor/tracks/one_20260101/spec.md")
    finally:
        watch.stop()
    assert "of no use" in caplog.text


@pytest.mark.parametrize("there", [True, False])
def test_it_stops_at_once_and_twice(watch: ConductorWatch, told: Told, project: Path, there: bool) -> None:
    if there:
        (project / "conductor").mkdir()
    watch.start()
    if there:
        told.until("conductor")
    before = time.monotonic()
    watch.stop()
    watch.stop()
    assert time.monotonic() - before < 1.0


def test_one_that_was_not_started_can_be_stopped(watch: ConductorWatch) -> None:
    watch.stop()


def test_a_listener_may_stop_it(project: Path, track: Path, told: Told) -> None:
    watch = ConductorWatch(project, lambda paths: (told(paths), watch.stop())[0])
    watch.start()
    told.until("conductor")
    watch.stop()


def test_where_the_system_cannot_tell_it_is_looked_at(
    watch: ConductorWatch, told: Told, track: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    watch.start()
    told.until("conductor")
    (track / "spec.md").write_text("# Another\n")
    os.utime(track / "spec.md", (time.time() + 60, time.time() + 60))  # whole seconds are compared
    told.until("conductor/tracks/one_20260101/spec.md")
