"""Which files go along with a ticket, and in which form: what it declares, and what the person has chosen.

A declared file goes in full. One that is too long for its share goes as an outline, and where there is none, or that is
too long too, it is named with how to read it. The person's choices come before that: a pinned file goes along although
no ticket declares it, in the form that was chosen, and takes nobody's share; an excluded one has no part, and stands in
no list. A declared directory is a list of its files; a file in it goes along where a form was chosen for it.

Whatever a file turns out to be, it has a part that says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slop_qt.agents.context.file_text import FileText, read_file_text
from slop_qt.agents.context.listing import directory_part, files_beneath, plain_path
from slop_qt.agents.sections import fenced, section
from slop_qt.core.context import PartKind
from slop_qt.core.context_choices import ContextChoices, FileChoice
from slop_qt.core.errors import ToolError
from slop_qt.core.prompt import PromptPart
from slop_qt.core.tickets import TicketSpec, declares
from slop_qt.tools.confined import Confined
from slop_qt.tools.outline import outline_of

__all__ = ["ALL_FILES", "FilesWanted", "TicketFiles", "excluded_places", "gather"]

# Characters of all files that are not pinned, and of one of them.
ALL_FILES = 96_000
_ONE_FILE = 32_000


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Which files are asked for, of which tree.

    paths are the files of the repository, relative to root and with `/`, where the ticket declares a directory. room is
    how many characters the files that are not pinned may have.
    """

    ticket: TicketSpec
    track_id: str
    root: Path
    choices: ContextChoices = field(default_factory=ContextChoices)
    paths: Sequence[str] = ()
    room: int = ALL_FILES

    def chosen(self) -> dict[str, FileChoice]:
        """The person's choices for the ticket, its own before those of the project, by path."""
        choices = self.choices.of_ticket(self.track_id, self.ticket.id)
        return {plain_path(choice.path): choice for choice in choices}


