"""`slop-qt context` from outside: what a ticket would start with, without a key, a lock, or anything being changed."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from simulation_support import Project, ticket

from slop_qt.agents.context.preview import Composition
from slop_qt.cli import main
from slop_qt.core.context import CacheReport, ContextPart, ContextReport, Trimming
from slop_qt.core.context_choices import FileChoice
from slop_qt.core.errors import UsageError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.headless.context_lines import composition_lines, part_text
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.paths import ProjectPaths
from slop_qt.store.process_lock import ProcessLock


@pytest.fixture
def track(project: Project) -> str:
    """A track whose second ticket is about the README and a file that is not there."""
    tickets = ticket("T-001"), ticket("T-002", files=("README.md", "new.py"), depends_on=("T-001",))
    return project.track(*tickets)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Ask = Callable[..., Said]


@pytest.fixture
def ask(project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """ask("--ticket", …): `slop-qt context` on the project, in this process."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)

    def ask_(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as end:
            main(["context", "--project", str(project.folder), *arguments])
        captured = capsys.readouterr()
        return Said(int(end.value.code or 0), captured.out, captured.err)

    return ask_


def test_the_table_has_every_part_and_nothing_is_written_anywhere(project: Project, track: str, ask: Ask) -> None:
    before = everything(project.home)
    found = ask("--ticket", "T-002")
    assert found.code == 0 and found.err == "", found.err
    lines = found.out.splitlines()
    assert lines[0].startswith(f"T-002 of {track}, claude-haiku-4-5: ")
    assert lines[2].split() == ["#", "Kind", "Label", "Tokens", "Share", "Cached", "Reason"]
    rows = [line.split() for line in lines[3:8]]
    assert [row[1] for row in rows] == ["system", "tools", "ticket", "file", "file"]
    assert all("≈" in row and "yes" in row for row in rows), "an estimate is shown as one"
    assert lines[6].endswith("The ticket declares it.") and "README.md" in lines[6]
    assert lines[9].startswith("Total: ≈ ") and "of 200,000" in lines[9]
    assert lines[10] == "Nothing would be left out."
    assert lines[11].endswith("is added when they are done: T-001.")
    assert everything(project.home) == before


def test_json_is_the_report_and_a_parts_text_is_exact(project: Project, track: str, ask: Ask) -> None:
    found = ask("--ticket", "T-002", "--track", track, "--json")
    report = ContextReport.model_validate_json(found.out)
    assert found.code == 0 and report.used_tokens == sum(part.tokens for part in report.parts)
    texts = [ask("--ticket", "T-002", "--text", name).out for name in ("README.md", "4")]
    assert texts == ["## File: README.md\n\n```\nA project.\n\n```\n\n"] * 2
    tools = json.loads(ask("--ticket", "T-002", "--text", "2").out)
    assert "finish_ticket" in {tool["name"] for tool in tools}


def test_it_works_while_another_process_has_the_project_open_and_has_the_choices_of_it(
    project: Project, track: str, ask: Ask
) -> None:
    paths = ProjectPaths.create(project.home / "data" / "slop-qt", project.folder)
    ContextChoiceStore(paths.context_choices).choose([FileChoice(path="README.md", form="excluded")])
    lock = ProcessLock(paths.lock)
    lock.acquire()
    try:
        found = ask("--ticket", "T-002")
    finally:
        lock.release()
    assert found.code == 0 and "README.md" not in found.out and "new.py" in found.out
    assert not paths.journal.exists()


def test_what_is_not_there_is_said_with_the_exit_code_for_it(project: Project, track: str, ask: Ask) -> None:
    other = ask("--ticket", "T-009")
    assert (other.code, other.out) == (1, "") and f"No track has a ticket T-009. Tracks: {track}." in other.err
    mine = ask("--ticket", "T-009", "--track", track)
    assert mine.code == 1 and "Its tickets: T-001, T-002." in mine.err
    for arguments, words in (
        (("--ticket", "T-001", "--track", "t_9"), "There is no track 't_9'"),
        (("--ticket", "T-001", "--text", "nowhere.py"), "There is no part nowhere.py. Parts: 1 System prompt"),
        (("--ticket", "T-001", "--text", "1", "--json"), "either --json or --text"),
        ((), "--ticket"),
    ):
        found = ask(*arguments)
        assert (found.code, found.out) == (2, "") and words in found.err, found.err


def test_of_two_tracks_the_newest_is_shown_and_both_are_named(project: Project, track: str, ask: Ask) -> None:
    newer = project.track(ticket("T-002", files=("README.md",)), title="Newer")
    found = ask("--ticket", "T-002")
    assert found.code == 0 and found.out.startswith(f"T-002 of {newer}, ")
    assert f"2 tracks have a ticket T-002: {track}, {newer}." in found.err and "--track ID" in found.err


def report(*parts: ContextPart, **fields: Any) -> ContextReport:
    used = sum(part.tokens for part in parts)
    given = {"model": "m", "limit_tokens": 0, "measured": "estimate", "cache": CacheReport(state="none"), **fields}
    return ContextReport(used_tokens=used, parts=parts, **given)


SPEC = TicketSpec(id="T-1", title="One", brief="")
TRACK = Track(id="t_1", title="Sums", spec_path="s", plan_path="p")


def test_what_would_be_left_out_is_listed_and_what_others_wrote_obeyed_by_no_terminal() -> None:
    parts = [
        ContextPart(kind="outline", label="\x1b[2Ja.py", tokens=300, cached=True),
        ContextPart(kind="file", label="deep/" * 20 + "b.py", tokens=100, cached=False),
    ]
    leaves = (Trimming(label="a.py", tokens=290, reason="It does not fit."),)
    composition = Composition(report(*parts, would_trim=leaves), ("One.", "Two."), ("1", "2"))
    lines = composition_lines(TRACK, SPEC, composition)
    assert "\x1b" not in "".join(lines)
    assert "75.0 %  yes" in lines[3] and lines[4].count("deep/") == 7 and "…" in lines[4]
    assert lines[6] == "Total: ≈ 400 tokens; how many the model takes is not known."
    assert lines[7:] == ["Would be left out: a.py, ≈ 290 tokens. It does not fit."]


def test_what_does_not_fit_is_said() -> None:
    part = ContextPart(kind="file", label="a", tokens=2000, cached=False)
    lines = composition_lines(TRACK, SPEC, Composition(report(part, limit_tokens=1000), ("One.",), ("1",)))
    assert lines[5] == "Total: ≈ 2,000 tokens of 1,000 (200.0 %)." and lines[6].startswith("It does not fit")


def test_a_label_that_two_parts_have_is_chosen_by_number() -> None:
    parts = [ContextPart(kind="file", label="a", tokens=1, cached=False)] * 2
    composition = Composition(report(*parts), ("One.", "Two."), ("1", "2"))
    assert part_text(composition, "2") == "2"
    with pytest.raises(UsageError, match="Several parts are called a"):
        part_text(composition, "a")


def test_as_a_process_of_its_own_it_ends_well_where_nobody_reads_it(project: Project, track: str) -> None:
    arguments = ("context", "--project", project.folder, "--ticket", "T-002")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with project.start(*arguments, stdout=writing, fresh=True) as application:
            result = application.result()
    finally:
        os.close(writing)
    assert result.code in {0, 1} and "unexpected" not in result.err
