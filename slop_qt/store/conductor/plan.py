"""plan.md as text: reads every form of phases, tasks and SHAs that is met, and marks tasks in Conductor 0.4's."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from slop_qt.store.conductor.lines import Edit, Line, apply_edits, presentable, read_lines

__all__ = ["SHA", "Plan", "PlanPhase", "PlanTask", "find_tasks", "mark_tasks", "read_plan"]

SHA = re.compile(r"[0-9a-f]{7,64}")

_BULLET = r"[ \t]*(?:[-*+][ \t]+)?(?:[-*+]|\d{1,9}[.)])[ \t]+"
_WORD = r"([^\W\d_][\w-]{0,40})(?:[ \t]*\d[\d.]{0,12})?"  # with a number, perhaps; bounded: lines can be long
_TASK = re.compile(rf"({_BULLET})\[([^\[\]]{{0,20}})\](?=[ \t])[ \t]*(.*)", re.DOTALL)
_UNMARKED = re.compile(rf"{_BULLET}(?:\*\*|__)?{_WORD}[ \t]*[:\uff1a].*", re.DOTALL)
_LABEL = re.compile(rf"{_WORD}[ \t]*[:\uff1a][ \t]*")
_HEADING = re.compile(r"[ \t]{0,3}#{2,6}[ \t]+(.*)", re.DOTALL)
_PHASE = re.compile(r"(?:\[[^\[\]]?\][ \t]*)?(?:\*\*|__)?[^\W\d_]+[ \t]*\d.*", re.DOTALL)
_CHECKPOINT = re.compile(r"\[checkpoint:([^\[\]]*)\]")
_TOKEN = re.compile(
    r"(?:(?P<bare>H)|\(H\)|\[H\]|`H`|\(`H`\)|\[`H`\])(?P<close>\*\*|__)?".replace("H", r"[0-9a-f]{7,64}")
)
_OTHER = re.compile(rf"{_BULLET}|[ \t]*(?:#|>|\||```|~~~|<!--)")
_LINES_OF_A_TASK = 20
_LABELS_OF_TASKS = frozenset({"task", "sub-task", "subtask"})
_SHA_LENGTH = 7


@dataclass(frozen=True, slots=True)
class PlanPhase:
    """A heading that begins a phase; checkpoint is what stands in `[checkpoint: …]`, None where there is none."""

    line: int
    title: str
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class PlanTask:
    """A task or a sub-task as it is written. marker is what stands in the brackets, None where there are none.

    text is all that follows in its line, sha the commit at its end; more is what follows in lines that go on with it.
    The pairs are offsets in the plan: of the marker, and of the SHA with what surrounds it (an empty span where one
    would be written); close is the emphasis that ends after it.
    """

    line: int
    marker: str | None
    text: str
    sha: str | None
    marker_at: tuple[int, int]
    sha_at: tuple[int, int]
    close: str = ""
    is_sub_task: bool = False
    more: str = ""

    @property
    def name(self) -> str:
        """Its words: without label, emphasis and SHA."""
        return _names(self.text_alone)[-1]

    @property
    def text_alone(self) -> str:
        """The text without the SHA at its end."""
        return self.text[: len(self.text) - (self.sha_at[1] - self.sha_at[0])].rstrip() if self.sha else self.text


@dataclass(frozen=True, slots=True)
class Plan:
    """What was found in plan.md, in its order. unmarked are tasks that have no brackets, or nothing in them."""

    phases: tuple[PlanPhase, ...]
    tasks: tuple[PlanTask, ...]
    unmarked: tuple[PlanTask, ...]
    unclosed: Line | None


def read_plan(text: str) -> Plan:
    """Phases, tasks and sub-tasks, in whichever form."""
    lines = read_lines(text)
    tasks = [
        replace(task, more=_continuation(lines.meant, index))
        for index, line in enumerate(lines.meant)
        if (task := _task(line))
    ]
    labels = _LABELS_OF_TASKS | _labels_in_use(tasks)
    unmarked = [_without_brackets(line) for line in lines.meant if _lacks_brackets(line, labels)]
    empty = [task for task in tasks if task.marker == ""]
    return Plan(
        phases=tuple(phase for line in lines.meant if (phase := _phase(line))),
        tasks=tuple(tasks),
        unmarked=tuple(sorted([*unmarked, *empty], key=lambda task: task.line)),
        unclosed=lines.unclosed,
    )


def mark_tasks(text: str, tasks: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """plan.md with these tasks done: `[x]`, and the first seven characters of the commit's SHA at the end of the line.

    tasks maps a task's text, with or without its label, to a SHA; it takes the place of one that is there. Of several
    tasks that are meant equally well, it is the first that is not done, else the first.

    Returns:
        The new text, and the tasks that are not in the plan.
    """
    known = _Known(read_plan(text).tasks)
    edits: dict[int, tuple[Edit, Edit]] = {}
    unknown = []
    for task, sha in tasks.items():
        found = known.take(task)
        if found is None:
            unknown.append(task)
        else:
            edits[found.task.line] = _done(*found, sha[:_SHA_LENGTH])
    return apply_edits(text, [edit for pair in edits.values() for edit in pair]), tuple(unknown)


def find_tasks(text: str, tasks: Iterable[str]) -> dict[str, int]:
    """In which lines these tasks stand, by the same rule; those that are not in the plan are left out."""
    plan = read_plan(text).tasks
    known = _Known(plan)
    found = {task: known.find(task) for task in tasks}
    return {task: plan[match[0]].line for task, match in found.items() if match is not None}


class _Found(NamedTuple):
    """A task that is meant, and whether what looks like the SHA at its end was named as a part of it."""

    task: PlanTask
    keeps_end: bool


class _Known:
    """The tasks of a plan by their names, and which of them were taken."""

    def __init__(self, tasks: Sequence[PlanTask]) -> None:
        self._tasks = tasks
        self._taken: set[int] = set()
        self._named: dict[str, list[tuple[int, int, bool]]] = defaultdict(list)
        for index, task in enumerate(tasks):
            texts = {task.text_alone: False, task.text: task.sha is not None}
            if task.more:
                texts[f"{task.text_alone} {task.more}"] = False
            for text, keeps_end in texts.items():
                for distance, name in enumerate(_names(text)):
                    self._named[name].append((distance, index, keeps_end))

    def find(self, wanted: str) -> tuple[int, bool] | None:
        """The one that is named nearest; of several such, one that is not done, else the first."""
        ranks = [
            (far + near, self._is_done(index), index, keeps_end)
            for far, name in enumerate(_names(_bare(wanted)))
            for near, index, keeps_end in self._named.get(name, ())
        ]
        return min(ranks)[2:] if ranks else None

    def take(self, wanted: str) -> _Found | None:
        """As `find`; the task is done from now on."""
        found = self.find(wanted)
        if found is None:
            return None
        index, keeps_end = found
        self._taken.add(index)
        return _Found(self._tasks[index], keeps_end)

    def _is_done(self, index: int) -> bool:
        return index in self._taken or self._tasks[index].marker in {"x", "X"}


def _done(task: PlanTask, keeps_end: bool, sha: str) -> tuple[Edit, Edit]:
    start, stop = (task.sha_at[1], task.sha_at[1]) if keeps_end else task.sha_at
    written = f" {sha}" if start == stop else f"{sha}{task.close}"
    return Edit(*task.marker_at, "x"), Edit(start, stop, written)


def _task(line: Line) -> PlanTask | None:
    match = _TASK.fullmatch(line.content)
    if match is None:
        return None
    marker, written = match[2], match[3].rstrip()
    if len(marker) > 1 and not _is_labelled(written):
        return None  # - [FR-1] is a reference
    at, end = line.start + match.start(2), line.start + match.start(3) + len(written)
    start, sha, close = _sha_of(written) if marker.strip() else (len(written), None, "")
    return PlanTask(
        line=line.number,
        marker=marker,
        text=written,
        sha=sha,
        marker_at=(at, at + len(marker)),
        sha_at=(end - len(written) + start, end),
        close=close,
        is_sub_task=match[1][0] in " \t",
    )


def _continuation(lines: Sequence[Line], index: int) -> str:
    """What the lines below say that Markdown takes for more of the same paragraph."""
    more = []
    for number, line in enumerate(lines[index + 1 : index + 1 + _LINES_OF_A_TASK], lines[index].number + 1):
        if (
            line.number != number
            or not line.content[:1].isspace()
            or not line.content.strip()
            or _OTHER.match(line.content)
        ):
            break
        more.append(line.content.strip())
    return " ".join(more)


def _is_labelled(written: str) -> bool:
    label = _LABEL.match(_plain(written))
    return label is not None and label[1].lower() in _LABELS_OF_TASKS


def _sha_of(written: str) -> tuple[int, str | None, str]:
    """Where the SHA at the end of a task begins, the SHA, and the emphasis that ends after it."""
    token = written[max(written.rfind(" "), written.rfind("\t")) + 1 :]
    match = _TOKEN.fullmatch(token)
    sha = SHA.search(token)
    rest = _plain(written[: len(written) - len(token)])
    if match is None or sha is None or not rest or _LABEL.fullmatch(rest):
        return len(written), None, ""
    if match["bare"] and sha[0].isalpha():  # a word, like "defaced"
        return len(written), None, ""
    return len(written) - len(token), sha[0], match["close"] or ""


def _phase(line: Line) -> PlanPhase | None:
    heading = _HEADING.fullmatch(line.content)
    if heading is None:
        return None
    checkpoint = _CHECKPOINT.search(heading[1])
    if checkpoint is None and not _PHASE.fullmatch(heading[1]):
        return None
    title = _CHECKPOINT.sub("", heading[1]).strip()
    return PlanPhase(line.number, presentable(title), checkpoint[1].strip() if checkpoint else None)


def _labels_in_use(tasks: Sequence[PlanTask]) -> frozenset[str]:
    """The words that this plan, in whichever language, writes before its tasks; once is no habit."""
    labels = Counter(
        label[1].lower() for task in tasks if not task.is_sub_task and (label := _LABEL.match(_plain(task.text)))
    )
    return frozenset(label for label, count in labels.items() if count > 1)


def _lacks_brackets(line: Line, labels: frozenset[str]) -> bool:
    match = _UNMARKED.fullmatch(line.content)
    return match is not None and match[1].lower() in labels


def _without_brackets(line: Line) -> PlanTask:
    end = line.start + len(line.content)
    text = re.sub(rf"\A{_BULLET}", "", line.content).strip()
    return PlanTask(line.number, None, text, None, (line.start, line.start), (end, end))


def _bare(wanted: str) -> str:
    """A task as somebody names it, who may have copied the whole line."""
    match = _TASK.fullmatch(wanted.strip())
    return match[3] if match else wanted


def _names(text: str) -> tuple[str, ...]:
    """By which a task is known: all its words, and those after its label."""
    words = _plain(text)
    return tuple(dict.fromkeys((words, _LABEL.sub("", words, count=1) if _LABEL.match(words) else words)))


def _plain(text: str) -> str:
    """The words alone: no emphasis, no code marks, one blank between them, composed characters."""
    words = " ".join(unicodedata.normalize("NFC", presentable(text).replace("**", "").replace("`", "")).split())
    return words[2:-2] if words.startswith("__") and words.endswith("__") else words
