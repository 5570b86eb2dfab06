"""What a ticket's worker would start with, before it starts: the same as what is sent, and changed by choices."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_support import finish, turn
from cockpit import Cockpit, git, mend, mends, proposes_tickets, refused

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import ConfigurationError, InvalidInputError, NotFoundError, StoreError
from slop_qt.core.events import dump_event
from slop_qt.mma.spend_shapes import ContextPreviewed

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def preview(cockpit: Cockpit, track: str, ticket: str) -> ContextPreviewed:
    return await cockpit.call("context.preview", track_id=track, ticket_id=ticket)


async def choose(cockpit: Cockpit, *choices: dict[str, Any], **where: Any) -> None:
    await cockpit.call("context.choose", choices=list(choices), **where)


def labels(found: ContextPreviewed) -> list[tuple[str, str]]:
    return [(part.kind, part.label) for part in found.report.parts]


class TestPreview:
    """Nothing is sent, and what is shown is what would be."""

    async def test_it_is_to_the_character_what_the_worker_starts_with(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        track = await cockpit.track(mend("a"))
        found = await preview(cockpit, track, "A")
        assert cockpit.provider.requests == [], "nobody was asked anything"
        await cockpit.call("run.wait", run_id=(await cockpit.call("run.start", track_id=track)).run_id)
        sent = cockpit.provider.requests[0]
        assert found.texts[0] == sent.system
        assert [tool["name"] for tool in json.loads(found.texts[1])] == [spec.name for spec in sent.tools]
        assert "".join(found.texts[2:]) == cockpit.prompts(3, "A")[0]
        reports = [event.report for event in cockpit.of("context")]
        assert reports[0].used_tokens == found.report.used_tokens, "and the count before it was sent is the same"

    async def test_the_parts_sum_up_and_each_has_a_text_and_a_reason(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        found = await preview(cockpit, await cockpit.track(mend("a", files=("a.txt", "b.txt", "new.txt"))), "A")
        report = found.report
        assert labels(found) == [
            ("system", "System prompt"),
            ("tools", "8 tools"),
            ("ticket", "A"),
            ("file", "a.txt"),
            ("file", "b.txt"),
            ("file", "new.txt"),
        ]
        assert sum(part.tokens for part in report.parts) == report.used_tokens > 0
        assert (report.model, report.measured, report.cache.state) == ("model-3", "estimate", "unknown")
        assert len(found.reasons) == len(found.texts) == len(report.parts)
        assert all(reason.endswith(".") for reason in found.reasons)
        assert report.cache.prefix_tokens == sum(part.tokens for part in report.parts if part.cached)

    async def test_choices_are_tried_without_being_kept(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track = await cockpit.track(mend("a", files=("a.txt", "b.txt")))
        await choose(cockpit, {"path": "a.txt", "form": "excluded"}, track_id=track, ticket_id="A")

        async def tried(**choices: Any) -> ContextPreviewed:
            return await cockpit.call("context.preview", track_id=track, ticket_id="A", **choices)

        found = await tried(chosen=[{"path": "b.txt", "form": "excluded"}], project=[{"path": "c.txt", "pinned": True}])
        assert [name for kind, name in labels(found) if kind == "file"] == ["c.txt", "a.txt"]
        assert [choice.path for choice in (*found.chosen, *found.project)] == ["b.txt", "c.txt"]
        assert {"a.txt", "b.txt", "c.txt"} <= set(found.files)
        with pytest.raises(InvalidInputError, match=r"no\.txt"):
            await tried(chosen=[{"path": "no.txt"}])
        with pytest.raises(InvalidInputError, match="named twice"):
            await tried(project=[{"path": "a.txt"}, {"path": "a.txt"}])
        kept = await tried()
        assert [name for kind, name in labels(kept) if kind == "file"] == ["b.txt"]
        assert [choice.path for choice in kept.chosen] == ["a.txt"] and kept.project == ()

    async def test_before_a_run_it_is_the_persons_files_as_they_are(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track = await cockpit.track(mend("a", files=("a.txt", ".")))
        (cockpit.project / "a.txt").write_text("not committed\n")
        (cockpit.project / "untracked.txt").write_text("")
        found = await preview(cockpit, track, "A")
        assert "not committed" in found.texts[3] and "untracked.txt" in found.texts[4]

    async def test_during_a_run_it_is_the_integration_branch_with_what_dependencies_came_to(
        self, open_cockpit: OpenCockpit
    ) -> None:
        cockpit = await open_cockpit(mends("a"), mends("b"), mode=Mode.ASK)
        run_id = await cockpit.begin(mend("a"), mend("b", "A", files=("a.txt", ".")))
        track = cockpit.the_run(run_id).track_id or ""
        before = await preview(cockpit, track, "B")
        assert ("dependency", "A") not in labels(before) and "wrong" in "".join(before.texts)
        await cockpit.decide(run_id, "spawn", "A", "approve")
        await cockpit.decide(run_id, "edit", "A", "approve")
        await cockpit.pending(run_id, "spawn", "B")
        (cockpit.project / "a.txt").write_text("the person's own\n")
        found = await preview(cockpit, track, "B")
        assert labels(found)[2:] == [("ticket", "B"), ("dependency", "A"), ("file", "a.txt"), ("outline", ".")]
        assert "a is right." in found.texts[3] and "- a.txt" in found.texts[3] and "right" in found.texts[4]
        assert "the person's own" not in "".join(found.texts)
        [waiting] = await cockpit.pending(run_id, "spawn", "B")
        assert "".join(found.texts[2:]) == waiting.payload.prompt  # type: ignore[union-attr]
        await cockpit.call("run.cancel", run_id=run_id)

    async def test_what_would_be_left_out_is_what_the_worker_starts_without(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"), context_tokens={3: 5_000})
        for number in range(300):
            (cockpit.project / f"a_file_with_a_long_name_{number}.txt").write_text("")
        track = await cockpit.track(mend("a", files=("a.txt", ".")))
        git(cockpit.project, "add", "--all")
        git(cockpit.project, "commit", "--quiet", "--message=Many")
        report = (await preview(cockpit, track, "A")).report
        [left_out] = report.would_trim
        assert report.limit_tokens == 5_000 < report.used_tokens and left_out.label == "."
        await cockpit.call("run.wait", run_id=(await cockpit.call("run.start", track_id=track)).run_id)
        sent = cockpit.of("context")[0].report
        assert sent.would_trim == report.would_trim
        assert sent.used_tokens <= report.used_tokens - left_out.tokens + 2, "two estimates, each rounded"

    async def test_no_key_is_needed(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track = await cockpit.track(mend("a"))

        def no_key() -> Any:
            raise ConfigurationError("There is no key.")

        object.__setattr__(cockpit.parts, "provider", lambda _name: no_key())
        report = (await preview(cockpit, track, "A")).report
        assert report.cache.state == "unknown" and not any(part.cached for part in report.parts)

    async def test_what_is_not_there_is_named(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track = await cockpit.track(mend("a"))
        await refused(preview(cockpit, track, "Z"), "has no ticket Z", NotFoundError)
        await refused(preview(cockpit, "t_9", "A"), "There is no track t_9", NotFoundError)


class TestChoices:
    """What the person chooses is kept, and is what goes along from then on."""

    async def test_what_is_chosen_is_what_the_worker_gets(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(mends("a"))
        track = await cockpit.track(mend("a", files=("a.txt", "b.txt")))
        await choose(cockpit, {"path": "c.txt", "pinned": True})
        await choose(
            cockpit,
            {"path": "./b.txt", "form": "excluded"},
            {"path": "shared.txt", "form": "range", "start_line": 2, "end_line": 2, "pinned": True},
            track_id=track,
            ticket_id="A",
        )
        found = await preview(cockpit, track, "A")
        assert [label for _, label in labels(found)[2:]] == ["c.txt", "A", "a.txt", "shared.txt"]
        assert [choice.path for choice in found.chosen] == ["b.txt", "shared.txt"]
        assert [choice.path for choice in found.project] == ["c.txt"]
        await cockpit.call("run.wait", run_id=(await cockpit.call("run.start", track_id=track)).run_id)
        [prompt] = cockpit.prompts(3, "A")
        assert prompt == "".join(found.texts[2:]) and "```\ntwo\n```" in prompt and "File: b.txt" not in prompt
        assert git(cockpit.project, "status", "--porcelain", "--", ".", ":!conductor") == "", "nothing in the project"

    async def test_what_is_excluded_for_the_project_is_named_to_no_planner(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit(proposes_tickets(mend("a")))
        track = await cockpit.track(mend("a"))
        await choose(cockpit, {"path": "c.txt", "form": "excluded"})
        await cockpit.call("track.plan", track_id=track)
        text = cockpit.provider.requests[0].messages[0].blocks[0].text  # type: ignore[union-attr]
        assert "a.txt" in text and "c.txt" not in text

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("nowhere.txt", "There is no nowhere.txt."),
            ("../secret", "outside the folder"),
            ("/etc/passwd", "is not relative"),
            (".git/config", "git's own"),
            ("folder", "is a directory"),
        ],
    )
    async def test_a_path_that_is_no_file_of_the_project_is_refused(
        self, open_cockpit: OpenCockpit, path: str, words: str
    ) -> None:
        cockpit = await open_cockpit()
        (cockpit.project / "folder").mkdir()
        error = await refused(choose(cockpit, {"path": path}), words, InvalidInputError)
        assert "Name a file of the project" in str(error)
        assert not cockpit.parts.context_choices.read().project

    async def test_what_is_left_out_need_not_be_there_yet(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        await choose(cockpit, {"path": "build/made.txt", "form": "excluded"})
        assert cockpit.parts.context_choices.read().project[0].path == "build/made.txt"

    async def test_a_ticket_that_is_none_is_refused(self, open_cockpit: OpenCockpit) -> None:
        cockpit = await open_cockpit()
        track = await cockpit.track(mend("a"))
        await refused(choose(cockpit, track_id=track, ticket_id="Z"), "no ticket Z", NotFoundError)
        await refused(choose(cockpit, track_id=track), "A ticket has a track", InvalidInputError)

    async def test_choices_that_cannot_be_read_block_the_ticket_with_the_file_that_is_to_be_mended(
        self, open_cockpit: OpenCockpit, tmp_path: Path
    ) -> None:
        cockpit = await open_cockpit(mends("a"))
        broken = tmp_path / "context-choices.json"
        broken.write_text("{")
        run = await cockpit.run(mend("a"))
        assert str(broken) in (run.tickets["A"].reason or "") and cockpit.provider.requests == []
        await refused(choose(cockpit, {"path": "a.txt"}), str(broken), StoreError)
        assert broken.read_text() == "{"


class TestAmnesia:
    """A worker starts with its ticket and context alone."""

    async def test_a_first_request_holds_nothing_of_another_workers_stream(self, open_cockpit: OpenCockpit) -> None:
        def says(name: str, attempt: int, content: str) -> dict[str, Any]:
            marks = {"text": f"text-{name}-{attempt}", "thinking": f"thought-{name}-{attempt}"}
            looks = ("run_command", {"command": f"echo output-{name}-{attempt}"})
            wrote = ("write_file", {"path": f"{name}.txt", "content": content})
            done = finish(f"summary-{name}-{attempt}")
            return turn(3, looks, wrote, done, ticket=name.upper(), attempt=attempt, **marks)

        explains = turn(4, ("report_failure", {"cause": "cause-a", "advice": "advice-a"}), text="text-qa")
        cockpit = await open_cockpit(
            says("a", 1, "wrnog\n"),
            says("a", 2, "right\n"),
            explains,
            says("b", 1, "right\n"),
            says("c", 1, "right\n"),
            mode=Mode.AUTO,
            unsandboxed=True,
        )
        run = await cockpit.run(mend("a"), mend("b"), mend("c", "A"))
        assert run.status == "done", run.reason
        said = " ".join(dump_event(event) for event in cockpit.sink.events)
        firsts = {
            (request.caller.ticket, request.caller.attempt): request
            for request in cockpit.provider.requests
            if request.caller.tier == 3 and request.caller.turn == 1
        }
        assert set(firsts) == {("A", 1), ("A", 2), ("B", 1), ("C", 1)}
        assert all(len(request.messages) == 1 for request in firsts.values()), "each starts without a history"
        allowed = {("C", 1): {"summary-a-2"}, ("A", 2): {"cause-a", "advice-a"}}
        marks = {f"{what}-{who}" for what in ("text", "thought", "output", "summary") for who in ("a-1", "a-2", "b-1")}
        for who, request in firsts.items():
            prompt = request.messages[0].blocks[0].text  # type: ignore[union-attr]
            for mark in {*marks, "cause-a", "advice-a", "text-qa"}:
                assert mark in said, "it was there to be leaked"
                assert (mark in prompt) == (mark in allowed.get(who, set())), (who, mark)
            assert [line for line in prompt.splitlines() if line.startswith("Ticket: ")] == [f"Ticket: {who[0]}"]
        [first, again] = cockpit.prompts(3, "A")
        assert again.startswith(first.removesuffix("\n")), "a retry is the same beginning, and why the first one failed"
        assert "exit code 1" in again and "Attempt 1 failed" in again
        assert "- a.txt" in firsts["C", 1].messages[0].blocks[0].text  # type: ignore[union-attr]
