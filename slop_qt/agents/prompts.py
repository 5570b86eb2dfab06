"""The first message of each agent; its system prompt comes from `store.system_prompts`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slop_qt.core.tickets import Ticket, TicketSpec
from slop_qt.core.tracks import Track

__all__ = [
    "AttemptStory",
    "FailedAttempt",
    "PlanningMaterial",
    "Revision",
    "TicketStory",
    "epic_prompt",
    "qa_prompt",
    "revision_prompt",
    "ticket_prompt",
    "track_prompt",
]

# At the start of a line, in the widest meaning of a line that a reader may have.
_TICKET_LINE = re.compile(r"(?<![^\n\r\v\f\x1c-\x1e\x85\u2028\u2029])(?=Ticket: )")
_SHOWN_OUTPUT = 20_000
_SHOWN_DIFF = 40_000
_SHOWN_SPEC = 200_000
_SHOWN_REPORT = 4_000


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """What is known of an attempt that came to nothing: how it ended, and the advice for the next one."""

    attempt: int
    what: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class PlanningMaterial:
    """What a planning tier is told of the project: Conductor's documents by label, and the repository's files."""

    documents: Mapping[str, str]
    outline: str


@dataclass(frozen=True, slots=True)
class AttemptStory:
    """What an attempt left behind: the worker's summary, and QA's report on its verification. Empty is not known."""

    attempt: int
    summary: str = ""
    cause: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class TicketStory:
    """A ticket as it is planned, where it stands, and what its attempts have shown."""

    ticket: Ticket
    fixed: bool
    attempts: tuple[AttemptStory, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Revision:
    """What a revision goes by: the tickets, the diff that the run has merged (empty for none), the person's wish."""

    stories: tuple[TicketStory, ...]
    merged: str = ""
    wish: str = ""


def epic_prompt(epic: str, material: PlanningMaterial, tracks: Sequence[Track]) -> str:
    """Tier 1's first message."""
    existing = "\n".join(f"- {track.title} ({track.status})" for track in tracks) or "none"
    return _sections({"Epic": epic, "Tracks that exist": existing} | _material(material))


def track_prompt(track: Track, spec: str, plan: str, material: PlanningMaterial) -> str:
    """Tier 2's first message."""
    return _sections(_track(track, spec, plan) | _material(material))


def revision_prompt(track: Track, spec: str, plan: str, material: PlanningMaterial, revision: Revision) -> str:
    """Tier 2's first message where there are tickets, and a run may have shown something about them."""
    sections = _track(track, spec, plan)
    for story in revision.stories:
        where = "has started or ended: hand it in unchanged" if story.fixed else "has not started: it may change or go"
        sections[f"{story.ticket.id}, which {where}"] = _story(story)
    if revision.merged:
        sections["What the run has merged, which is not in the files that you can read"] = (
            f"```diff\n{_ends(revision.merged, _SHOWN_DIFF)}\n```"
        )
    wanted = revision.wish.strip() or "Nothing in particular: make the rest of the tickets fit what has been learnt."
    return _sections(sections | {"What the person wants revised": wanted} | _material(material))


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


def _track(track: Track, spec: str, plan: str) -> dict[str, str]:
    return {f"Track: {track.title}": "", "Spec": _ends(spec, _SHOWN_SPEC), "Plan": _ends(plan, _SHOWN_SPEC)}


def _material(material: PlanningMaterial) -> dict[str, str]:
    return {**material.documents, "Files of the repository": material.outline}


def _story(story: TicketStory) -> str:
    ticket = story.ticket
    planned = ticket.model_dump_json(include=set(TicketSpec.model_fields), indent=2)
    lines = [f"```json\n{planned}\n```", f"Status: {ticket.status}{f'. {ticket.reason}' if ticket.reason else ''}"]
    for attempt in story.attempts:
        told = {
            "the worker's summary": attempt.summary,
            "what QA found": attempt.cause,
            "what QA advised": attempt.advice,
        }
        lines += [
            f"Attempt {attempt.attempt}, {what}: {_ends(text, _SHOWN_REPORT)}" for what, text in told.items() if text
        ]
    return "\n\n".join(lines)


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
