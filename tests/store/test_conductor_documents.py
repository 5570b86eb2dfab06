"""Documents for an editor: read with a digest, written only where nobody else has written meanwhile."""

import hashlib
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError, StoreError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track, TrackDraft
from slop_qt.store.conductor.documents import edited
from slop_qt.store.conductor.folder import ConductorFolder

DRAFT = TrackDraft(title="Accounts", spec="# Spec\n", plan="- [ ] Task: Store it\n")
TICKET = TicketSpec(id="T-1", title="Store", brief="b")
MARK = b"\xef\xbb\xbf"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def folder(project: Path) -> ConductorFolder:
    return ConductorFolder(project)


@pytest.fixture
def track(folder: ConductorFolder) -> Track:
    return folder.add_track(DRAFT, date(2026, 11, 22))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_what_is_read_has_the_digest_of_its_bytes(project: Path, folder: ConductorFolder, track: Track) -> None:
    content = MARK + b"# Spec\r\n\r\nText"
    (project / track.spec_path).write_bytes(content)
    stored = folder.read_track(track.id)
    assert stored.track == track
    assert (stored.spec.text, stored.spec.digest) == ("# Spec\r\n\r\nText", digest(content))
    assert (stored.plan.text, stored.plan.digest) == (DRAFT.plan, digest(DRAFT.plan.encode()))
    assert (stored.tickets, stored.tickets_digest, stored.tickets_problem) == ((), "", None)


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\nb\n", "a\nc\n", b"a\nc\n"),
        (b"a\r\nb\r\n", "a\nnew\nb\n", b"a\r\nnew\r\nb\r\n"),
        (b"a\rb\r", "a\nc\n", b"a\rc\r"),
        (MARK + b"a\r\n", "b\n", MARK + b"b\r\n"),
        (b"a\r\nb\nc\r\nd\n", "a\nb\nC\nd\n", b"a\r\nb\nC\r\nd\n"),
        (b"a\r\nb\nc\r\nd\ne", "A\nb\nc\nd\nE", b"A\r\nb\nc\r\nd\nE"),
        (b"a\r\nb", "a\nb\n", b"a\r\nb\r\n"),
        (b"a\n\xc3\xb6", "a\n\xf6\nx", "a\nö\nx".encode()),
        (None, "a\nb", b"a\nb"),
        (b"", "a\n", b"a\n"),
        (b"a\nb\n", "a\r\nb\n", b"a\r\nb\n"),
        (MARK, "", MARK),
    ],
)
def test_byte_order_mark_and_line_ends_come_back(before: bytes | None, text: str, after: bytes) -> None:
    assert edited(before, text) == after


def test_an_edit_is_written_and_gives_the_next_digest(project: Path, folder: ConductorFolder, track: Track) -> None:
    first = folder.read_track(track.id).spec.digest
    second = folder.save_text(track.id, "spec", "# Another\n", first)
    assert (project / track.spec_path).read_bytes() == b"# Another\n"
    assert second == digest(b"# Another\n") == folder.read_track(track.id).spec.digest
    folder.save_text(track.id, "spec", "# A third\n", second)
    assert ConductorFolder(project).read_track(track.id).spec.text == "# A third\n"


def change(path: Path) -> None:
    path.write_text("# Theirs\n")


