"""What a check does with a folder that is no good, whatever is in it: it says so, and neither reads nor waits."""

import json
import os
from collections.abc import Collection
from pathlib import Path

import pytest

from slop_qt.core.errors import WorkspaceError
from slop_qt.store.conductor.check import ConductorReport, check_conductor

TRACK = "a_20260101"
SECRET = "- [!] Task: a secret of somebody else's\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One track, nothing wrong."""
    project = tmp_path / "project"
    folder = project / "conductor" / "tracks" / TRACK
    folder.mkdir(parents=True)
    (project / "conductor" / "tracks.md").write_text(
        f"# Tracks\n\n- [ ] **Track: A**\n*Link: [./tracks/{TRACK}/](./tracks/{TRACK}/)*\n"
    )
    (folder / "spec.md").write_text("# Spec\n")
    (folder / "plan.md").write_text("## Phase 1: Do\n\n- [x] Task: One 1234567\n- [ ] Task: Two\n")
    (folder / "metadata.json").write_text(json.dumps({"track_id": TRACK, "status": "new"}) + "\n")
    return project


def nothing_missing(_: Collection[str]) -> Collection[str]:
    return ()


def check(project: Path) -> ConductorReport:
    return check_conductor(project, "conductor", nothing_missing)


def said(report: ConductorReport) -> list[str]:
    return [f"{finding.path}:{finding.line}: {finding.what}" for finding in report.findings]


def test_nothing_is_said_of_a_folder_in_order(project: Path) -> None:
    report = check(project)
    assert report == ConductorReport((), 1)
    assert report.clean


def test_all_commits_are_asked_for_at_once(project: Path) -> None:
    asked: list[set[str]] = []
    other = project / "conductor" / "tracks" / TRACK / "plan.md"
    other.write_text("## Phase 1: Do [checkpoint: abcdef1]\n\n- [x] Task: One 1234567\n- [x] Task: Two (7654321)\n")

    def missing(commits: Collection[str]) -> Collection[str]:
        asked.append(set(commits))
        return {"7654321"}

    report = check_conductor(project, "conductor", missing)
    assert asked == [{"abcdef1", "1234567", "7654321"}]
    assert said(report) == [f"conductor/tracks/{TRACK}/plan.md:4: 7654321 is no commit of this history"]
    assert [finding.track_id for finding in report.findings] == [TRACK]


def test_without_a_repository_the_rest_is_checked_and_what_was_not_is_said(project: Path) -> None:
    def nobody_knows(_: Collection[str]) -> Collection[str]:
        raise WorkspaceError("There is no repository.", "Make one.")

    (project / "conductor" / "index.md").write_text("- [Workflow](./workflow.md)\n")
    report = check_conductor(project, "conductor", nobody_knows)
    assert len(report.findings) == 1
    assert report.unchecked == ("Commits were not looked for: There is no repository. Make one.",)


def test_pipes_and_sockets_are_said_and_not_waited_for(project: Path) -> None:
    folder = project / "conductor"
    names = ("tracks.md", "index.md", f"tracks/{TRACK}/plan.md", f"tracks/{TRACK}/tickets.json", "other")
    for name in names:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
    report = check(project)
    assert said(report) == sorted(f"conductor/{name}:1: it is a pipe, which is not read" for name in names)


def test_links_out_are_said_and_not_read(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "plan.md").write_text(SECRET)
    folder = project / "conductor" / "tracks" / TRACK
    (folder / "plan.md").unlink()
    (folder / "plan.md").symlink_to(outside / "plan.md")
    (folder / "notes.md").symlink_to("gone.md")
    (project / "conductor" / "code_styleguides").symlink_to(outside)
    lines = said(check(project))
    assert lines == [
        (
            "conductor/code_styleguides:1: the symbolic link is not followed: "
            f"conductor/code_styleguides leads out of the project, to {outside}"
        ),
        f"conductor/tracks/{TRACK}/notes.md:1: the symbolic link leads to nothing",
        (
            f"conductor/tracks/{TRACK}/plan.md:1: the symbolic link is not followed: "
            f"conductor/tracks/{TRACK}/plan.md leads out of the project, to {outside / 'plan.md'}"
        ),
    ]


