"""Which files go along with a ticket: in which form, why, and what is said of those that cannot be shown."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from agent_support import ticket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slop_qt.agents.context.file_text import MOST_READ, read_file_text, text_of
from slop_qt.agents.context.files import ALL_FILES, FilesWanted, gather
from slop_qt.agents.context.worker import room_for_files, worker_prompt
from slop_qt.core.context_choices import ContextChoices, FileChoice
from slop_qt.core.prompt import PromptPart
from slop_qt.tools.confined import Confined, FileBytes


def parts_of(root: Path, *names: str, **wanted: Any):
    """The parts of a ticket's files: those of every ticket first."""
    found = gather(FilesWanted(ticket(files=names), "t", root, **wanted))
    return [*found.shared, *found.own]


def only(parts: list[PromptPart]) -> PromptPart:
    [part] = parts
    return part


def chosen(*choices: FileChoice) -> ContextChoices:
    return ContextChoices(tickets={"t": {"T-001": choices}})


def choice(path: str, form: Any = "full", **fields: Any) -> FileChoice:
    return FileChoice(path=path, form=form, **fields)


class TestDeclared:
    """What a ticket declares."""

    def test_files_are_shown_whole_in_the_tickets_order(self, root: Path) -> None:
        (root / "a.txt").write_text("Ä\r\nb", newline="")
        first, second = parts_of(root, "src/core.py", "./a.txt")
        assert (first.kind, first.label, first.reason) == ("file", "src/core.py", "The ticket declares it.")
        assert first.text == "## File: src/core.py\n\n```\ndef add(a, b):\n    return a - b\n\n```"
        assert second.text == "## File: a.txt\n\n```\nÄ\r\nb\n```"

    def test_a_file_that_is_named_twice_goes_along_once(self, root: Path) -> None:
        assert only(parts_of(root, "src/core.py", "src//core.py", "./src/core.py")).label == "src/core.py"

    @pytest.mark.parametrize("character", ["x", "é", "漢", "👩"])
    def test_a_file_of_many_bytes_is_whole_up_to_the_limit_of_characters(self, root: Path, character: str) -> None:
        (root / "a.txt").write_text(character * 32_000)
        assert character * 32_000 in only(parts_of(root, "a.txt")).text
        (root / "a.txt").write_text("a" + character * 32_000)
        part = only(parts_of(root, "a.txt"))
        assert len(part.text) < 400 and "32,001 characters" in part.text and "read_file a.txt" in part.text
        assert "it is only named" in part.reason

    def test_a_file_of_two_megabytes_is_an_outline_that_says_why(self, root: Path) -> None:
        (root / "big.py").write_text("def one():\n    return '" + "words " * 349_524 + "'\n")
        part = only(parts_of(root, "big.py"))
        assert part.kind == "outline" and "\n   1  def one(): …\n" in part.text and len(part.text) < 400
        assert "2,097,169 characters" in part.reason and "its share is 32,000" in part.reason
        assert part.again == "Read it again with read_file big.py."

    def test_an_outline_that_is_too_long_itself_leaves_the_name(self, root: Path) -> None:
        (root / "big.py").write_text("def f(): ...\n" * 2_500)
        part = only(parts_of(root, "big.py"))
        assert part.kind == "file" and "its outline has 42,500 characters" in part.reason and len(part.text) < 400

    def test_many_files_stay_within_one_prompt(self, root: Path) -> None:
        names = [f"f{n}.txt" for n in range(6)]
        for name in names:
            (root / name).write_text("x" * 30_000)
        texts = [part.text for part in parts_of(root, *names)]
        assert [len(text) > 30_000 for text in texts] == [True] * 3 + [False] * 3
        assert sum(map(len, texts)) < ALL_FILES

    def test_a_small_model_gets_as_much_as_leaves_it_half_of_its_window(self, root: Path) -> None:
        (root / "a.py").write_text("def f(): ...\n" + "# words\n" * 1000)
        assert room_for_files(None) == room_for_files(200_000) == ALL_FILES
        assert (room_for_files(4_096), room_for_files(0)) == (6_144, 0)
        assert only(parts_of(root, "a.py", room=room_for_files(4_096))).kind == "outline"

    def test_a_directory_is_a_list_of_its_files(self, root: Path) -> None:
        paths = ("a.py", "src/core.py", "src/deep/x.py", "srcs/no.py")
        part = only(parts_of(root, "src/", paths=paths))
        assert (part.kind, part.label) == ("outline", "src/")
        assert part.text == "## Files in src/\n\nsrc/core.py\nsrc/deep/x.py"
        assert part.reason == "The ticket declares it: 2 files." and part.again.endswith("list_directory src/.")
        assert "a.py\nsrc/core.py" in only(parts_of(root, "./", paths=paths)).text
        assert "(no files)" in only(parts_of(root, "new/", paths=paths)).text

    def test_twenty_thousand_files_are_counted_and_the_first_of_them_named(self, root: Path) -> None:
        paths = [f"src/f{n:05}.py" for n in range(20_000)]
        part = only(parts_of(root, "src/", paths=paths))
        assert part.reason == "The ticket declares it: 20,000 files, the first 400 by name."
        assert len(part.text.splitlines()) == 403 and "19,600 more: list_directory" in part.text


