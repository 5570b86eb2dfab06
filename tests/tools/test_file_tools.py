"""read_file, list_directory, write_file and edit_file on real files."""

import re
from pathlib import Path

import pytest

from slop_qt.core.approvals import ApprovalKind, EditPayload
from slop_qt.core.errors import InvalidInputError, ToolError
from slop_qt.tools.contract import ToolContext
from slop_qt.tools.files import (
    EditFile,
    EditFileArguments,
    ListDirectory,
    ListDirectoryArguments,
    ReadFile,
    ReadFileArguments,
    WriteFile,
    WriteFileArguments,
)


@pytest.fixture
def file(root: Path) -> Path:
    path = root / "src" / "a.py"
    path.parent.mkdir()
    path.write_text("".join(f"line {number}\n" for number in range(1, 11)))
    return path


async def read(context: ToolContext, path: str = "src/a.py", **lines: int) -> str:
    return (await ReadFile().perform(ReadFileArguments(path=path, **lines), context)).text


async def test_a_whole_file_is_shown_exactly_as_it_is(context, file):
    file.write_bytes("\ufeffé\r\n\tx\x0c\n".encode())
    assert await read(context) == "\ufeffé\r\n\tx\x0c\n"


async def test_lines_are_counted_from_one_and_both_ends_are_included(context, file):
    assert await read(context, start_line=3, end_line=4) == "[lines 3 to 4 of 10]\nline 3\nline 4\n"
    assert await read(context, start_line=10) == "[lines 10 to 10 of 10]\nline 10\n"
    assert await read(context, start_line=9, end_line=99) == "[lines 9 to 10 of 10]\nline 9\nline 10\n"


@pytest.mark.parametrize("lines", [{"start_line": 11}, {"start_line": 5, "end_line": 4}])
async def test_lines_that_are_not_there_are_refused_with_how_many_there_are(context, file, lines):
    with pytest.raises(ToolError, match="10 lines"):
        await read(context, **lines)


async def test_a_long_file_is_cut_and_says_where_to_read_on(context, file):
    file.write_text("0123456789\n" * 20_000)
    text = await read(context)
    assert len(text) < 101_000
    assert "start_line 9091" in text
    assert (await read(context, start_line=9091, end_line=9091)).endswith("\n0123456789\n")


async def test_one_line_of_seven_megabytes_is_cut(context, file):
    file.write_text("x" * 7_000_000)
    text = await read(context)
    assert len(text) < 101_000
    assert "line 1 of 1" in text


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"a\0b", "binary"), (b"caf\xe9\n", "UTF-8"), (b"x" * ((8 << 20) + 1), "8 MiB")],
)
async def test_what_cannot_be_read_as_text_is_said(context, file, data, words):
    file.write_bytes(data)
    with pytest.raises(ToolError, match=words):
        await read(context)


async def test_an_empty_file_is_said_to_be_empty(context, file):
    file.write_bytes(b"")
    assert await read(context) == "[the file is empty]"


async def test_a_listing_shows_what_is_what_to_the_asked_depth(context, root, file):
    (root / ".git").mkdir()
    (root / "link").symlink_to("src")
    listing = (await ListDirectory().perform(ListDirectoryArguments(), context)).text
    assert listing.splitlines() == ["link -> src", "src/"]
    listing = (await ListDirectory().perform(ListDirectoryArguments(depth=2), context)).text
    assert listing.splitlines() == ["link -> src", "src/", "src/a.py"]


async def test_a_long_listing_is_cut_and_says_so(context, root):
    for number in range(1100):
        (root / f"f{number}").touch()
    lines = (await ListDirectory().perform(ListDirectoryArguments(), context)).text.splitlines()
    assert len(lines) == 1001
    assert "cut after 1000" in lines[-1]


async def test_an_empty_directory_is_said_to_be_empty(context):
    assert (await ListDirectory().perform(ListDirectoryArguments(), context)).text == "[the directory is empty]"


async def test_writing_says_first_exactly_what_would_happen(context, root):
    tool, arguments = WriteFile(), WriteFileArguments(path="./src//new.py", content="a\nb\n")
    effect = await tool.effect(arguments, context)
    assert effect.kind is ApprovalKind.EDIT
    assert effect.payload == EditPayload(
        path="src/new.py", diff="--- /dev/null\n+++ b/src/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n", content="a\nb\n"
    )
    assert (effect.editable, effect.subject, effect.outside_scope) == (("content",), "src/new.py", False)
    assert effect.title == "Create src/new.py"
    assert not (root / "src").exists()
    output = await tool.perform(arguments, context, effect)
    assert (root / "src" / "new.py").read_text() == "a\nb\n"
    assert output.text == "Wrote src/new.py: 2 lines."


@pytest.mark.parametrize(
    ("path", "outside"),
    [("src/x.py", False), ("a.py", False), ("b.py", True), ("src2/a.py", True), ("a.py/../c", True)],
)
async def test_a_write_outside_the_declared_files_is_marked(context, path, outside):
    effect = await WriteFile().effect(WriteFileArguments(path=path, content=""), context)
    assert effect.outside_scope is outside


async def test_the_persons_own_content_is_written_exactly(context, file):
    tool = WriteFile()
    arguments = WriteFileArguments(path="src/a.py", content="model's")
    effect = await tool.effect(arguments, context)
    await tool.perform(tool.edited(arguments, {"content": "person's"}), context, effect)
    assert file.read_text() == "person's"


