"""What an editor reads and writes through the commands: with digests, so that nothing of anybody's is overwritten."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from cockpit import ABC, Cockpit, git, mend, mends, refused

from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError

OpenCockpit = Callable[..., Awaitable[Cockpit]]


def plain(*tickets: object) -> list[object]:
    return [ticket.model_dump(mode="json") for ticket in tickets]  # type: ignore[attr-defined]


class TestPlanDesk:
    """track.read, track.save_text, track.save_tickets."""

    async def test_a_track_is_read_edited_and_read_by_a_second_instance_as_it_is(
        self, open_cockpit: OpenCockpit, tmp_path: Path
    ) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(*ABC)
        read = await cockpit.call("track.read", track_id=track_id)
        assert (read.spec.problem, read.plan.problem, read.tickets_problem) == (None, None, None)
        assert read.tickets == ABC
        text = f"{read.spec.text}\n\nMore.\n"
        await cockpit.call(
            "track.save_text", track_id=track_id, document="spec", text=text, base_digest=read.spec.digest
        )
        fewer = (mend("a"), mend("b", "A"))
        saved = await cockpit.call(
            "track.save_tickets", track_id=track_id, tickets=plain(*fewer), base_digest=read.tickets_digest
        )
        git(cockpit.project, "add", "--all")
        git(cockpit.project, "commit", "--quiet", "--message=Plan")
        git(cockpit.folder, "clone", "--quiet", str(cockpit.project), "colleague/project")
        theirs = await Cockpit(cockpit.folder / "colleague").open()
        try:
            for open_one in (cockpit, theirs):
                again = await open_one.call("track.read", track_id=track_id)
                assert (again.spec.text, again.tickets, again.tickets_digest) == (text, fewer, saved.digest)
                assert again == await cockpit.call("track.read", track_id=track_id)
                assert (await open_one.call("track.show", track_id=track_id)).spec == text
        finally:
            await theirs.close()

    async def test_what_somebody_else_wrote_meanwhile_is_kept(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(*ABC)
        read = await cockpit.call("track.read", track_id=track_id)
        folder = cockpit.project / "conductor" / "tracks" / track_id
        (folder / "plan.md").write_text("# Theirs\n")
        (folder / "tickets.json").write_text('{"version": 1, "tickets": []}')
        save_text = cockpit.call(
            "track.save_text", track_id=track_id, document="plan", text="# Mine\n", base_digest=read.plan.digest
        )
        await refused(save_text, r"plan.md was changed by somebody else", ConflictError)
        save_tickets = cockpit.call(
            "track.save_tickets", track_id=track_id, tickets=plain(mend("a")), base_digest=read.tickets_digest
        )
        await refused(save_tickets, r"tickets.json was changed by somebody else", ConflictError)
        assert (folder / "plan.md").read_text() == "# Theirs\n"
        assert (folder / "tickets.json").read_text() == '{"version": 1, "tickets": []}'

    async def test_tickets_that_make_no_graph_are_refused_with_their_names(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(*ABC)
        read = await cockpit.call("track.read", track_id=track_id)
        circle = plain(mend("a", "B"), mend("b", "A"))
        save = cockpit.call("track.save_tickets", track_id=track_id, tickets=circle, base_digest=read.tickets_digest)
        await refused(save, "circle", InvalidInputError)
        assert await cockpit.call("track.read", track_id=track_id) == read

    async def test_files_that_cannot_be_shown_are_problems_and_no_errors(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track_id = await cockpit.track(*ABC)
        folder = cockpit.project / "conductor" / "tracks" / track_id
        (folder / "spec.md").write_bytes(b"\xff\xfe")
        (folder / "tickets.json").write_text("{")
        read = await cockpit.call("track.read", track_id=track_id)
        assert "not UTF-8" in read.spec.problem and "tickets.json" in read.tickets_problem
        assert read.plan.problem is None and read.tickets == ()
        await refused(cockpit.call("track.read", track_id="gone"), track_id, NotFoundError)

    @pytest.mark.parametrize("end", ["\r\n", "\n"])
    async def test_a_diff_shows_only_what_was_edited(self, open_cockpit: OpenCockpit, end: str) -> None:
        cockpit = await open_cockpit(mends("a"))
        track_id = await cockpit.track(mend("a"))
        plan = cockpit.project / "conductor" / "tracks" / track_id / "plan.md"
        plan.write_bytes(b"\xef\xbb\xbf" + plan.read_bytes().replace(b"\n", end.encode()).rstrip())
        git(cockpit.project, "add", "--all")
        git(cockpit.project, "commit", "--quiet", "--message=Plan")
        read = await cockpit.call("track.read", track_id=track_id)
        as_edited = read.plan.text.replace("\r\n", "\n").replace("Mend b\n", "Mend b, and well\n")
        await cockpit.call(
            "track.save_text", track_id=track_id, document="plan", text=as_edited, base_digest=read.plan.digest
        )
        assert git(cockpit.project, "diff", "--numstat").split()[:2] == ["1", "1"]
