"""What a person wants in the context of agents, kept in the project's data directory: never in the repository."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from slop_qt.core.context_choices import ContextChoices, FileChoice
from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.store.files import read_text, write_atomically

__all__ = ["ContextChoiceStore"]

_MENDING = "Mend the file, or move it away to start without choices."


class ContextChoiceStore:
    """One project's choices in a file, read anew each time. For helper threads; those that write wait for each other.

    A file that has mistakes is never overwritten: it may be mended.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()

    def read(self) -> ContextChoices:
        """All choices; none where there is no file.

        Raises:
            StoreError: the file cannot be read or has mistakes; it names the file and the first mistake.
        """
        try:
            text = read_text(self._path)
        except FileNotFoundError:
            return ContextChoices()
        try:
            return ContextChoices.model_validate_json(text)
        except ValidationError as error:
            raise StoreError(f"{self._path} cannot be used: {_first(error)}.", _MENDING) from error

    def choose(self, choices: Sequence[FileChoice]) -> None:
        """Have these for the whole project; those of single tickets stay.

        Raises:
            InvalidInputError: a path is named twice.
            StoreError: what is there cannot be used, and was left as it is, or the file could not be written.
        """
        with self._writing:
            self._change(lambda before: before.for_project(choices))

    def choose_for(self, track_id: str, ticket_id: str, choices: Sequence[FileChoice]) -> None:
        """Have these for one ticket, instead of those it had. Raises as `choose`."""
        with self._writing:
            self._change(lambda before: before.for_ticket(track_id, ticket_id, choices))

    def _change(self, change: Callable[[ContextChoices], ContextChoices]) -> None:
        before = self.read()
        try:
            changed = change(before)
        except ValidationError as error:
            raise InvalidInputError(f"These choices do not hold: {_first(error)}.") from error
        write_atomically(self._path, changed.model_dump_json(indent=2, exclude_defaults=True) + "\n")


def _first(error: ValidationError) -> str:
    """The first mistake, with the place where it is."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{where}: {what}" if where else what
