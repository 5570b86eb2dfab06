"""The first message of each agent; its system prompt comes from `store.system_prompts`.

Every message is parts that say why they are there. Providers cache beginnings, so what is the same for several agents
comes first: for the planning tiers the product's documents and the list of files, then the track and what is asked,
which is also where a model minds it best; for a worker the files that are pinned for every ticket, then its ticket and
what belongs to it, and last why the attempt before failed, so that attempts on the same base begin alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slop_qt.agents.sections import both_ends, fenced, joined, section
from slop_qt.core.prompt import Prompt, PromptPart
from slop_qt.core.tickets import Ticket, TicketSpec
from slop_qt.core.tracks import Track

__all__ = [
    "AttemptStory",
    "FailedAttempt",
    "PlanningMaterial",
    "Revision",
    "TicketMaterial",
    "TicketStory",
    "epic_prompt",
    "qa_prompt",
    "revision_prompt",
    "ticket_prompt",
    "track_prompt",
]

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
    files: PromptPart


@dataclass(frozen=True, slots=True)
class TicketMaterial:
    """What goes along with a ticket: what its dependencies came to, and files.

    shared are the files that go along with every ticket of the project.
    """

    results: Sequence[PromptPart] = ()
    files: Sequence[PromptPart] = ()
    shared: Sequence[PromptPart] = ()


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


def epic_prompt(epic: str, material: PlanningMaterial, tracks: Sequence[Track]) -> Prompt:
    """Tier 1's first message."""
    existing = "\n".join(f"- {track.title} ({track.status})" for track in tracks) or "none"
    known = section("prompt", "Tracks that exist", "No track is to be cut twice.", {"Tracks that exist": existing})
    asked = section("prompt", "Epic", "It is what you asked for.", {"Epic": epic})
    return joined((*_material(material), known, asked))


def track_prompt(track: Track, spec: str, plan: str, material: PlanningMaterial) -> Prompt:
    """Tier 2's first message."""
    return joined((*_material(material), *_track(track, spec, plan)))


def revision_prompt(track: Track, spec: str, plan: str, material: PlanningMaterial, revision: Revision) -> Prompt:
    """Tier 2's first message where there are tickets, and a run may have shown something about them."""
    parts = [*_material(material), *_track(track, spec, plan), *map(_story, revision.stories)]
    if revision.merged:
        heading = "What the run has merged, which is not in the files that you can read"
        body = fenced(both_ends(revision.merged, _SHOWN_DIFF), "diff")
        reason = "The run has merged it, and your own files do not have it yet."
        parts.append(section("prompt", "What the run has merged", reason, {heading: body}))
    wanted = revision.wish.strip() or "Nothing in particular: make the rest of the tickets fit what has been learnt."
    reason = "It is what you asked for." if revision.wish.strip() else "You asked for nothing in particular."
    parts.append(section("prompt", "What is wanted", reason, {"What the person wants revised": wanted}))
    return joined(parts)


def ticket_prompt(ticket: TicketSpec, material: TicketMaterial, failed: FailedAttempt | None) -> Prompt:
    """Tier 3's first message: its ticket, what goes along with it, and why the attempt before failed."""
    parts = [*material.shared, _ticket(ticket), *material.results, *material.files]
    if failed is not None:
        sections = {f"Attempt {failed.attempt} failed": failed.what}
        if failed.advice:
            sections["What QA advises"] = failed.advice
        reason = f"Attempt {failed.attempt} came to nothing: this one is to do better."
        parts.append(section("prompt", f"Attempt {failed.attempt} failed", reason, sections))
    return joined(parts)


def qa_prompt(ticket: TicketSpec, command: str, output: str, diff: str) -> Prompt:
    """Tier 4's first message: the ticket, the verification that failed, and what the attempt changed."""
    about = {"Title": ticket.title, "Brief": ticket.brief}
    opening = f"Ticket: {ticket.id}\n\n"
    failed = {
        "Verification that failed": fenced(command),
        "Its output": fenced(both_ends(output, _SHOWN_OUTPUT)),
    }
    changed = fenced(both_ends(diff, _SHOWN_DIFF), "diff") if diff else "Nothing."
    return joined(
        (
            section("ticket", ticket.id, "It is the ticket whose verification failed.", about, opening=opening),
            section("prompt", "Verification that failed", "It is what Tier 4 is to explain.", failed),
            section(
                "prompt",
                "What the attempt changed",
                "The cause is likely to be in it.",
                {"What the attempt changed": changed},
            ),
        )
    )


def _ticket(ticket: TicketSpec) -> PromptPart:
    sections = {
        "Title": ticket.title,
        "Brief": ticket.brief,
        "Files that you may change": "\n".join(f"- {path}" for path in ticket.files) or "none declared",
        "Verified by": ticket.verify or "nothing: say in your summary how you checked",
    }
    reason = "It is the ticket that the worker is to carry out."
    return section("ticket", ticket.id, reason, sections, opening=f"Ticket: {ticket.id}\n\n")


def _track(track: Track, spec: str, plan: str) -> tuple[PromptPart, ...]:
    title = f"Track: {track.title}"
    return (
        section("prompt", title, "It is the track whose tickets are planned.", {title: ""}),
        section("docs", "Spec", "It is what the track is to come to.", {"Spec": both_ends(spec, _SHOWN_SPEC)}),
        section("docs", "Plan", "Its tasks are to be covered by tickets.", {"Plan": both_ends(plan, _SHOWN_SPEC)}),
    )


def _material(material: PlanningMaterial) -> tuple[PromptPart, ...]:
    reason = "It is one of the product's documents, which both planning tiers are given."
    documents = (section("docs", label, reason, {label: text}) for label, text in material.documents.items())
    return (*documents, material.files)


def _story(story: TicketStory) -> PromptPart:
    ticket = story.ticket
    planned = ticket.model_dump_json(include=set(TicketSpec.model_fields), indent=2)
    lines = [fenced(planned, "json"), f"Status: {ticket.status}{f'. {ticket.reason}' if ticket.reason else ''}"]
    for attempt in story.attempts:
        told = {
            "the worker's summary": attempt.summary,
            "what QA found": attempt.cause,
            "what QA advised": attempt.advice,
        }
        lines += [
            f"Attempt {attempt.attempt}, {what}: {both_ends(text, _SHOWN_REPORT)}"
            for what, text in told.items()
            if text
        ]
    where = "has started or ended: hand it in unchanged" if story.fixed else "has not started: it may change or go"
    reason = "It is one of the track's tickets, with what is known of it."
    return section("ticket", ticket.id, reason, {f"{ticket.id}, which {where}": "\n\n".join(lines)})
