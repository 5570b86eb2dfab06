"""What ends a tier's work, and the question to the person: tools whose effect is words."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from slop_qt.core.approvals import ApprovalKind, QuestionPayload
from slop_qt.core.shape import Shape
from slop_qt.tools.contract import Arguments, Effect, Harmless, Tool, ToolContext, ToolOutput, revised

__all__ = [
    "Answer",
    "AnsweredQuestion",
    "AskUser",
    "FinishTicket",
    "FinishTicketArguments",
    "Question",
    "ReportFailure",
    "ReportFailureArguments",
    "Words",
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


class FinishTicketArguments(Shape):
    """Tier 3's answer."""

    summary: Annotated[Words, Field(description="What you changed and why, what you assumed, what is left.")]


class ReportFailureArguments(Shape):
    """Tier 4's answer."""

    cause: Annotated[Words, Field(description="Why the verification failed: the defect, with file and line.")]
    advice: Annotated[Words, Field(description="What the next attempt should do differently, step by step.")]


class Answer(Harmless[Arguments]):
    """Ends a tier's work: the arguments are the result, and nothing is left to do."""

    ends = True

    @override
    async def perform(self, arguments: Arguments, context: ToolContext, effect: Effect | None = None) -> ToolOutput:
        return ToolOutput("Received.")


class FinishTicket(Answer[FinishTicketArguments]):
    """Ends Tier 3."""

    name = "finish_ticket"
    description = "Say that the ticket is done; its verify command runs next. This ends your work."
    tiers = frozenset({3})
    arguments = FinishTicketArguments


class ReportFailure(Answer[ReportFailureArguments]):
    """Ends Tier 4."""

    name = "report_failure"
    description = "Explain the failed verification to the worker that tries next. This ends your work."
    tiers = frozenset({4})
    arguments = ReportFailureArguments