@dataclass(frozen=True, slots=True)
class TicketFiles:
    """The parts: shared are those that every ticket of the project has, own the others, in their order."""

    shared: tuple[PromptPart, ...]
    own: tuple[PromptPart, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One file that goes along, and why: reason is a sentence without its full stop."""

    path: str
    choice: FileChoice
    reason: str


def gather(wanted: FilesWanted) -> TicketFiles:
    """Read the files and make parts of them. Blocking: for the helper pool. Raises nothing for what a file is."""
    return _Gathering(wanted).parts()


def excluded_places(wanted: FilesWanted) -> frozenset[str]:
    """The paths that are excluded, and what they lead to where they are links."""
    confined = Confined(wanted.root)
    excluded = [path for path, choice in wanted.chosen().items() if choice.form == "excluded"]
    return frozenset(excluded) | {_place(confined, path) for path in excluded}


class _Gathering:
    """One ticket's files. Lives in the thread that made it."""

    def __init__(self, wanted: FilesWanted) -> None:
        self._wanted = wanted
        self._confined = Confined(wanted.root)
        self._choices = wanted.chosen()
        self._excluded = excluded_places(wanted)
        self._room = wanted.room

    def parts(self) -> TicketFiles:
        """All of them, each file once."""
        everywhere = self._pinned_everywhere()
        shared = [part for path in everywhere for part in self._file(self._pinned(path, "for every ticket"))]
        own: list[PromptPart] = []
        seen = set(everywhere)
        for name in self._wanted.ticket.files:
            path = plain_path(name)
            if path in seen or path in self._excluded:
                continue
            seen.add(path)
            if name.endswith("/") or path == ".":
                own.append(directory_part(name, files_beneath(name, self._wanted.paths, self._excluded)))
            else:
                own += self._file(self._declared(path))
        for path, choice in self._choices.items():
            if path in seen or choice.form == "excluded":
                continue
            if choice.pinned:
                own += self._file(self._pinned(path, "for this ticket"))
            elif declares(self._wanted.ticket, path):
                own += self._file(self._declared(path))
        return TicketFiles(tuple(shared), tuple(own))

    def _pinned_everywhere(self) -> list[str]:
        """What is pinned for the whole project, and not chosen otherwise for this ticket."""
        paths = [plain_path(choice.path) for choice in self._wanted.choices.project if choice.pinned]
        own = self._wanted.choices.tickets.get(self._wanted.track_id, {}).get(self._wanted.ticket.id, ())
        changed = {plain_path(choice.path) for choice in own}
        return [path for path in dict.fromkeys(paths) if path not in changed and path not in self._excluded]

    def _declared(self, path: str) -> _Wanted:
        choice = self._choices.get(path, FileChoice(path=path))
        if choice.pinned:
            return _Wanted(path, choice, "The ticket declares it, and you pinned it")
        chosen = {"outline": ", and you chose its outline", "range": ", and you chose these lines"}
        return _Wanted(path, choice, f"The ticket declares it{chosen.get(choice.form, '')}")

    def _pinned(self, path: str, where: str) -> _Wanted:
        choice = self._choices[path]
        form = {"outline": ", as an outline", "range": ", these lines of it"}.get(choice.form, "")
        return _Wanted(path, choice, f"You pinned it {where}{form}")

    def _file(self, wanted: _Wanted) -> Iterator[PromptPart]:
        """The file's part; none where it leads to what is excluded."""
        if _place(self._confined, wanted.path) in self._excluded:
            return
        found = read_file_text(self._confined, wanted.path)
        form = wanted.choice.form
        if found.text is None:
            yield _part(wanted, "file", {f"File: {wanted.path}": f"({found.problem})"})
        elif form == "outline":
            yield self._outlined(wanted, found, found.text)
        elif form == "range":
            yield self._range(wanted, found, found.text)
        else:
            yield self._whole(wanted, found, found.text)

    def _whole(self, wanted: _Wanted, found: FileText, text: str) -> PromptPart:
        if not self._take(wanted, len(text)):
            too_long = f"it has {len(text):,} characters, and its share is {self._share():,}"
            return self._outlined(wanted, found, text, too_long)
        return _part(wanted, "file", {f"File: {wanted.path}": _noted(fenced(text), found)})

    def _range(self, wanted: _Wanted, found: FileText, text: str) -> PromptPart:
        first, last = wanted.choice.start_line or 1, wanted.choice.end_line or 1
        lines = text.split("\n")
        total = len(lines) - (lines[-1] == "")
        shown = "\n".join(lines[first - 1 : min(last, total)])
        if not self._take(wanted, len(shown)):
            return _named(wanted, f"these lines have {len(shown):,} characters, and its share is {self._share():,}")
        heading = f"File: {wanted.path}, lines {first:,} to {min(last, total):,} of {total:,}"
        body = _noted(fenced(shown), found)
        if first > total:
            heading, body = f"File: {wanted.path}", f"(There are no lines {first:,} to {last:,}: it has {total:,} now.)"
        elif last > total:
            body += f"\n\n(Lines to {last:,} were asked for: it has {total:,} now.)"
        return _part(wanted, "range", {heading: body})

    def _outlined(self, wanted: _Wanted, found: FileText, text: str, too_long: str = "") -> PromptPart:
        """An outline, because it was chosen or, as too_long says, because the whole is too long."""
        outline = outline_of(wanted.path, text)
        if outline is None:
            missing = "it has no outline"
            return _named(wanted, f"{too_long}, and {missing}" if too_long else missing)
        if not self._take(wanted, len(outline)):
            longer = f"its outline has {len(outline):,} characters, and its share is {self._share():,}"
            return _named(wanted, f"{too_long}; {longer}" if too_long else longer)
        because = f"; it is an outline, since {too_long}" if too_long else ""
        told = f"{_noted(fenced(outline.rstrip()), found)}\n\n(Only an outline: read_file {wanted.path} has the rest.)"
        return section(
            "outline",
            wanted.path,
            f"{wanted.reason}{because}.",
            {f"Outline of {wanted.path}": told},
            again=f"Read it again with read_file {wanted.path}.",
            pinned=wanted.choice.pinned,
        )

    def _share(self) -> int:
        return min(_ONE_FILE, self._room)

    def _take(self, wanted: _Wanted, characters: int) -> bool:
        """Whether there is room for so many characters, which are taken then."""
        if wanted.choice.pinned:
            return True
        if characters > self._share():
            return False
        self._room -= characters
        return True


def _part(wanted: _Wanted, kind: PartKind, sections: Mapping[str, str]) -> PromptPart:
    return section(kind, wanted.path, f"{wanted.reason}.", sections, pinned=wanted.choice.pinned)


def _named(wanted: _Wanted, why: str) -> PromptPart:
    """The file's name, and how to read it."""
    body = f"(Not shown: {why}. Read the parts that you need with read_file {wanted.path}.)"
    reason = f"{wanted.reason}; it is only named: {why}."
    return section("file", wanted.path, reason, {f"File: {wanted.path}": body}, pinned=wanted.choice.pinned)


def _noted(body: str, found: FileText) -> str:
    return f"{body}\n\n({found.problem})" if found.problem else body


def _place(confined: Confined, path: str) -> str:
    """Where the path leads to, without links; the path itself where that cannot be said."""
    try:
        return confined.resolve(path)
    except ToolError:
        return path