def test_a_track_that_is_a_link_out_is_not_read(project: Path, tmp_path: Path) -> None:
    folder = project / "conductor" / "tracks" / TRACK
    folder.rename(tmp_path / "outside")
    (tmp_path / "outside" / "plan.md").write_text(SECRET)
    folder.symlink_to(tmp_path / "outside")
    assert len(said(check(project))) == 1


@pytest.mark.parametrize("target", ["outside", "nowhere", "conductor"])
def test_a_folder_that_is_a_link_to_nothing_of_the_project_is_one_finding(
    project: Path, tmp_path: Path, target: str
) -> None:
    (project / "conductor").rename(tmp_path / "outside")
    (project / "conductor").symlink_to(project / "conductor" if target == "conductor" else tmp_path / target)
    report = check(project)
    assert [finding.path for finding in report.findings] == ["conductor"]
    assert "link" in report.findings[0].what


def test_all_that_is_wrong_in_one_line_is_said(project: Path) -> None:
    (project / "conductor" / "tracks" / TRACK / "plan.md").write_bytes(b"- [?] Task: Gr\xf6\xdfe\n")
    assert [finding.line for finding in check(project).findings] == [1, 1]


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    (project / "conductor").rename(project / "docs")
    (project / "conductor").symlink_to(project / "docs")
    assert check(project) == ConductorReport((), 1)


def test_what_may_not_be_read_is_said(project: Path) -> None:
    plan = project / "conductor" / "tracks" / TRACK / "plan.md"
    plan.unlink()
    plan.mkdir()
    assert said(check(project)) == [
        f"conductor/tracks/{TRACK}/plan.md:1: {plan.relative_to(project)} is not a regular file"
    ]


def test_a_specification_of_five_megabytes_is_read_and_said(project: Path) -> None:
    (project / "conductor" / "tracks" / TRACK / "spec.md").write_text("Words of a specification.\n" * 210_000)
    report = check(project)
    assert said(report) == [f"conductor/tracks/{TRACK}/spec.md:1: it has 5.2 MiB, which is more than a model can read"]
    assert report.clean


def test_a_file_that_would_fill_the_memory_is_not_read(project: Path) -> None:
    os.truncate(project / "conductor" / "tracks" / TRACK / "spec.md", 1 << 40)
    (finding,) = check(project).findings
    assert (finding.line, finding.severity) == (1, "problem")
    assert "too much to be checked" in finding.what


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"version": 1, "tickets": ' + "[" * 100_000, '{"a": 1, "a": 2}', "null", "", "\x00"]
)
@pytest.mark.parametrize("name", ["metadata.json", "tickets.json"])
def test_json_of_any_shape_ends_in_a_finding_or_in_none(project: Path, name: str, content: str) -> None:
    (project / "conductor" / "tracks" / TRACK / name).write_text(content + "\n")
    findings = [finding for finding in check(project).findings if finding.severity == "problem"]
    assert {finding.path.rpartition("/")[2] for finding in findings} <= {name}
    assert findings or content == '{"a": 1, "a": 2}'


def test_many_tasks_and_long_lines_are_checked_in_little_time(project: Path) -> None:
    plan = "".join(f"- [ ] Task: Number {number}\n" for number in range(20_000)) + "- [x] " + "word " * 200_000 + "\n"
    (project / "conductor" / "tracks" / TRACK / "plan.md").write_text(plan)
    tickets = [{"id": f"T-{n}", "title": "t", "brief": "b", "plan_tasks": [f"Number {n}"]} for n in range(300)]
    (project / "conductor" / "tracks" / TRACK / "tickets.json").write_text(
        json.dumps({"version": 1, "tickets": tickets}, indent=2) + "\n"
    )
    assert [finding.what for finding in check(project).findings if finding.severity == "problem"] == []


def test_no_folder_and_an_empty_one_are_a_sentence(tmp_path: Path) -> None:
    assert said(check(tmp_path)) == ["conductor:1: it is not there: the project has no tracks yet"]
    (tmp_path / "conductor").mkdir()
    assert said(check(tmp_path)) == ["conductor/tracks.md:1: it is not there: the folder has no list of tracks"]
    (tmp_path / "conductor").rmdir()
    (tmp_path / "conductor").write_text("x")
    assert said(check(tmp_path)) == ["conductor:1: it is no folder"]
