"""The question to the person and the answers that end a tier."""

import pytest

from slop_qt.core.approvals import ApprovalKind, QuestionPayload
from slop_qt.core.errors import InvalidInputError
from slop_qt.tools.answers import AskUser, FinishTicket, FinishTicketArguments, Question


async def test_the_answer_is_what_the_person_decided(context):
    tool, question = AskUser(), Question(question="Which?", choices=("a", "b"))
    effect = await tool.effect(question, context)
    assert (effect.kind, effect.editable) == (ApprovalKind.QUESTION, ("answer",))
    assert effect.payload == QuestionPayload(text="Which?", choices=("a", "b"))
    assert (await tool.perform(tool.edited(question, {"answer": "c"}), context, effect)).text == "c"


async def test_without_an_answer_the_agent_is_told_to_decide(context):
    assert "decide yourself" in (await AskUser().perform(Question(question="Which?"), context)).text


@pytest.mark.parametrize("edited", [{"answer": 5}, {"reply": "x"}, {}])
def test_an_answer_that_is_none_is_refused(edited):
    with pytest.raises(InvalidInputError):
        AskUser().edited(Question(question="Which?"), edited)


async def test_an_answer_of_a_tier_changes_nothing(context, root):
    tool, arguments = FinishTicket(), FinishTicketArguments(summary="done")
    assert tool.ends
    assert await tool.effect(arguments, context) is None
    assert (await tool.perform(arguments, context)).ok
    assert list(root.iterdir()) == []
