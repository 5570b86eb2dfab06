"""What is wrong in the files of one track."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slop_qt.core.ticket_checks import TicketProblem, field_problems, graph_problems
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackStatus
from slop_qt.store.conductor.findings import ConductorFinding, FileReader, Severity
from slop_qt.store.conductor.json_text import LineNumbers, json_value, spans
from slop_qt.store.conductor.places import TICKETS, ConductorPlaces, TrackPlace
from slop_qt.store.conductor.plan import SHA, Plan, find_tasks, read_plan
from slop_qt.store.conductor.registry import MARKERS
from slop_qt.store.conductor.tickets import TICKETS_VERSION

__all__ = ["CheckedTrack", "check_track"]

Commits = list[tuple[str, ConductorFinding]]

# What metadata.json may say where tracks.md says this. For cancelled, tracks.md has no marker.
_AGREEING = {
    TrackStatus.NEW: ("new", "cancelled"),
    TrackStatus.IN_PROGRESS: ("in_progress",),
    TrackStatus.DONE: ("completed", "cancelled"),
    TrackStatus.BLOCKED: ("in_progress", "new", "cancelled"),
}
_STATUS_WORDS = ("new", "in_progress", "completed", "cancelled")


@dataclass(frozen=True, slots=True)
class CheckedTrack:
    """A track as tracks.md has it; status is None where its marker is not known."""

    place: TrackPlace
    status: TrackStatus | None


def check_track(
    places: ConductorPlaces, files: FileReader, track: CheckedTrack
) -> tuple[list[ConductorFinding], Commits]:
    """What is wrong, and what would be wrong with each commit that is named, if it is in no history."""
    folder, track_id = track.place.folder, track.place.id
    findings: list[ConductorFinding] = []
    paths = places.files_of(folder)
    for label in ("Specification", "Implementation Plan"):
        path = paths[label]
        if files.read(path, track_id) is None and not (places.project / path).exists():
            findings.append(ConductorFinding(path, 1, f"it is not there: the track has no {label.lower()}", track_id))
    plan_path = paths["Implementation Plan"]
    plan = files.read(plan_path, track_id)
    commits: Commits = []
    if plan is not None:
        read = read_plan(plan)
        findings += (ConductorFinding(plan_path, line, what, track_id) for line, what in _plan(read))
        commits = [(sha, ConductorFinding(plan_path, line, what, track_id)) for line, sha, what in _commits(read)]
    metadata_path = paths["Metadata"]
    metadata = files.read(metadata_path, track_id)
    if metadata is not None:
        findings += (ConductorFinding(metadata_path, line, what, track_id) for line, what in _metadata(metadata, track))
    tickets_path = f"{folder}/{TICKETS}"
    tickets = files.read(tickets_path, track_id)
    if tickets is not None:
        findings += _Tickets(tickets, tickets_path, track_id).findings(plan)
    return findings, commits


def _plan(plan: Plan) -> Iterator[tuple[int, str]]:
    if plan.unclosed is not None:
        yield plan.unclosed.number, "the code block or comment never ends"
    for task in plan.tasks:
        if task.marker and task.marker not in MARKERS:
            yield task.line, f"the marker [{task.marker}] is not known: [ ], [~], [x] and [b] are"
    for task in plan.unmarked:
        yield task.line, f"the task {task.name!r} has no marker"


def _commits(plan: Plan) -> Iterator[tuple[int, str, str]]:
    for phase in plan.phases:
        if phase.checkpoint and SHA.fullmatch(phase.checkpoint):
            yield phase.line, phase.checkpoint, f"the checkpoint {phase.checkpoint} is no commit of this history"
    for task in plan.tasks:
        if task.sha is not None:
            yield task.line, task.sha, f"{task.sha} is no commit of this history"


def _metadata(text: str, track: CheckedTrack) -> Iterator[tuple[int, str]]:
    try:
        metadata = json_value(text)
    except ValueError as error:
        yield getattr(error, "lineno", 1), f"it is not JSON: {getattr(error, 'msg', error)}"
        return
    if not isinstance(metadata, dict):
        yield 1, "it is not a JSON object"
        return
    numbers = LineNumbers(text)
    lines = {span.path[0]: numbers.at(span.start) for span in spans(text, depth=1)}
    status, track_id = metadata.get("status"), metadata.get("track_id", track.place.id)
    if status is not None and status not in _STATUS_WORDS:
        yield lines["status"], f"the status {status!r} is not known: {', '.join(_STATUS_WORDS)} are"
    elif status is not None and track.status is not None and status not in _AGREEING[track.status]:
        yield lines["status"], f"the status {status!r} disagrees with tracks.md, which says {track.status}"
    if track_id != track.place.id:
        yield lines["track_id"], f"the track_id {track_id!r} is not the name of the folder"


class _Tickets:
    """tickets.json, whether it can be used or not."""

    def __init__(self, text: str, path: str, track_id: str) -> None:
        self._text = text
        self._path = path
        self._track_id = track_id
        self._lines: dict[tuple[str | int, ...], int] = {}

    def findings(self, plan: str | None) -> Iterator[ConductorFinding]:
        """What is wrong with them; plan is the text of the plan whose tasks they name."""
        try:
            content = json_value(self._text)
        except ValueError as error:
            yield self._finding(getattr(error, "lineno", 1), f"it is not JSON: {getattr(error, 'msg', error)}")
            return
        tickets = content.get("tickets") if isinstance(content, dict) else None
        if not isinstance(content, dict) or not isinstance(tickets, list):
            yield self._finding(1, "it is not an object with a version and a list of tickets")
            return
        numbers = LineNumbers(self._text)
        self._lines = {span.path: numbers.at(span.start) for span in spans(self._text, depth=4)}
        if content.get("version") != TICKETS_VERSION:
            yield self._finding(self._line("version"), f"its version is not {TICKETS_VERSION}: it cannot be used")
        for name in content.keys() - {"version", "tickets"}:
            yield self._finding(self._line(name), f"{name} is not a field of it")
        specs: dict[int, TicketSpec] = {}
        for index, fields in enumerate(tickets):
            problems = [*_field_problems(fields)]
            yield from (self._problem(index, problem) for problem in problems)
            if not problems:
                specs[index] = TicketSpec.model_validate(fields)
        first = {spec.id: index for index, spec in reversed(specs.items())}
        for problem in graph_problems(tuple(specs.values())):
            yield self._problem(first[problem.ticket_id], problem)
        yield from self._plan_tasks(specs, plan or "")

    def _plan_tasks(self, specs: Mapping[int, TicketSpec], plan: str) -> Iterator[ConductorFinding]:
        known = find_tasks(plan, {task for spec in specs.values() for task in spec.plan_tasks})
        for index, spec in specs.items():
            for number, task in enumerate(spec.plan_tasks):
                if task not in known:
                    line = self._line("tickets", index, "plan_tasks", number)
                    yield self._finding(line, f"Ticket {spec.id} covers {task!r}, which is no task of the plan.")

    def _problem(self, index: int, problem: TicketProblem) -> ConductorFinding:
        line = self._line("tickets", index, problem.field)
        severity: Severity = "problem" if problem.severity == "error" else "note"
        return ConductorFinding(self._path, line, problem.message, self._track_id, severity)

    def _line(self, *path: str | int) -> int:
        """Where that value stands, or the nearest that leads to it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _finding(self, line: int, what: str) -> ConductorFinding:
        return ConductorFinding(self._path, line, what, self._track_id)


def _field_problems(fields: Any) -> tuple[TicketProblem, ...]:
    if isinstance(fields, Mapping):
        return field_problems(fields)
    return (TicketProblem("", "", "it is not an object"),)