@pytest.mark.parametrize(("meanwhile", "said"), [(change, "was changed"), (Path.unlink, "was removed")])
def test_what_somebody_else_did_meanwhile_is_not_overwritten(
    project: Path, folder: ConductorFolder, track: Track, meanwhile: Callable[[Path], None], said: str
) -> None:
    base = folder.read_track(track.id).spec.digest
    path = project / track.spec_path
    meanwhile(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(ConflictError, match=rf"spec\.md {said} by somebody else") as caught:
        folder.save_text(track.id, "spec", "# Mine\n", base)
    assert "Nothing was overwritten" in caught.value.hint
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_file_that_was_not_there_is_made_and_one_that_came_is_kept(
    project: Path, folder: ConductorFolder, track: Track
) -> None:
    path = project / track.plan_path
    path.unlink()
    document = folder.read_track(track.id).plan
    assert (document.text, document.digest, document.problem) == ("", "", None)
    folder.save_text(track.id, "plan", "- [ ] Task: New\n", "")
    assert folder.plan(track.id) == "- [ ] Task: New\n"
    with pytest.raises(ConflictError, match=r"plan\.md was written by somebody else"):
        folder.save_text(track.id, "plan", "mine", "")


def test_what_is_not_utf8_is_a_problem_and_keeps_its_bytes(
    project: Path, folder: ConductorFolder, track: Track
) -> None:
    content = b"# Ma\xdfe\n"
    (project / track.spec_path).write_bytes(content)
    document = folder.read_track(track.id).spec
    assert (document.text, document.digest) == ("", digest(content))
    assert document.problem is not None and "not UTF-8: byte 4" in document.problem
    with pytest.raises(StoreError, match="UTF-8"):
        folder.save_text(track.id, "spec", "# Mine\n", document.digest)
    assert (project / track.spec_path).read_bytes() == content


def test_a_text_that_is_no_utf8_is_refused(project: Path, folder: ConductorFolder, track: Track) -> None:
    base = folder.read_track(track.id).spec.digest
    with pytest.raises(StoreError, match="cannot be written"):
        folder.save_text(track.id, "spec", "half \ud83d", base)
    assert folder.spec(track.id) == DRAFT.spec


def test_a_pipe_and_a_link_out_are_problems(
    project: Path, folder: ConductorFolder, track: Track, tmp_path: Path
) -> None:
    (project / track.spec_path).unlink()
    os.mkfifo(project / track.spec_path)
    (project / track.plan_path).unlink()
    (project / track.plan_path).symlink_to(tmp_path / "outside")
    (project / "conductor" / "tracks" / track.id / "tickets.json").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").write_text("- [ ] Task: a secret\n")
    stored = folder.read_track(track.id)
    assert "not a regular file" in (stored.spec.problem or "")
    for problem in (stored.plan.problem, stored.tickets_problem):
        assert "leads out of the project" in (problem or "")
    assert stored.plan.text == "" and stored.plan.digest == ""
    for name in ("spec", "plan"):
        with pytest.raises(StoreError):
            folder.save_text(track.id, name, "mine", "")  # type: ignore[arg-type]
    assert (tmp_path / "outside").read_text() == "- [ ] Task: a secret\n"


def test_a_specification_of_five_megabytes_is_edited_and_one_of_a_hundred_is_a_problem(
    project: Path, folder: ConductorFolder, track: Track
) -> None:
    large = "Words of a specification.\n" * 210_000
    (project / track.spec_path).write_text(large)
    document = folder.read_track(track.id).spec
    assert document.text == large and document.problem is None
    folder.save_text(track.id, "spec", f"# First\n{large}", document.digest)
    assert (project / track.spec_path).read_text() == f"# First\n{large}"
    os.truncate(project / track.spec_path, 100 << 20)
    assert "too large to be edited" in (folder.read_track(track.id).spec.problem or "")


def test_a_large_file_with_mixed_line_ends_is_edited_in_little_time() -> None:
    lines = [f"line {number}" if number % 2 else "" for number in range(20_000)]
    content = "".join(line + ("\r\n" if number % 3 else "\n") for number, line in enumerate(lines)).encode()
    shown = "".join(f"{line}\n" for line in lines)
    result = edited(content, f"first\n{shown}last\n")
    assert result == b"first\r\n" + content + b"last\r\n"


def test_a_track_that_is_gone_is_named(folder: ConductorFolder, track: Track) -> None:
    with pytest.raises(NotFoundError, match="gone"):
        folder.read_track("gone")
    with pytest.raises(NotFoundError, match="gone"):
        folder.save_text("gone", "spec", "", "")


def test_tickets_are_written_only_over_those_that_were_read(
    project: Path, folder: ConductorFolder, track: Track
) -> None:
    assert folder.read_track(track.id).tickets_digest == ""
    first = folder.set_tickets(track.id, [TICKET], "")
    stored = folder.read_track(track.id)
    assert (stored.tickets, stored.tickets_digest) == ((TICKET,), first)
    with pytest.raises(ConflictError, match=r"tickets\.json was written by somebody else"):
        folder.set_tickets(track.id, [], "")
    other = TICKET.model_copy(update={"title": "Show"})
    second = folder.set_tickets(track.id, [other], first)
    assert folder.set_tickets(track.id, [other], second) == second
    with pytest.raises(ConflictError, match=r"tickets\.json was changed by somebody else"):
        folder.set_tickets(track.id, [TICKET], first)
    with pytest.raises(InvalidInputError):
        folder.set_tickets(track.id, [TICKET, TICKET], second)
    assert ConductorFolder(project).read_track(track.id).tickets == (other,)


@pytest.mark.parametrize("content", [b"{", b'{"version": 9, "tickets": []}', b"\xff"])
def test_tickets_that_cannot_be_used_are_a_problem_and_are_kept_when_written_over(
    project: Path, folder: ConductorFolder, track: Track, content: bytes
) -> None:
    own = project / "conductor" / "tracks" / track.id
    for kept in ("tickets-unusable.json", "tickets-unusable-2.json"):
        (own / "tickets.json").write_bytes(content)
        stored = folder.read_track(track.id)
        assert stored.tickets == () and stored.tickets_digest == digest(content)
        assert "tickets.json" in (stored.tickets_problem or "")
        folder.set_tickets(track.id, [TICKET], stored.tickets_digest)
        assert (own / kept).read_bytes() == content
        assert folder.tickets(track.id) == (TICKET,)
