"""The words that each tier starts from: system prompts from resources/, and the first message of each agent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.store.resources import resource_path

__all__ = ["FailedAttempt", "epic_prompt", "qa_prompt", "system_prompt", "ticket_prompt", "track_prompt"]

# At the start of a line, in the widest meaning of a line that a reader may have.
_TICKET_LINE = re.compile(r"(?<![^\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=Ticket: )")
_SHOWN_OUTPUT = 20_000
_SHOWN_DIFF = 40_000


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """What is known of an attempt that came to nothing: how it ended, and the advice for the next one."""

    attempt: int
    what: str
    advice: str = ""


def system_prompt(tier: int) -> str:
    """The tier's system prompt; the same bytes for every agent of the tier."""
    return resource_path("prompts", f"tier{tier}.md").read_text(encoding="utf-8")


def epic_prompt(epic: str, outline: str, tracks: Sequence[Track]) -> str:
    """Tier 1's first message. outline lists the repository's files."""
    existing = "\n".join(f"- {track.title} ({track.status})" for track in tracks) or "none"
    return _sections({"Epic": epic, "Tracks that exist": existing, "Files of the repository": outline})


def track_prompt(track: Track, spec: str, plan: str, outline: str) -> str:
    """Tier 2's first message."""
    return _sections({f"Track: {track.title}": "", "Spec": spec, "Plan": plan, "Files of the repository": outline})


def ticket_prompt(ticket: TicketSpec, files: Mapping[str, str], failed: FailedAttempt | None) -> str:
    """Tier 3's first message: its ticket, the declared files that exist, and why the attempt before failed."""
    sections = {
        "Title": ticket.title,
        "Brief": ticket.brief,
        "Files that you may change": "\n".join(f"- {path}" for path in ticket.files) or "none declared",
        "Verified by": ticket.verify or "nothing: say in your summary how you checked",
    }
    if failed is not None:
        sections[f"Attempt {failed.attempt} failed"] = failed.what
        if failed.advice:
            sections["What QA advises"] = failed.advice
    for path, content in files.items():
        sections[f"File: {path}"] = f"```\n{content}\n```"
    return f"Ticket: {ticket.id}\n\n{_sections(sections)}"


def qa_prompt(ticket: TicketSpec, command: str, output: str, diff: str) -> str:
    """Tier 4's first message: the ticket, the verification that failed, and what the attempt changed."""
    sections = {
        "Title": ticket.title,
        "Brief": ticket.brief,
        "Verification that failed": f"```\n{command}\n```",
        "Its output": f"```\n{_ends(output, _SHOWN_OUTPUT)}\n```",
        "What the attempt changed": f"```diff\n{_ends(diff, _SHOWN_DIFF)}\n```" if diff else "Nothing.",
    }
    return f"Ticket: {ticket.id}\n\n{_sections(sections)}"


def _sections(sections: Mapping[str, str]) -> str:
    """Markdown sections. A line of others that begins with `Ticket: ` is indented: a prompt has but one, its own."""
    parts = [
        f"## {' '.join(heading.split())}\n\n{_TICKET_LINE.sub(' ', body.strip())}".rstrip()
        for heading, body in sections.items()
    ]
    return "\n\n".join(parts) + "\n"


def _ends(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - limit} characters left out …\n{text[-half:]}"
