"""conductor/: what is written, what is read, and that nothing else moves by a byte."""

import json
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core.errors import InvalidInputError, NotFoundError, StoreError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track, TrackDraft, TrackStatus
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.conductor.json_text import replace_members
from slop_qt.store.conductor.registry import append_track, read_registry, registry_header

TODAY = date(2026, 11, 22)
SHA = "89ffc7b0123456789abcdef0123456789abcdef0"
DRAFT = TrackDraft(
    title="Add user accounts",
    spec="# Spec\n\n## Overview\n\nAccounts.\n",
    plan="# Plan\n\n## Phase 1: Model\n\n- [ ] Task: Write the model\n    - [ ] Tests\n- [ ] Task: Store it\n",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


@pytest.fixture
def folder(project: Path) -> ConductorFolder:
    return ConductorFolder(project)


def contents(project: Path) -> dict[str, bytes]:
    return {str(path.relative_to(project)): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def ticket(ticket_id: str, *depends_on: str) -> TicketSpec:
    return TicketSpec(id=ticket_id, title="Größe", brief="b", depends_on=depends_on, files=("a.py",), verify="true")


# --- reading


def test_a_project_without_the_folder_has_no_tracks(project: Path, folder: ConductorFolder) -> None:
    assert folder.tracks() == []
    assert list(project.iterdir()) == []


def test_a_registry_written_by_others_is_read_and_what_leads_to_no_track_is_passed_over(
    project: Path, folder: ConductorFolder
) -> None:
    (project / "conductor").mkdir()
    (project / "conductor" / "tracks.md").write_bytes(
        b"# Tracks\r\n\r\n[not a track]\r\n\r\n---\r\n\r\n"
        b"- [~] **Track: One **bold** word**\r\n*Link: [./tracks/one_20260101/](./tracks/one_20260101/)*\r\n"
        b"- [?] **Track: No such marker**\r\n*Link: [./tracks/odd_20260101/](./tracks/odd_20260101/)*\r\n"
        b"- [x] **Track: No link**\r\nprose\r\n"
        b"- [ ] **Track: Outside**\r\n*Link: [./tracks/../../etc/](./tracks/../../etc/)*\r\n"
        b"- [b] **Track: Two**\r\n*Link: [./tracks/two_20260102/](./tracks/two_20260102/)*"
    )
    assert folder.tracks() == [
        Track(
            id="one_20260101",
            title="One **bold** word",
            status=TrackStatus.IN_PROGRESS,
            spec_path="conductor/tracks/one_20260101/spec.md",
            plan_path="conductor/tracks/one_20260101/plan.md",
        ),
        Track(
            id="odd_20260101",
            title="No such marker",
            status=TrackStatus.NEW,
            spec_path="conductor/tracks/odd_20260101/spec.md",
            plan_path="conductor/tracks/odd_20260101/plan.md",
        ),
        Track(
            id="two_20260102",
            title="Two",
            status=TrackStatus.BLOCKED,
            spec_path="conductor/tracks/two_20260102/spec.md",
            plan_path="conductor/tracks/two_20260102/plan.md",
        ),
    ]


def test_a_track_that_is_not_there_is_named_with_those_that_are(folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    for call in (folder.spec, folder.plan, folder.tickets):
        with pytest.raises(NotFoundError, match="nowhere") as caught:
            call("nowhere")
        assert track.id in caught.value.hint
    with pytest.raises(NotFoundError):
        folder.set_status("../../etc", TrackStatus.DONE)
    with pytest.raises(NotFoundError):
        folder.mark_tasks("nowhere", {})
    with pytest.raises(NotFoundError):
        folder.set_tickets("nowhere", [])


def test_a_missing_spec_is_an_error_with_its_path(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / track.spec_path).unlink()
    with pytest.raises(StoreError, match=r"spec\.md is missing"):
        folder.spec(track.id)


def test_a_file_that_is_not_utf8_is_an_error_with_its_path(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / track.plan_path).write_bytes(b"# Plan\n\xff\n")
    with pytest.raises(StoreError, match=r"plan\.md is not UTF-8: byte 7"):
        folder.plan(track.id)


def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / track.spec_path).unlink()
    os.mkfifo(project / track.spec_path)
    with pytest.raises(StoreError, match="not a regular file"):
        folder.spec(track.id)


# --- a new track


def test_a_new_track_is_written_in_conductors_form(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    root = project / "conductor"
    assert track.id == "add_user_accounts_20261122"
    assert (
        (root / "tracks.md")
        .read_text()
        .endswith(
            "\n---\n\n- [ ] **Track: Add user accounts**\n"
            "*Link: [./tracks/add_user_accounts_20261122/](./tracks/add_user_accounts_20261122/)*\n"
        )
    )
    assert (root / "index.md").read_text() == (
        "# Project Context\n\n- [Tracks Registry](./tracks.md)\n- [Tracks Directory](./tracks/)\n"
    )
    own = root / "tracks" / track.id
    assert (own / "index.md").read_text().splitlines()[2:] == [
        "- [Specification](./spec.md)",
        "- [Implementation Plan](./plan.md)",
        "- [Metadata](./metadata.json)",
    ]
    metadata = json.loads((own / "metadata.json").read_text())
    assert metadata["created_at"] == metadata["updated_at"]
    assert metadata["created_at"].endswith("Z")
    assert {name: metadata[name] for name in ("track_id", "type", "status", "description")} == {
        "track_id": track.id,
        "type": "feature",
        "status": "new",
        "description": "Add user accounts",
    }
    assert folder.spec(track.id) == DRAFT.spec
    assert folder.plan(track.id) == DRAFT.plan
    assert folder.tracks() == [track]
    assert not list(project.rglob("*.tmp"))


def test_tracks_of_one_title_and_day_get_ids_of_their_own(project: Path, folder: ConductorFolder) -> None:
    (project / "conductor" / "archive" / "add_user_accounts_2_20261122").mkdir(parents=True)
    ids = [folder.add_track(DRAFT, TODAY).id for _ in range(3)]
    assert ids == [
        "add_user_accounts_20261122",
        "add_user_accounts_3_20261122",
        "add_user_accounts_4_20261122",
    ]
    assert [track.id for track in folder.tracks()] == ids


@settings(deadline=None)
@given(st.text(min_size=1, max_size=80))
def test_every_title_gives_an_entry_that_is_read_back(title: str) -> None:
    one_line = " ".join(title.split()) or "Untitled"
    text = append_track(registry_header(), "./tracks/one_20260101/", one_line)
    text = append_track(text, "./tracks/two_20260101/", "Two")
    entries = read_registry(text)
    assert [(entry.link, entry.title) for entry in entries] == [
        ("./tracks/one_20260101/", one_line),
        ("./tracks/two_20260101/", "Two"),
    ]


@pytest.mark.parametrize("title", ["世界", "../../etc", "///", "a\nb", "  ", "x" * 300])
def test_every_title_gives_an_id_that_is_a_folder_of_its_own(
    folder: ConductorFolder, project: Path, title: str
) -> None:
    track = folder.add_track(DRAFT.model_copy(update={"title": title}), TODAY)
    assert (project / "conductor" / "tracks" / track.id / "spec.md").is_file()
    assert [found.id for found in folder.tracks()] == [track.id]
    assert "\n" not in track.title


def test_a_new_track_leaves_what_is_there_as_it_is(project: Path, folder: ConductorFolder) -> None:
    root = project / "conductor"
    root.mkdir()
    (root / "index.md").write_bytes(b"# Mine\r\n")
    (root / "product.md").write_bytes(b"# Product\r\n")
    before = b"# Tracks\r\n\r\nprose without an end"
    (root / "tracks.md").write_bytes(before)
    track = folder.add_track(DRAFT, TODAY)
    assert (root / "index.md").read_bytes() == b"# Mine\r\n"
    added = (root / "tracks.md").read_bytes().removeprefix(before)
    assert added.startswith(b"\r\n\r\n---\r\n\r\n- [ ] **Track: Add user accounts**\r\n*Link:")
    assert b"\n" not in added.replace(b"\r\n", b"")
    assert [found.id for found in folder.tracks()] == [track.id]


def test_the_first_index_links_to_what_is_there(project: Path, folder: ConductorFolder) -> None:
    (project / "conductor").mkdir()
    (project / "conductor" / "workflow.md").write_text("# Workflow\n")
    folder.add_track(DRAFT, TODAY)
    links = (project / "conductor" / "index.md").read_text().splitlines()[2:]
    assert [link.split("]")[0] for link in links] == ["- [Workflow", "- [Tracks Registry", "- [Tracks Directory"]


# --- status


@pytest.mark.parametrize(
    ("status", "marker", "word"),
    [
        (TrackStatus.IN_PROGRESS, "[~]", "in_progress"),
        (TrackStatus.DONE, "[x]", "completed"),
        (TrackStatus.BLOCKED, "[b]", "in_progress"),
    ],
)
def test_a_status_changes_its_marker_and_its_word_and_nothing_else(
    project: Path, folder: ConductorFolder, status: TrackStatus, marker: str, word: str
) -> None:
    other = folder.add_track(DRAFT.model_copy(update={"title": "Another"}), TODAY)
    track = folder.add_track(DRAFT, TODAY)
    registry = project / "conductor" / "tracks.md"
    metadata = project / "conductor" / "tracks" / track.id / "metadata.json"
    odd = '{"track_id" :  "t",\r\n  "nested": {"status": "new", "more": ["}", 1.50]},\r\n\t"status": "new","x":null }'
    metadata.write_bytes(odd.encode())
    registry.write_bytes(registry.read_bytes().replace(b"\n", b"\r\n") + b"\r\nprose\x0c without an end")
    before = contents(project)
    folder.set_status(track.id, status)
    after = contents(project)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"conductor/tracks.md", f"conductor/tracks/{track.id}/metadata.json"}
    assert registry.read_bytes() == before["conductor/tracks.md"].replace(
        b"[ ] **Track: Add", f"{marker} **Track: Add".encode()
    )
    assert metadata.read_bytes() == odd.replace('"status": "new","x"', f'"status": "{word}","x"').encode()
    assert [found.status for found in folder.tracks()] == [TrackStatus.NEW, status]
    assert [found.id for found in folder.tracks()] == [other.id, track.id]


def test_a_status_that_is_already_there_changes_no_byte(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    before = contents(project)
    folder.set_status(track.id, TrackStatus.NEW)
    assert contents(project) == before


def test_a_track_without_metadata_still_has_a_status(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / "conductor" / "tracks" / track.id / "metadata.json").unlink()
    folder.set_status(track.id, TrackStatus.DONE)
    assert folder.tracks()[0].status is TrackStatus.DONE


@pytest.mark.parametrize("content", ["", "[]", '{"status": "new"', '"status"', "{]"])
def test_broken_metadata_is_an_error_and_nothing_is_changed(
    project: Path, folder: ConductorFolder, content: str
) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / "conductor" / "tracks" / track.id / "metadata.json").write_text(content)
    before = contents(project)
    with pytest.raises(StoreError, match=r"metadata\.json is not a JSON object"):
        folder.set_status(track.id, TrackStatus.DONE)
    assert contents(project) == before


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), _JSON, max_size=6), st.sampled_from([None, 2, "\t"]), st.text())
def test_replacing_a_member_changes_it_alone(members: dict[str, object], indent: int | str | None, value: str) -> None:
    members = {"status": "new"} | members
    text = json.dumps(members, indent=indent)
    changed = replace_members(text, {"status": value, "absent": "x"})
    assert json.loads(changed) == members | {"status": value}
    assert replace_members(text, {}) == text


