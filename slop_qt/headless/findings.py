"""What `slop-qt doctor` has found, and how it stands on a terminal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO

from slop_qt.headless.words import one_line

__all__ = ["Finding", "Group", "Standing", "ending", "lines_of", "signs_for"]

# problem: slop_qt cannot do its work like that; note: worth knowing, or missing where nobody has asked for it.
Standing = Literal["ok", "note", "problem"]

_WIDTH = max(len(standing) for standing in ("ok", "note", "problem"))
_SIGNS = {"ok": "✓", "note": "!", "problem": "✗", "todo": "→"}
_PLAIN_SIGNS = {"ok": "+", "note": "!", "problem": "x", "todo": "->"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: a sentence, and what to do about it where it is a gap."""

    standing: Standing
    sentence: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing in it has to be mended first."""
        return all(finding.standing != "problem" for finding in self.findings)


def signs_for(stream: TextIO | None) -> Mapping[str, str]:
    """The signs that this stream's encoding has."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        "".join(_SIGNS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_SIGNS
    return _SIGNS


def lines_of(group: Group, signs: Mapping[str, str]) -> Iterator[str]:
    """The group as lines; what to do stands below what it is for."""
    yield group.title
    for finding in group.findings:
        yield f"  {signs[finding.standing]} {finding.standing:<{_WIDTH}} {one_line(finding.sentence)}"
        if finding.todo:
            yield f"    {'':<{_WIDTH}} {signs['todo']} {one_line(finding.todo)}"
    yield ""


def ending(healthy: bool) -> str:
    """The last sentence: whether one can begin."""
    if healthy:
        return "Every tier can be asked."
    return "Not ready: each problem above has to be mended first."
