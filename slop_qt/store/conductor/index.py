"""index.md as text: the links of a project's or a track's index, by their labels."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from slop_qt.core.errors import InvalidInputError
from slop_qt.store.conductor.lines import presentable, read_lines

__all__ = ["IndexLink", "read_index", "resolve_link", "written_index"]

_LINK = re.compile(r"(?<!!)\[([^\[\]]*)\]\(([^()]*)\)")
_ELSEWHERE = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|//)")


@dataclass(frozen=True, slots=True)
class IndexLink:
    """A link as it is written, with the number of its line."""

    label: str
    target: str
    line: int


def read_index(text: str) -> list[IndexLink]:
    """Every link of an index, in its order."""
    return [
        IndexLink(presentable(match[1]).strip(), presentable(match[2]).strip(), line.number)
        for line in read_lines(text).meant
        for match in _LINK.finditer(line.content)
    ]


def written_index(heading: str, links: Sequence[tuple[str, str]]) -> str:
    """A new index."""
    lines = "".join(f"- [{label}](./{target})\n" for label, target in links)
    return f"# {heading}\n\n{lines}"


def resolve_link(folder: str, target: str, conductor: str) -> str:
    """What a link leads to, relative to the project, from a file in `folder`, which is relative to the project too.

    Earlier Conductors wrote links from the project's top, beginning with `./conductor/`; conductor is that folder.

    Raises:
        InvalidInputError: it leads out of the project, or to another host; the message is the rest of a sentence.
    """
    path = unquote(target.strip().removeprefix("<").removesuffix(">")).partition("#")[0]
    if _ELSEWHERE.match(path):
        raise InvalidInputError(f"the link {target} leads to something that is no file of the project")
    from_top = posixpath.normpath(path).partition("/")[0] == conductor
    reached = posixpath.normpath(posixpath.join("" if from_top else folder, path))
    if posixpath.isabs(reached) or reached.partition("/")[0] == ".." or "\0" in reached:
        raise InvalidInputError(f"the link {target} leads out of the project")
    return reached
