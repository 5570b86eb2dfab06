"""A planning answer that did not hold, as what the editors can open: as much of it as has a place there.

Nobody's words are thrown away in silence: what could not be kept is said, and the answer itself stays in the journal.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from slop_qt.core.ticket_checks import field_problems
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackDraft

__all__ = ["drafts_of", "left_out", "tickets_of"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_ID_LENGTH = 64
_LISTS = ("files", "depends_on", "plan_tasks")


def drafts_of(answer: str) -> tuple[TrackDraft, ...]:
    """The tracks of Tier 1's answer, in its order; none where it has none that can be read."""
    return tuple(_Reader(answer).drafts())


def tickets_of(answer: str) -> tuple[TicketSpec, ...]:
    """The tickets of Tier 2's answer, each with an id of its own; together they may still be no graph."""
    return tuple(_Reader(answer).tickets())


def left_out(answer: str, tool: str) -> tuple[str, ...]:
    """A sentence for each thing that `drafts_of` or `tickets_of`, as the tool says, could not keep as it was."""
    reader = _Reader(answer)
    for _ in reader.drafts() if tool == "submit_tracks" else reader.tickets():
        pass
    return tuple(reader.losses)


class _Reader:
    """Reads one answer, and says what it leaves out."""

    def __init__(self, answer: str) -> None:
        self.losses: list[str] = []
        self._answer = answer
        self._taken: set[str] = set()

    def drafts(self) -> Iterator[TrackDraft]:
        for number, entry in self._entries("tracks"):
            title = _text(entry.get("title")).strip() or f"Track {number}"
            self._fields(f"Track {title}", entry, TrackDraft.model_fields)
            texts = {name: _text(entry[name]) for name in ("type", "spec", "plan") if name in entry}
            yield TrackDraft(**{"spec": "", "plan": "", **texts}, title=title)

    def tickets(self) -> Iterator[TicketSpec]:
        entries = [(self._id(number, entry), entry) for number, entry in self._entries("tickets")]
        renamed = {_text(entry.get("id")): ticket_id for ticket_id, entry in reversed(entries)}
        for ticket_id, entry in entries:
            self._fields(f"Ticket {ticket_id}", entry, TicketSpec.model_fields)
            lists = {name: _texts(entry.get(name)) for name in _LISTS}
            yield TicketSpec(
                id=ticket_id,
                title=_text(entry.get("title")).strip() or ticket_id,
                brief=_text(entry.get("brief")),
                files=tuple(path for path in lists["files"] if self._usable(ticket_id, path)),
                depends_on=tuple(renamed.get(needed, needed) for needed in lists["depends_on"]),
                verify=_text(entry.get("verify")) or None,
                plan_tasks=lists["plan_tasks"],
            )

    def _entries(self, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        for number, entry in enumerate(self._listed(name), 1):
            if isinstance(entry, dict):
                yield number, entry
            else:
                self.losses.append(f"Number {number} of the {name} is left out: it is {_text(entry)[:200]!r}.")

    def _listed(self, name: str) -> list[Any]:
        try:
            value = json.loads(self._answer)
        except (ValueError, RecursionError):
            self.losses.append("The answer is not complete: what stands before the first mistake in it is kept.")
            return _before_the_mistake(self._answer, name)
        if isinstance(value, dict):
            value = value.get(name)
        if isinstance(value, list):
            return value
        self.losses.append(f"The answer has no list of {name}.")
        return []

    def _fields(self, whose: str, entry: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.losses += [f"{whose}: its field {name!r} is left out." for name in entry if name not in known]

    def _id(self, number: int, entry: Mapping[str, Any]) -> str:
        given = _text(entry.get("id"))
        plain = _UNSAFE.sub("-", given).strip("-_")[:_ID_LENGTH]
        if not plain or plain == "integration":
            plain = f"T-{number:03}"
        ticket_id, again = plain, 1
        while ticket_id in self._taken:
            again += 1
            ticket_id = f"{plain[: _ID_LENGTH - 5]}-{again}"
        self._taken.add(ticket_id)
        if ticket_id != given:
            self.losses.append(f"Ticket {number} is called {ticket_id} here: its id {given!r} cannot be used.")
        return ticket_id

    def _usable(self, ticket_id: str, path: str) -> bool:
        problems = field_problems({"id": ticket_id, "title": ticket_id, "brief": "", "files": (path,)})
        self.losses += [problem.message for problem in problems]
        return not problems


def _before_the_mistake(answer: str, name: str) -> list[Any]:
    """The entries that are whole in an answer that was cut or is broken further on."""
    opened = re.search(rf'"{name}"\s*:\s*\[', answer) or re.search(r"\[", answer)
    position = opened.end() if opened else len(answer)
    found: list[Any] = []
    decoder = json.JSONDecoder()
    while True:
        while position < len(answer) and answer[position] in " \t\r\n,":
            position += 1
        try:
            value, position = decoder.raw_decode(answer, position)
        except (ValueError, RecursionError):
            return found
        found.append(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()  # half of a surrogate pair has no place in a file


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in map(_text, values) if text)
