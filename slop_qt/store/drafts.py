"""Unsaved edits, kept so that neither a crash nor a quit takes them."""

import hashlib
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from slop_qt.core.errors import StoreError
from slop_qt.core.shape import Shape
from slop_qt.store.files import make_private_folder, read_text, write_atomically

__all__ = ["Draft", "DraftStore"]


class Draft(Shape):
    """What was edited and not saved: its text, and the digest of the file that it was an edit of."""

    track_id: str
    document: str
    text: str
    base_digest: str
    time: AwareDatetime


class DraftStore:
    """One file for each document with unsaved edits, in a folder of this user alone. For helper threads.

    Methods that write raise StoreError where they cannot.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, draft: Draft) -> None:
        """Put it in the place of what was kept of that document; on disk when this returns."""
        try:
            make_private_folder(self._folder)
        except OSError as error:
            raise StoreError(f"{self._folder} could not be created: {error}.", "Check its permissions.") from error
        write_atomically(self._path(draft.track_id, draft.document), draft.model_dump_json())

    def drop(self, track_id: str, document: str) -> None:
        """It was saved, or undone."""
        path = self._path(track_id, document)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} could not be removed: {error}.", "Remove it by hand.") from error

    def find(self, track_id: str, document: str) -> Draft | None:
        """What is kept of that document; None where there is nothing, or nothing that can be read."""
        try:
            draft = Draft.model_validate_json(read_text(self._path(track_id, document)))
        except (FileNotFoundError, StoreError, ValidationError):
            return None
        return draft if (draft.track_id, draft.document) == (track_id, document) else None

    def _path(self, track_id: str, document: str) -> Path:
        name = hashlib.sha256(f"{track_id}\0{document}".encode()).hexdigest()[:24]  # ids are the person's: any text
        return self._folder / f"{name}.json"