# --- the plan


def test_a_done_task_gets_its_mark_and_seven_characters_and_nothing_else_moves(
    project: Path, folder: ConductorFolder
) -> None:
    track = folder.add_track(DRAFT, TODAY)
    plan = (
        b"# Plan\r\n\r\n## Phase 1: Model [checkpoint: ]\r\nprose - [ ] Task: Store it\r\n"
        b"- [x] Task: Store it 1234567\n- [ ] Task: Store it  \r\n    - [ ] Store it twice\r\n- [~] Task: Other\x0c"
    )
    (project / track.plan_path).write_bytes(plan)
    before = contents(project)
    assert folder.mark_tasks(track.id, {"Task: Store it": SHA, "Other\x0c": SHA, "Not there": SHA}) == ("Not there",)
    expected = plan.replace(b"- [ ] Task: Store it  \r\n", b"- [x] Task: Store it 89ffc7b  \r\n").replace(
        b"- [~] Task: Other\x0c", b"- [x] Task: Other 89ffc7b\x0c"
    )
    after = contents(project)
    assert after.pop(track.plan_path) == expected
    before.pop(track.plan_path)
    assert after == before


def test_marking_twice_changes_the_sha_and_adds_none(folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    assert folder.mark_tasks(track.id, {"Store it": SHA, "Tests": SHA}) == ()
    once = folder.plan(track.id)
    assert "- [x] Task: Store it 89ffc7b\n" in once
    assert "    - [x] Tests 89ffc7b\n" in once
    assert "- [ ] Task: Write the model\n" in once
    assert folder.mark_tasks(track.id, {"Store it": SHA}) == ()
    assert folder.plan(track.id) == once
    folder.mark_tasks(track.id, {"Store it": "abcdef0" + SHA})
    assert folder.plan(track.id) == once.replace("Store it 89ffc7b", "Store it abcdef0")


def test_of_two_tasks_with_one_text_the_first_that_is_open_is_marked(folder: ConductorFolder) -> None:
    plan = "- [ ] Task: Write tests\n- [ ] Task: Write tests\n"
    track = folder.add_track(DRAFT.model_copy(update={"plan": plan}), TODAY)
    folder.mark_tasks(track.id, {"Write tests": SHA})
    assert folder.plan(track.id) == "- [x] Task: Write tests 89ffc7b\n- [ ] Task: Write tests\n"
    folder.mark_tasks(track.id, {"Write tests": SHA})
    assert folder.plan(track.id) == "- [x] Task: Write tests 89ffc7b\n- [x] Task: Write tests 89ffc7b\n"


@pytest.mark.parametrize("sha", ["", "123456", "HEAD", "89ffc7b\n", "89FFC7B0", "not-a-sha"])
def test_what_is_no_sha_is_refused(folder: ConductorFolder, sha: str) -> None:
    track = folder.add_track(DRAFT, TODAY)
    with pytest.raises(InvalidInputError, match="not the SHA"):
        folder.mark_tasks(track.id, {"Store it": sha})
    assert folder.plan(track.id) == DRAFT.plan


# --- tickets


def test_tickets_come_back_as_they_were_set(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    assert folder.tickets(track.id) == ()
    planned = (ticket("T-1"), ticket("T-2", "T-1"))
    folder.set_tickets(track.id, planned)
    assert folder.tickets(track.id) == planned
    path = project / "conductor" / "tracks" / track.id / "tickets.json"
    assert json.loads(path.read_text())["version"] == 1
    assert "Größe" in path.read_text()


def test_setting_the_same_tickets_changes_no_byte(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    folder.set_tickets(track.id, [ticket("T-1")])
    path = project / "conductor" / "tracks" / track.id / "tickets.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    before = contents(project)
    folder.set_tickets(track.id, [ticket("T-1")])
    assert contents(project) == before
    folder.set_tickets(track.id, [ticket("T-2")])
    assert contents(project) != before


def test_tickets_that_make_no_graph_are_refused_and_nothing_is_written(folder: ConductorFolder, project: Path) -> None:
    track = folder.add_track(DRAFT, TODAY)
    before = contents(project)
    with pytest.raises(InvalidInputError, match=r"T-1 → T-2 → T-1|T-2 → T-1 → T-2"):
        folder.set_tickets(track.id, [ticket("T-1", "T-2"), ticket("T-2", "T-1")])
    assert contents(project) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file"),
        ("[]", "the file"),
        ('{"version": 1}', "tickets"),
        ('{"version": 1, "tickets": [{"id": "a/b", "title": "t", "brief": ""}]}', r"tickets\.0\.id"),
        ('{"version": 1, "tickets": [], "more": 1}', "more"),
        ('{"version": 2, "tickets": []}', "version 2"),
    ],
)
def test_broken_tickets_are_an_error_that_says_where(
    project: Path, folder: ConductorFolder, content: str, said: str
) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / "conductor" / "tracks" / track.id / "tickets.json").write_text(content)
    with pytest.raises(StoreError, match=rf"tickets\.json .*{said}"):
        folder.tickets(track.id)


