"""What Conductor keeps about the product as a whole: the documents that every planning tier should know."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

__all__ = ["product_documents"]

_FOLDER = "conductor"
_INDEX = "index.md"
_DOCUMENTS = {
    "Product Definition": "product.md",
    "Product Guidelines": "product-guidelines.md",
    "Tech Stack": "tech-stack.md",
    "Workflow": "workflow.md",
}
_LINK = re.compile(r"\[([^\[\]\n]+)\]\(\s*<?([^()<>\s]+)>?[^()\n]*\)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MOST_BYTES = 64_000  # of one document, some 16,000 tokens


def product_documents(project: Path) -> Mapping[str, str]:
    """The texts by their labels, in Conductor's order; a document that is not there has none. File work.

    A path that conductor/index.md links by a document's label wins over the default one; a link that leaves the project
    is not followed. What cannot be read is said in the text's place, and what is left out at the end of it.
    """
    root = project.resolve()
    links = _links(root)
    found: dict[str, str] = {}
    for label, name in _DOCUMENTS.items():
        for path in filter(None, (links.get(label.casefold()), _inside(root, root / _FOLDER / name))):
            text = _text(path, path.relative_to(root).as_posix())
            if text is not None:
                found[label] = text
                break
    return found


def _links(root: Path) -> dict[str, Path]:
    """What the index links, by its label without regard to case."""
    index = _inside(root, root / _FOLDER / _INDEX)
    text = (_text(index, _INDEX) if index else None) or ""
    links: dict[str, Path] = {}
    for label, target in _LINK.findall(text):
        path, _, _ = target.partition("#")
        if not path or _SCHEME.match(path):
            continue
        linked = _inside(root, root / _FOLDER / unquote(path))
        if linked is not None:
            links.setdefault(" ".join(label.split()).casefold(), linked)
    return links


def _inside(root: Path, path: Path) -> Path | None:
    """The path with its links resolved; None where it leads out of the project or nowhere."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    return resolved if resolved.is_relative_to(root) else None


def _text(path: Path, name: str) -> str | None:
    """The beginning of the file, or a sentence in its place; None where there is no such file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO would wait for ever
            return f"({name} is not a regular file.)"
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"({name} cannot be read: {error.strerror}.)"
    cut = len(content) > _MOST_BYTES
    try:
        text = content[:_MOST_BYTES].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not cut or error.start < _MOST_BYTES - 3:
            return f"({name} is not UTF-8: byte {error.start} cannot be read.)"
        text = content[: error.start].decode("utf-8-sig")  # the cut went through a character
    if not text.strip():
        return None
    return (
        f"{text.rstrip()}\n\n… {name} goes on: only its beginning is shown here; read_file has the rest."
        if cut
        else text
    )
