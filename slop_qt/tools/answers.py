"""What ends a tier's work, and the question to the person: tools whose effect is words."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from typing_extensions import override

from slop_qt.core.approvals import ApprovalKind, QuestionPayload
from slop_qt.core.errors import InvalidInputError
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import DeclaredPath, TicketId, TicketSpec, check_graph
from slop_qt.core.tracks import TrackDraft
from slop_qt.tools.contract import Arguments, Effect, Harmless, Tool, ToolContext, ToolOutput, revised

__all__ = [
    "AnsweredQuestion",
    "AskUser",
    "FinishTicket",
    "FinishTicketArguments",
    "ProposedTicket",
    "ProposedTrack",
    "Question",
    "ReportFailure",
    "ReportFailureArguments",
    "SubmitTickets",
    "SubmitTicketsArguments",
    "SubmitTracks",
    "SubmitTracksArguments",
]

Words = Annotated[str, Field(min_length=1)]


class Question(Shape):
    """What an agent wants to know."""

    question: Annotated[Words, Field(description="One question, with what the person needs to know to answer it.")]
    choices: Annotated[tuple[str, ...], Field(description="Answers to choose from; leave out for a free answer.")] = ()


class AnsweredQuestion(Question):
    """The question with the person's answer: what `AskUser.edited` makes of a decision."""

    answer: str


class AskUser(Tool[Question]):
    """Asks the person. The answer comes as the decision's edited["answer"]; without one nobody is there."""

    name = "ask_user"
    description = (
        "Ask the person one question and wait for the answer. Only for what you cannot find out yourself and what "
        "would make your work wrong if you guessed."
    )
    tiers = frozenset({1, 2, 3})
    arguments = Question
    ends = False

    @override
    async def effect(self, arguments: Question, context: ToolContext) -> Effect:
        """The question itself."""
        payload = QuestionPayload(text=arguments.question, choices=arguments.choices)
        return Effect(ApprovalKind.QUESTION, "Asks you a question", payload, ("answer",), subject=self.name)

    @override
    def edited(self, arguments: Question, edited: Mapping[str, Any]) -> Question:
        """The question together with edited["answer"]."""
        return revised(AnsweredQuestion, arguments, edited)

    @override
    async def perform(self, arguments: Question, context: ToolContext, effect: Effect | None = None) -> ToolOutput:
        """The answer."""
        if isinstance(arguments, AnsweredQuestion):
            return ToolOutput(arguments.answer)
        return ToolOutput("Nobody is there to answer: decide yourself, and say in your summary what you assumed.")


class ProposedTrack(TrackDraft):
    """A track as Tier 1 proposes it."""

    title: Annotated[Words, Field(description="What will be there afterwards, in a few words.")]
    type: Annotated[Words, Field(description="feature, bug or chore.")] = "feature"
    spec: Annotated[Words, Field(description="Markdown: overview, requirements, acceptance criteria, out of scope.")]
    plan: Annotated[Words, Field(description="Markdown: '## Phase 1: Name' headings over '- [ ] Task: Text' lines.")]


class SubmitTracksArguments(Shape):
    """Tier 1's answer."""

    tracks: Annotated[tuple[ProposedTrack, ...], Field(min_length=1)]


class ProposedTicket(TicketSpec):
    """A ticket as Tier 2 proposes it: here files and dependencies must be said, even where there are none."""

    id: Annotated[TicketId, Field(description="Short and unique in this track, such as T-001.")]
    title: Annotated[Words, Field(description="What is done afterwards, in a few words.")]
    brief: Annotated[Words, Field(description="All that a worker needs who sees nothing but this ticket.")]
    files: Annotated[
        tuple[DeclaredPath, ...],
        Field(description="The files it changes, relative to the repository; a directory ends in '/'."),
    ]
    depends_on: Annotated[tuple[str, ...], Field(description="Ids of the tickets that must be done before it.")]
    verify: Annotated[str | None, Field(description="A shell line that exits 0 exactly if the ticket is done.")] = None
    plan_tasks: Annotated[tuple[str, ...], Field(description="The plan's tasks that it covers, word for word.")] = ()


def _graph(tickets: tuple[ProposedTicket, ...]) -> tuple[ProposedTicket, ...]:
    try:
        check_graph(tickets)
    except InvalidInputError as error:
        raise ValueError(str(error)) from None
    return tickets


class SubmitTicketsArguments(Shape):
    """Tier 2's answer: a graph without circles."""

    tickets: Annotated[tuple[ProposedTicket, ...], Field(min_length=1), AfterValidator(_graph)]


class FinishTicketArguments(Shape):
    """Tier 3's answer."""

    summary: Annotated[Words, Field(description="What you changed and why, what you assumed, what is left.")]


class ReportFailureArguments(Shape):
    """Tier 4's answer."""

    cause: Annotated[Words, Field(description="Why the verification failed: the defect, with file and line.")]
    advice: Annotated[Words, Field(description="What the next attempt should do differently, step by step.")]


class _Answer(Harmless[Arguments]):
    """Ends a tier's work: the arguments are the result, and nothing is left to do."""

    ends = True

    @override
    async def perform(self, arguments: Arguments, context: ToolContext, effect: Effect | None = None) -> ToolOutput:
        return ToolOutput("Received.")


class SubmitTracks(_Answer[SubmitTracksArguments]):
    """Ends Tier 1."""

    name = "submit_tracks"
    description = "Hand in the tracks that the epic is cut into. This ends your work."
    tiers = frozenset({1})
    arguments = SubmitTracksArguments


class SubmitTickets(_Answer[SubmitTicketsArguments]):
    """Ends Tier 2."""

    name = "submit_tickets"
    description = (
        "Hand in the track's tickets as a graph without circles. Tickets that touch the same file never run at the "
        "same time, so cut along files. This ends your work."
    )
    tiers = frozenset({2})
    arguments = SubmitTicketsArguments


class FinishTicket(_Answer[FinishTicketArguments]):
    """Ends Tier 3."""

    name = "finish_ticket"
    description = "Say that the ticket is done; its verify command runs next. This ends your work."
    tiers = frozenset({3})
    arguments = FinishTicketArguments


class ReportFailure(_Answer[ReportFailureArguments]):
    """Ends Tier 4."""

    name = "report_failure"
    description = "Explain the failed verification to the worker that tries next. This ends your work."
    tiers = frozenset({4})
    arguments = ReportFailureArguments