# --- links


def test_a_link_out_of_the_project_is_neither_read_nor_written(
    project: Path, folder: ConductorFolder, tmp_path: Path
) -> None:
    track = folder.add_track(DRAFT, TODAY)
    secret = tmp_path / "secret"
    secret.write_text("- [ ] Task: Store it\n")
    (project / track.plan_path).unlink()
    (project / track.plan_path).symlink_to(secret)
    with pytest.raises(StoreError, match="leads out of the project"):
        folder.plan(track.id)
    with pytest.raises(StoreError, match="leads out of the project"):
        folder.mark_tasks(track.id, {"Store it": SHA})
    assert secret.read_text() == "- [ ] Task: Store it\n"


def test_a_conductor_folder_elsewhere_is_refused(project: Path, folder: ConductorFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project / "conductor").symlink_to(elsewhere)
    with pytest.raises(StoreError, match="leads out of the project"):
        folder.add_track(DRAFT, TODAY)
    assert list(elsewhere.iterdir()) == []


def test_a_link_within_the_project_stays_a_link(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / "plan.md").write_text(DRAFT.plan)
    (project / track.plan_path).unlink()
    (project / track.plan_path).symlink_to(project / "plan.md")
    folder.mark_tasks(track.id, {"Store it": SHA})
    assert (project / track.plan_path).is_symlink()
    assert "89ffc7b" in (project / "plan.md").read_text()


def test_a_link_to_itself_is_an_error(project: Path, folder: ConductorFolder) -> None:
    (project / "conductor").symlink_to(project / "conductor")
    with pytest.raises(StoreError, match=r"cannot be followed|cannot be read"):
        folder.tracks()


def test_a_files_mode_stays(project: Path, folder: ConductorFolder) -> None:
    track = folder.add_track(DRAFT, TODAY)
    (project / track.plan_path).chmod(0o640)
    folder.mark_tasks(track.id, {"Store it": SHA})
    assert (project / track.plan_path).stat().st_mode & 0o777 == 0o640
