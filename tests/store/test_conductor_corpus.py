"""Folders as they are met: what is read from each, what is said of it, and that nothing moves that is not meant.

Each folder of conductor_corpus/ is a project; its expected.toml says what must come of it.
"""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slop_qt.core.errors import StoreError
from slop_qt.core.tracks import TrackStatus
from slop_qt.store.conductor.check import ConductorReport, check_conductor
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.conductor.lines import as_text
from slop_qt.store.conductor.plan import PlanTask, read_plan

CORPUS = Path(__file__).with_name("conductor_corpus")
NAMES = sorted(path.name for path in CORPUS.iterdir())
SHA = "fedcba9876543210fedcba9876543210fedcba98"


@pytest.fixture(params=NAMES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of one of them."""
    return Path(shutil.copytree(CORPUS / request.param, tmp_path / "project"))


@pytest.fixture
def expected(project: Path) -> dict[str, Any]:
    return tomllib.loads((project / "expected.toml").read_text())


@pytest.fixture
def folder(project: Path) -> ConductorFolder:
    return ConductorFolder(project)


def contents(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def plans(project: Path, folder: ConductorFolder) -> Iterator[tuple[str, Path]]:
    """Each track's id and plan, where there is one."""
    for track in folder.tracks():
        path = project / track.plan_path
        if path.exists():
            yield track.id, path


def tasks_of(path: Path) -> tuple[PlanTask, ...]:
    return read_plan(as_text(path.read_bytes())).tasks


def check(project: Path, lost: list[str]) -> ConductorReport:
    return check_conductor(project, "conductor", lambda commits: set(commits) & set(lost))


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 25


def test_tracks_are_read(project: Path, folder: ConductorFolder, expected: dict[str, Any]) -> None:
    read = []
    for track in folder.tracks():
        own = f"conductor/tracks/{track.id}"
        paths = (track.spec_path, track.plan_path)
        elsewhere = "" if paths == (f"{own}/spec.md", f"{own}/plan.md") else " | ".join(("", *paths))
        read.append(f"{track.id} | {track.status} | {track.title}{elsewhere}")
    assert read == expected["tracks"]


def test_phases_and_tasks_are_read(project: Path, folder: ConductorFolder, expected: dict[str, Any]) -> None:
    phases, tasks = [], []
    for track_id, path in plans(project, folder):
        plan = read_plan(as_text(path.read_bytes()))
        for phase in plan.phases:
            checkpoint = "-" if phase.checkpoint is None else phase.checkpoint
            phases.append(f"{track_id} | {phase.title} | {checkpoint}")
        for task in plan.tasks:
            indent = "    " if task.is_sub_task else ""
            tasks.append(f"{track_id} | {indent}[{task.marker}] {task.name} | {task.sha or '-'}")
    assert phases == expected["phases"]
    assert tasks == expected["tasks"]


def test_what_is_wrong_is_said_by_file_and_line(project: Path, expected: dict[str, Any]) -> None:
    before = contents(project)
    report = check(project, expected.get("lost_commits", []))
    said = []
    for finding in report.findings:
        track = f"{finding.track_id}: " if finding.track_id else ""
        said.append(f"{finding.path}:{finding.line}: {finding.severity}: {track}{finding.what}")
    assert said == expected["findings"]
    assert report.clean is not any(": problem: " in line for line in expected["findings"])
    assert contents(project) == before


def test_a_status_changes_the_characters_between_the_brackets_alone(project: Path, folder: ConductorFolder) -> None:
    for track in folder.tracks():
        for status, marker in (
            (TrackStatus.IN_PROGRESS, b"~"),
            (TrackStatus.BLOCKED, b"b"),
            (TrackStatus.DONE, b"x"),
            (TrackStatus.NEW, b" "),
        ):
            before = contents(project)
            try:
                folder.set_status(track.id, status)
            except StoreError as error:  # broken metadata: nothing is changed then
                assert "metadata.json is not a JSON object" in str(error)
                assert contents(project) == before
                continue
            after = contents(project)
            changed = {name for name in before if before[name] != after[name]}
            assert {name.rpartition("/")[2] for name in changed} <= {"tracks.md", "registry.md", "metadata.json"}
            for name in changed - {name for name in changed if name.endswith(".json")}:
                start, old, new = difference(before[name], after[name])
                assert new == marker and b"\n" not in old and b"\r" not in old
                assert after[name][start - 1 : start + 2] == b"[" + marker + b"]"
            assert {found.id: found.status for found in folder.tracks()}[track.id] is status


def difference(before: bytes, after: bytes) -> tuple[int, bytes, bytes]:
    """Where two contents begin to differ, and what each has there up to where they are equal again."""
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, before[start : len(before) - end], after[start : len(after) - end]


def test_every_task_can_be_marked_by_its_name_and_its_line_alone_changes(
    project: Path, folder: ConductorFolder
) -> None:
    for track_id, path in plans(project, folder):
        for index, task in enumerate(tasks_of(path)):
            before, others = path.read_bytes(), contents(project)
            assert folder.mark_tasks(track_id, {task.name: SHA}) == ()
            after = path.read_bytes()
            old, new = (content.splitlines(keepends=True) for content in (before, after))
            differing = [number for number, (a, b) in enumerate(zip(old, new, strict=True), 1) if a != b]
            assert differing == [task.line]
            marked = tasks_of(path)[index]
            assert (marked.marker, marked.sha, marked.name) == ("x", SHA[:7], task.name)
            assert line_end(old[task.line - 1]) == line_end(new[task.line - 1])
            assert new[task.line - 1].split(b"[")[0] == old[task.line - 1].split(b"[")[0]
            others[str(path.relative_to(project))] = after
            assert contents(project) == others
            assert folder.mark_tasks(track_id, {task.name: SHA}) == ()
            assert path.read_bytes() == after


def line_end(line: bytes) -> bytes:
    return line[len(line.rstrip(b" \t\r\n")) :]


def test_what_an_editor_gives_back_unchanged_changes_no_byte(project: Path, folder: ConductorFolder) -> None:
    before = contents(project)
    for track in folder.tracks():
        stored = folder.read_track(track.id)
        for name in ("spec", "plan"):
            document = getattr(stored, name)
            if document.problem is not None or not document.digest:
                continue
            as_edited = document.text.replace("\r\n", "\n").replace("\r", "\n")
            assert folder.save_text(track.id, name, as_edited, document.digest) == document.digest
            assert folder.save_text(track.id, name, document.text, document.digest) == document.digest
    assert contents(project) == before


def test_a_second_instance_reads_the_same(project: Path, folder: ConductorFolder) -> None:
    for track_id, path in plans(project, folder):
        folder.mark_tasks(track_id, {task.name: SHA for task in tasks_of(path)[:1]})
    other = ConductorFolder(project)
    assert other.tracks() == folder.tracks()
    for track in folder.tracks():
        assert other.read_track(track.id) == folder.read_track(track.id)