async def test_a_file_that_changed_since_it_was_asked_about_is_not_overwritten(context, file):
    tool, arguments = WriteFile(), WriteFileArguments(path="src/a.py", content="new")
    effect = await tool.effect(arguments, context)
    file.write_text("somebody else's")
    with pytest.raises(ToolError, match="changed since"):
        await tool.perform(arguments, context, effect)
    assert file.read_text() == "somebody else's"


async def test_a_file_that_appeared_since_it_was_asked_about_is_not_overwritten(context, root):
    tool, arguments = WriteFile(), WriteFileArguments(path="new", content="mine")
    effect = await tool.effect(arguments, context)
    (root / "new").write_text("somebody else's")
    with pytest.raises(ToolError, match="changed since"):
        await tool.perform(arguments, context, effect)
    assert (root / "new").read_text() == "somebody else's"


async def test_a_path_that_became_a_link_out_since_it_was_asked_about_is_refused(context, root, file):
    tool, arguments = WriteFile(), WriteFileArguments(path="src/b.py", content="mine")
    effect = await tool.effect(arguments, context)
    outside = root.parent / "outside"
    outside.mkdir()
    file.unlink()
    (root / "src").rmdir()
    (root / "src").symlink_to(outside, target_is_directory=True)
    with pytest.raises(ToolError):
        await tool.perform(arguments, context, effect)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["../x", "/tmp/x", ".git/hooks/post-checkout", "conductor/tracks.md", "src"])
async def test_a_forbidden_place_is_refused_before_anybody_is_asked(context, file, path):
    with pytest.raises(ToolError):
        await WriteFile().effect(WriteFileArguments(path=path, content=""), context)


async def test_an_edit_replaces_one_text_and_shows_it_in_its_surroundings(context, file):
    tool, arguments = EditFile(), EditFileArguments(path="src/a.py", old="line 5\n", new="five\n")
    effect = await tool.effect(arguments, context)
    assert "-line 5\n+five\n" in effect.payload.diff
    assert effect.payload.content == file.read_text().replace("line 5", "five")
    await tool.perform(arguments, context, effect)
    assert file.read_text() == effect.payload.content


@pytest.mark.parametrize(
    ("old", "words"),
    [("line 99", "occurs 0 times.*copy the text exactly"), ("line", "occurs 10 times.*more of the lines"),
     ("line 1", "occurs 2 times")],
)  # fmt: skip
async def test_an_edit_that_matches_nowhere_or_twice_says_what_to_do(context, file, old, words):
    with pytest.raises(ToolError) as caught:
        await EditFile().effect(EditFileArguments(path="src/a.py", old=old, new="x"), context)
    assert re.search(words, str(caught.value))


async def test_overlapping_matches_are_more_than_one(context, file):
    file.write_text("aaa")
    with pytest.raises(ToolError, match="occurs 2 times"):
        await EditFile().effect(EditFileArguments(path="src/a.py", old="aa", new="b"), context)


async def test_an_edit_of_nothing_and_of_a_missing_file_is_refused(context, file):
    with pytest.raises(ToolError, match="same"):
        await EditFile().effect(EditFileArguments(path="src/a.py", old="line 1\n", new="line 1\n"), context)
    with pytest.raises(ToolError, match="write_file"):
        await EditFile().effect(EditFileArguments(path="src/b.py", old="x", new="y"), context)


async def test_windows_line_ends_survive_an_edit(context, file):
    file.write_bytes(b"a\r\nb\r\n")
    await EditFile().perform(EditFileArguments(path="src/a.py", old="b", new="c"), context)
    assert file.read_bytes() == b"a\r\nc\r\n"


async def test_two_edits_of_one_file_that_were_asked_about_together_both_happen(context, file):
    tool = EditFile()
    first = EditFileArguments(path="src/a.py", old="line 2\n", new="two\n")
    second = EditFileArguments(path="src/a.py", old="line 9\n", new="nine\n")
    effects = [await tool.effect(first, context), await tool.effect(second, context)]
    await tool.perform(first, context, effects[0])
    await tool.perform(second, context, effects[1])
    assert "two\n" in file.read_text()
    assert "nine\n" in file.read_text()


async def test_an_edit_whose_place_is_gone_by_then_is_refused(context, file):
    tool, arguments = EditFile(), EditFileArguments(path="src/a.py", old="line 5\n", new="five\n")
    effect = await tool.effect(arguments, context)
    file.write_text("all new\n")
    with pytest.raises(ToolError, match="occurs 0 times"):
        await tool.perform(arguments, context, effect)
    assert file.read_text() == "all new\n"


async def test_the_persons_version_of_an_edit_is_written_exactly_and_only_on_what_they_saw(context, file):
    tool, arguments = EditFile(), EditFileArguments(path="src/a.py", old="line 5\n", new="five\n")
    effect = await tool.effect(arguments, context)
    revised = tool.edited(arguments, {"content": "person's\n"})
    file.write_text("changed")
    with pytest.raises(ToolError, match="changed since"):
        await tool.perform(revised, context, effect)
    effect = await WriteFile().effect(WriteFileArguments(path="src/a.py", content=""), context)
    await tool.perform(revised, context, effect)
    assert file.read_text() == "person's\n"


@pytest.mark.parametrize("edited", [{"contents": "x"}, {"content": 5}])
async def test_a_change_that_cannot_be_used_names_the_field(edited):
    for tool, arguments in (
        (WriteFile(), WriteFileArguments(path="a", content="")),
        (EditFile(), EditFileArguments(path="a", old="x", new="y")),
    ):
        with pytest.raises(InvalidInputError, match=next(iter(edited))):
            tool.edited(arguments, edited)
