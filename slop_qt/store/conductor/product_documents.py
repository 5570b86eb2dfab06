"""What Conductor keeps about the product as a whole: the documents that every planning tier should know."""

import codecs
import stat
from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.errors import StoreError
from slop_qt.store.conductor.places import ConductorPlaces

__all__ = ["product_documents"]

_LABELS = ("Product Definition", "Product Guidelines", "Tech Stack", "Workflow")
_MOST_BYTES = 64_000  # of one document, some 16,000 tokens


def product_documents(project: Path) -> Mapping[str, str]:
    """The texts by their labels, in Conductor's order; a document that is not there, or is empty, has none. File work.

    What cannot be read is said in the text's place, and what is left out at the end of it.
    """
    places = ConductorPlaces(project)
    where = places.documents()
    texts = {label: _text(places, where[label]) for label in _LABELS}
    return {label: text for label, text in texts.items() if text.strip()}


def _text(places: ConductorPlaces, name: str) -> str:
    """The beginning of the file, or a sentence in its place; empty where there is no such file."""
    try:
        path = places.inside(name)
        if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO would wait for ever
            return f"({name} is not a regular file.)"
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, StoreError):  # a link out of the project is `check`'s to tell
        return ""
    except OSError as error:
        return f"({name} cannot be read: {error.strerror}.)"
    cut = len(content) > _MOST_BYTES
    try:  # not final where it was cut: that may have gone through a character
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(content[:_MOST_BYTES], final=not cut)
    except UnicodeDecodeError as error:
        return f"({name} is not UTF-8: byte {error.start} cannot be read.)"
    return f"{text.rstrip()}\n\n… {name} goes on: only its beginning is here; read_file has the rest." if cut else text
