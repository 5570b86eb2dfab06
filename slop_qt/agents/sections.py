"""Markdown sections of a first message: how a part of a prompt is written, and how parts become one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from slop_qt.core.context import PartKind
from slop_qt.core.prompt import Prompt, PromptPart

__all__ = ["both_ends", "fenced", "joined", "section"]

# At the start of a line, in the widest meaning of a line that a reader may have.
_TICKET_LINE = re.compile(r"(?<![^\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=Ticket: )")
_FENCES = re.compile(r"`{3,}")


def section(
    kind: PartKind,
    label: str,
    reason: str,
    sections: Mapping[str, str],
    *,
    opening: str = "",
    again: str = "",
    pinned: bool = False,
) -> PromptPart:
    """A part that is these sections, bodies by headings, after the opening.

    A line of others that begins with `Ticket: ` is indented: a prompt has but one, its own, which an opening has.
    """
    texts = [
        f"## {' '.join(heading.split())}\n\n{_TICKET_LINE.sub(' ', body.strip())}".rstrip()
        for heading, body in sections.items()
    ]
    shown = " ".join(label.split())
    return PromptPart(kind, shown, reason, opening + "\n\n".join(texts), again=again, pinned=pinned)


def joined(parts: Sequence[PromptPart]) -> Prompt:
    """The parts as one message, an empty line between them."""
    last = len(parts) - 1
    ended = (replace(part, text=part.text + ("\n" if at == last else "\n\n")) for at, part in enumerate(parts))
    return Prompt(tuple(ended))


def fenced(text: str, language: str = "") -> str:
    """The text as a code block, with a fence that nothing in it closes."""
    longest = max((len(found) for found in _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def both_ends(text: str, limit: int) -> str:
    """The text; where it is longer than so many characters, its two ends and how much lies between them."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - limit} characters left out …\n{text[-half:]}"
