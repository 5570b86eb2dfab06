"""Whatever a file of conductor/ has: reading keeps each byte, and a change touches those that mean it and no other."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.core.tracks import TrackStatus
from slop_qt.store.conductor.documents import edited
from slop_qt.store.conductor.lines import as_bytes, as_text, read_lines, split_lines
from slop_qt.store.conductor.plan import find_tasks, mark_tasks, read_plan
from slop_qt.store.conductor.registry import MARKERS, append_track, read_registry, set_marker

SHA = "fedcba9876543210"
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
MARKER = st.sampled_from(["", " ", "~", "x", "X", "b", "?", "WIP"])
WORDS = st.sampled_from(
    [
        "Store it",
        "Größe messen",
        "编写模型",
        "a **bold** word",
        "Run `make`",
        "issue 1234567",
        "x",
        "defaced [1]",
        "a_b",
    ]
)
LABEL = st.sampled_from(
    ["Task: ", "**Task 1: ", "Task 2: ", "**Task 1.1:** ", "Aufgabe: ", "任务\uff1a", "", "Sub-task: "]
)
TAIL = st.sampled_from(["", " 89ffc7b", " (89ffc7b)", " [89ffc7b]", " `89ffc7b`", "  ", "\t", " 89ffc7b0123  ", "\x0c"])
BULLET = st.sampled_from(["- ", "    - ", "  - ", "\t* ", "+ ", "1. ", "*   - "])
LINK = st.sampled_from(["*Link: [x](./tracks/a_1/)*", "      _Link: [x](./conductor/tracks/a_1/)_ more", "prose", ""])
NOISE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"# Tracks", b"---", b"```", b"~~~ md", b"<!-- x", b"-->", b"\xef\xbb\xbf", b"\xff\xfe", b""]),
)


@st.composite
def task_line(draw: st.DrawFn) -> bytes:
    label = draw(LABEL)
    close = "**" if label.count("**") == 1 else ""
    return f"{draw(BULLET)}[{draw(MARKER)}] {label}{draw(WORDS)}{close}{draw(TAIL)}".encode()


@st.composite
def track_line(draw: st.DrawFn) -> bytes:
    form = draw(st.sampled_from(["- [{m}] **Track: {t}**", "## [{m}] Track: {t}", "  * [{m}] __Track 3: {t}__ more"]))
    return str(form).format(m=draw(MARKER), t=draw(WORDS)).encode()


@st.composite
def file_of(draw: st.DrawFn, line: st.SearchStrategy[bytes]) -> bytes:
    """Lines that mean something among others, with any line ends, the last one perhaps without."""
    lines = draw(st.lists(st.one_of(line, LINK.map(str.encode), NOISE), max_size=12))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    return mark + b"".join(each + draw(ENDS) for each in lines) + draw(st.one_of(st.just(b""), line))


@settings(deadline=None)
@given(st.binary())
def test_every_content_comes_back_as_it_was(content: bytes) -> None:
    text = as_text(content)
    assert as_bytes(text) == content
    assert "".join(split_lines(text)) == text
    lines = read_lines(text).meant
    assert all(text[line.start :].startswith(line.content) for line in lines)
    assert all(first.number < second.number for first, second in pairwise(lines))
    read_registry(text), read_plan(text)


@settings(deadline=None)
@given(file_of(track_line()), st.sampled_from(TrackStatus))
def test_a_status_touches_the_marker_alone(content: bytes, status: TrackStatus) -> None:
    text = as_text(content)
    for index, entry in enumerate(read_registry(text)):
        start, stop = (len(as_bytes(text[:at])) for at in entry.marker_at)
        changed = as_bytes(set_marker(text, entry, status))
        assert changed[:start] == content[:start] and changed[start + 1 :] == content[stop:]
        again = read_registry(as_text(changed))[index]
        assert (again.status, again.title, again.link, again.line) == (status, entry.title, entry.link, entry.line)
        assert again.marker in MARKERS


@settings(deadline=None)
@given(file_of(track_line()), WORDS)
def test_a_new_track_leaves_what_is_there(content: bytes, title: str) -> None:
    before = as_text(content)
    after = append_track(before, "./tracks/new_1/", title)
    assert as_bytes(after).startswith(content)
    assert len(read_registry(after)) == len(read_registry(before)) + 1 or read_lines(before).unclosed is not None


@settings(deadline=None)
@given(file_of(task_line()), st.data())
def test_marking_tasks_touches_their_markers_and_shas_alone(content: bytes, data: st.DataObject) -> None:
    text = as_text(content)
    tasks = read_plan(text).tasks
    chosen = data.draw(st.lists(st.sampled_from(tasks), max_size=4)) if tasks else []
    names = {task.name: SHA for task in chosen} | {"nothing of the kind": SHA}
    changed, unknown = mark_tasks(text, names)
    assert unknown == ("nothing of the kind",)
    lines = {line for name in names if (line := find_tasks(text, [name]).get(name))}
    old, new = split_lines(text), split_lines(changed)
    assert len(old) == len(new)
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        if number not in lines:
            assert before == after
    after = {task.line: task for task in read_plan(changed).tasks}
    assert after.keys() == {task.line for task in tasks}
    for task in tasks:
        if task.line in lines:
            now = after[task.line]
            assert (now.marker, now.sha) == ("x", SHA[:7])
            assert (
                old[task.line - 1][: task.marker_at[0] - start_of(old, task.line)]
                == (new[task.line - 1][: now.marker_at[0] - start_of(new, task.line)])
            )
            assert blanks_at_end(old[task.line - 1]) == blanks_at_end(new[task.line - 1])


def start_of(lines: list[str], number: int) -> int:
    return sum(len(line) for line in lines[: number - 1])


def blanks_at_end(line: str) -> str:
    return line[len(line.rstrip()) :]


def test_a_new_line_after_a_lone_carriage_return_does_not_become_one_with_it() -> None:
    assert edited(b"\n\r", "\n\n\nNEW") == b"\n\r\rNEW"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(alphabet="ab \x0cß", max_size=5), ENDS)), st.booleans(), st.booleans(), st.data())
def test_an_editor_changes_the_lines_that_it_changed(
    lines: list[tuple[str, bytes]], has_mark: bool, has_end: bool, data: st.DataObject
) -> None:
    mark = b"\xef\xbb\xbf" if has_mark else b""
    content = mark + b"".join(line.encode() + end for line, end in lines) + (b"" if has_end else b"last")
    shown = content.removeprefix(mark).decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert edited(content, "\n".join(shown)) == content
    at = data.draw(st.integers(0, len(shown)))
    inserted = "\n".join([*shown[:at], "NEW", *shown[at:]])
    result = edited(content, inserted)
    assert result.startswith(mark)
    assert result.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n") == inserted
    if 0 < at < len(shown):
        kept = split_lines(content.removeprefix(mark).decode())
        assert split_lines(result.removeprefix(mark).decode())[: at - 1] == kept[: at - 1]