class TestWhatCannotBeShown:
    """Each such file is a part that says so in a sentence."""

    def test_what_is_not_there(self, root: Path) -> None:
        part = only(parts_of(root, "new.py"))
        assert part.text == "## File: new.py\n\n(There is no new.py.)" and part.reason == "The ticket declares it."

    def test_what_is_binary_or_not_utf_8_names_the_byte(self, root: Path) -> None:
        (root / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
        (root / "old.txt").write_bytes("ä".encode() + "größer".encode("latin-1"))
        picture, old = parts_of(root, "logo.png", "old.txt")
        assert "(logo.png is binary (10 bytes, byte 8 is NUL).)" in picture.text
        assert "(old.txt is not UTF-8: byte 4 (0xf6) cannot be read.)" in old.text

    def test_what_is_too_large_to_be_read_at_all(self, root: Path) -> None:
        with (root / "huge.txt").open("wb") as file:
            file.truncate(MOST_READ + 7)
        assert "has 8,388,615 bytes, more than the 8,388,608" in only(parts_of(root, "huge.txt")).text

    def test_a_pipe_is_not_waited_for_and_a_directory_not_read(self, root: Path) -> None:
        os.mkfifo(root / "pipe")
        pipe, folder, inside = parts_of(root, "pipe", "src", "src/core.py/x")
        assert "a pipe, socket or device" in pipe.text and "src is a directory" in folder.text
        assert "not a directory" in inside.text

    def test_nothing_outside_is_read_through_a_link(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("the key")
        (root / "file-link").symlink_to(tmp_path / "secret")
        (root / "folder-link").symlink_to(tmp_path)
        (root / "upward").symlink_to("../secret")
        (root / "nowhere").symlink_to("gone")
        parts = parts_of(root, "file-link", "folder-link/secret", "upward", "nowhere")
        assert len(parts) == 4 and not any("the key" in part.text for part in parts)
        assert all("outside the folder" in part.text for part in parts[:3]) and "There is no" in parts[3].text

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_what_nobody_may_read(self, root: Path) -> None:
        (root / "locked.txt").touch(0o000)
        assert "Permission denied" in only(parts_of(root, "locked.txt")).text

    def test_a_name_that_is_none(self, root: Path) -> None:
        assert "File name too long" in only(parts_of(root, "x" * 300)).text
        assert "is not a path" in only(parts_of(root, "a\tb")).text

    def test_a_file_that_vanishes_between_its_name_and_its_text(self, root: Path) -> None:
        class Vanishing(Confined):
            def read(self, path: str, limit: int) -> FileBytes:
                (root / path).unlink()
                return super().read(path, limit)

        found = read_file_text(Vanishing(root), "src/core.py")
        assert (found.text, found.problem) == (None, "There is no src/core.py.")

    def test_a_file_that_changed_its_size_while_it_was_read_says_so(self) -> None:
        for size in (9, 2):
            found = text_of("log.txt", FileBytes(b"one\n", size))
            assert found.text == "one\n" and f"4 of now {size} bytes" in found.problem

    def test_a_file_that_is_being_written_is_whole_or_says_that_it_is_not(self, root: Path) -> None:
        path, stop = root / "log.txt", threading.Event()
        path.write_text("")

        def write() -> None:
            with path.open("a") as file:
                while not stop.is_set():
                    file.write("line\n" * 100)
                    file.flush()
                    if file.tell() > 1 << 20:
                        file.truncate(0)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            found = [read_file_text(Confined(root), "log.txt") for _ in range(50)]
        finally:
            stop.set()
            writer.join()
        assert all((one.text is None) == ("NUL" in one.problem) for one in found)
        assert all(set(one.text) <= set("line\n") for one in found if one.text is not None)


class TestChosen:
    """What the person chooses comes before what the ticket declares."""

    def test_an_outline_or_lines_of_a_declared_file(self, root: Path) -> None:
        (root / "a.py").write_text("def one():\n    return 1\n")
        outline = only(parts_of(root, "a.py", choices=chosen(choice("a.py", "outline"))))
        assert (outline.kind, outline.reason) == ("outline", "The ticket declares it, and you chose its outline.")
        assert "## Outline of a.py\n\n```\n   1  def one(): …\n```" in outline.text and "return" not in outline.text
        (root / "a.py").write_text("def one(): ...\n\nx = 1\ny = 2\n")
        lines = choice("a.py", "range", start_line=3, end_line=4)
        part = only(parts_of(root, "a.py", choices=chosen(lines)))
        assert (part.kind, part.reason) == ("range", "The ticket declares it, and you chose these lines.")
        assert part.text == "## File: a.py, lines 3 to 4 of 4\n\n```\nx = 1\ny = 2\n```"

    def test_lines_that_the_file_no_longer_has_are_said(self, root: Path) -> None:
        (root / "a.py").write_text("one\ntwo")
        some = only(parts_of(root, "a.py", choices=chosen(choice("a.py", "range", start_line=2, end_line=9))))
        assert "lines 2 to 2 of 2\n\n```\ntwo\n```\n\n(Lines to 9 were asked for: it has 2 now.)" in some.text
        none = only(parts_of(root, "a.py", choices=chosen(choice("a.py", "range", start_line=5, end_line=9))))
        assert none.text == "## File: a.py\n\n(There are no lines 5 to 9: it has 2 now.)"

    def test_a_language_without_outlines_is_named(self, root: Path) -> None:
        (root / "a.txt").write_text("words")
        part = only(parts_of(root, "a.txt", choices=chosen(choice("a.txt", "outline"))))
        assert part.kind == "file" and "only named: it has no outline." in part.reason
        assert "words" not in part.text and "read_file a.txt" in part.text

    def test_a_pinned_file_goes_along_undeclared_and_however_long_it_is(self, root: Path) -> None:
        (root / "long.txt").write_text("x" * 200_000)
        part = only(parts_of(root, choices=chosen(choice("long.txt", pinned=True))))
        assert part.pinned and "x" * 200_000 in part.text and part.reason == "You pinned it for this ticket."
        both = parts_of(root, "src/core.py", choices=chosen(choice("long.txt", pinned=True)))
        assert [one.label for one in both] == ["src/core.py", "long.txt"]
        assert "return a - b" in both[0].text, "what is pinned takes no other file's share"

    def test_what_is_pinned_for_every_ticket_comes_before_the_ticket(self, root: Path) -> None:
        (root / "RULES.md").write_text("Be kind.")
        (root / "a.py").write_text("a")
        choices = ContextChoices(
            project=(choice("RULES.md", pinned=True), choice("a.py", pinned=True)),
            tickets={"t": {"T-001": (choice("a.py", "excluded"),), "T-002": (choice("RULES.md", "excluded"),)}},
        )
        prompt = worker_prompt(FilesWanted(ticket(), "t", root, choices), [], None)
        assert [part.label for part in prompt.parts][:2] == ["RULES.md", "T-001"]
        assert prompt.parts[0].reason == "You pinned it for every ticket."
        assert "File: a.py" not in prompt.text
        other = worker_prompt(FilesWanted(ticket("T-002"), "t", root, choices), [], None)
        assert [part.label for part in other.parts][:2] == ["a.py", "T-002"] and "Be kind" not in other.text

    def test_a_form_alone_brings_nothing_along_that_is_not_declared(self, root: Path) -> None:
        lines = choice("src/core.py", "range", start_line=1, end_line=1)
        assert parts_of(root, choices=chosen(lines)) == []
        folder, part = parts_of(root, "src/", paths=["src/core.py"], choices=chosen(lines))
        assert folder.label == "src/" and part.text.endswith("lines 1 to 1 of 2\n\n```\ndef add(a, b):\n```")

    def test_an_excluded_file_has_no_part_and_stands_in_no_list(self, root: Path) -> None:
        (root / "link.py").symlink_to("src/core.py")
        excluded = chosen(choice("src/core.py", "excluded"))
        paths = ["src/core.py", "src/other.py"]
        part = only(parts_of(root, "src/", "./src/core.py", "link.py", paths=paths, choices=excluded))
        assert part.text == "## Files in src/\n\nsrc/other.py"


_NAMES = ("a.py", "b.txt", "dir/c.py", "dir/d.py", "link.py")


@st.composite
def choice_lists(draw: st.DrawFn) -> tuple[FileChoice, ...]:
    forms = draw(st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(["full", "outline", "range", "excluded"])))
    found = []
    for path, form in forms.items():
        lines = {"start_line": 1, "end_line": draw(st.integers(1, 4))} if form == "range" else {}
        pinned = form != "excluded" and draw(st.booleans())
        found.append(choice(draw(st.sampled_from(["", "./"])) + path, form, pinned=pinned, **lines))
    return tuple(found)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    project=choice_lists(),
    own=choice_lists(),
    declared=st.lists(st.sampled_from((*_NAMES, "dir/", "./", "none.py")), max_size=5),
    room=st.sampled_from([0, 30, ALL_FILES]),
)
def test_whatever_is_chosen_no_excluded_content_goes_along_and_every_part_has_a_reason(
    tmp_path: Path, project: tuple[FileChoice, ...], own: tuple[FileChoice, ...], declared: list[str], room: int
) -> None:
    if not (tmp_path / "dir").exists():
        (tmp_path / "dir").mkdir()
        for name in _NAMES[:-1]:
            (tmp_path / name).write_text(f"def content_of_{name[-4]}(): ...\n")
        (tmp_path / "link.py").symlink_to("a.py")
    choices = ContextChoices(project=project, tickets={"t": {"T-001": own}})
    work = ticket(files=tuple(dict.fromkeys(declared)))
    prompt = worker_prompt(FilesWanted(work, "t", tmp_path, choices, _NAMES, room), [], None)
    assert prompt.text == "".join(part.text for part in prompt.parts)
    assert all(part.reason.endswith(".") for part in prompt.parts)
    labels = [part.label for part in prompt.parts]
    assert len(labels) == len(set(labels))
    merged = {one.path.removeprefix("./"): one for one in (*project, *own)}
    excluded = {path for path, one in merged.items() if one.form == "excluded"}
    if excluded & {"a.py", "link.py"}:  # two names of one file
        excluded |= {"a.py", "link.py"}
    for path, one in merged.items():
        assert (path in labels) <= (path not in excluded)
        assert (path in labels) >= (one.pinned and path not in excluded)
        assert path not in excluded - {"link.py"} or f"content_of_{path[-4]}" not in prompt.text
