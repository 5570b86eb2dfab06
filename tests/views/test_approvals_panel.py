"""Decisions of the card reach the registry, and the next card comes only when one has been decided."""

import pytest
import story
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core import events as ev
from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalState, DecidedBy
from slop_qt.core.errors import ConflictError
from slop_qt.mma import commands
from slop_qt.mma.shapes import ResolveApproval
from slop_qt.views.approvals_panel import ApprovalsPanel


@pytest.fixture
def panel(stage: Stage, qtbot: QtBot) -> ApprovalsPanel:
    panel = ApprovalsPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(900, 320)
    panel.show()
    panel.activateWindow()
    stage.feed.publish(*story.running(story.Clock()))
    return panel


def ask(stage: Stage, kind: ApprovalKind, number: int = 0, **changes: object) -> Approval:
    approval = story.approval(kind, number, story.Clock(), **changes)
    stage.feed.publish(ev.ApprovalRequested(run_id=story.RUN, approval=approval))
    return approval


def resolve(stage: Stage, approval: Approval, by: DecidedBy, state: ApprovalState = ApprovalState.APPROVED) -> None:
    decided = approval.model_copy(update={"state": state, "by": by})
    stage.feed.publish(ev.ApprovalResolved(run_id=story.RUN, approval=decided))


def press(panel: ApprovalsPanel, qtbot: QtBot, name: str) -> None:
    button = panel.findChild(QPushButton, f"approvals.{name}")
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def decisions(stage: Stage) -> list[ResolveApproval]:
    return stage.desk.params(commands.APPROVALS_RESOLVE)


@pytest.mark.parametrize("kind", [ApprovalKind.EDIT, ApprovalKind.COMMAND, ApprovalKind.SPAWN, ApprovalKind.MERGE])
def test_approve_goes_to_the_registry(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot, kind: ApprovalKind) -> None:
    asked = ask(stage, kind)
    press(panel, qtbot, "approve")
    assert decisions(stage) == [ResolveApproval(id=asked.id, decision="approve")]


def test_reject_asks_for_the_reason_first(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    asked = ask(stage, ApprovalKind.COMMAND)
    press(panel, qtbot, "reject")
    assert decisions(stage) == []
    qtbot.keyClicks(panel.findChild(QLineEdit, "approvals.reason"), "Use the tests of T-003 only.")
    press(panel, qtbot, "reject_now")
    assert decisions(stage) == [ResolveApproval(id=asked.id, decision="reject", note="Use the tests of T-003 only.")]


def test_edit_and_approve_sends_what_was_edited(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    asked = ask(stage, ApprovalKind.EDIT)
    press(panel, qtbot, "edit")
    field = panel.findChild(QPlainTextEdit, "approvals.edit.content")
    assert field.toPlainText() == "import re\n"
    field.setPlainText("import re\n\nprint()\n")
    press(panel, qtbot, "approve")
    sent = ResolveApproval(id=asked.id, decision="edit", edited={"content": "import re\n\nprint()\n"})
    assert decisions(stage) == [sent]


def test_edited_argv_stays_argv(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    asked = ask(stage, ApprovalKind.COMMAND)
    press(panel, qtbot, "edit")
    field = panel.findChild(QPlainTextEdit, "approvals.edit.command")
    field.setPlainText("python -m unittest 'tests of mine'")
    press(panel, qtbot, "approve")
    edited = {"command": ["python", "-m", "unittest", "tests of mine"]}
    assert decisions(stage) == [ResolveApproval(id=asked.id, decision="edit", edited=edited)]


def test_a_command_line_with_an_open_quote_is_not_sent(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    ask(stage, ApprovalKind.COMMAND)
    press(panel, qtbot, "edit")
    panel.findChild(QPlainTextEdit, "approvals.edit.command").setPlainText("python 'open")
    press(panel, qtbot, "approve")
    assert decisions(stage) == []
    assert any("cannot be sent" in label.text() for label in panel.findChildren(QLabel))


def test_edited_and_changed_back_is_a_plain_approval(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    content = "a\u00a0b\r\nc\r\n"
    payload = story.approval(ApprovalKind.EDIT, 0, story.Clock()).payload.model_copy(update={"content": content})
    asked = ask(stage, ApprovalKind.EDIT, payload=payload)
    press(panel, qtbot, "edit")
    press(panel, qtbot, "approve")
    assert decisions(stage) == [ResolveApproval(id=asked.id, decision="approve")]


def test_an_edit_keeps_the_files_line_ends_and_spaces(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    content = "a\u00a0b\r\nc\r\n"
    payload = story.approval(ApprovalKind.EDIT, 0, story.Clock()).payload.model_copy(update={"content": content})
    ask(stage, ApprovalKind.EDIT, payload=payload)
    press(panel, qtbot, "edit")
    field = panel.findChild(QPlainTextEdit, "approvals.edit.content")
    qtbot.keyClicks(field, "#")
    press(panel, qtbot, "approve")
    assert decisions(stage)[0].edited == {"content": "#" + content}


def test_a_question_is_answered_by_a_choice_or_in_words(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    asked = ask(stage, ApprovalKind.QUESTION)
    press(panel, qtbot, "approve")
    assert decisions(stage) == []
    panel.findChild(QRadioButton, "approvals.choice.1").click()
    press(panel, qtbot, "approve")
    sent = ResolveApproval(id=asked.id, decision="approve", edited={"answer": "In brackets"})
    assert decisions(stage) == [sent]


def test_keys_decide_when_the_panel_has_the_focus(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    asked = ask(stage, ApprovalKind.COMMAND)
    panel._list.setFocus()
    qtbot.waitUntil(panel._list.hasFocus)
    qtbot.keyClick(panel._list, Qt.Key.Key_E)
    assert panel.findChild(QPlainTextEdit, "approvals.edit.command") is not None
    panel._list.setFocus()
    qtbot.keyClick(panel._list, Qt.Key.Key_Escape)
    qtbot.keyClick(panel._list, Qt.Key.Key_R)
    reason = panel.findChild(QLineEdit, "approvals.reason")
    qtbot.waitUntil(reason.hasFocus)
    qtbot.keyClicks(reason, "Error or risk: e r")  # letters go into the field, they do not decide
    assert reason.text() == "Error or risk: e r"
    qtbot.keyClick(reason, Qt.Key.Key_Escape)
    panel._list.setFocus()
    qtbot.keyClick(panel._list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert decisions(stage) == [ResolveApproval(id=asked.id, decision="approve")]


def test_a_new_one_never_takes_the_place_of_the_one_in_view(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    first = ask(stage, ApprovalKind.EDIT, 1)
    ask(stage, ApprovalKind.COMMAND, 2, requested_at=first.requested_at.replace(year=2020))
    assert panel._card.approval == first
    assert panel.count == 2


def test_the_next_comes_when_one_is_decided_and_cannot_be_pressed_at_once(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    first, second = ask(stage, ApprovalKind.EDIT, 1), ask(stage, ApprovalKind.COMMAND, 2)
    press(panel, qtbot, "approve")
    assert panel._card.approval == second
    approve = panel.findChild(QPushButton, "approvals.approve")
    assert not approve.isEnabled()
    qtbot.mouseClick(approve, Qt.MouseButton.LeftButton)
    panel._card.bar.approve()
    assert [decision.id for decision in decisions(stage)] == [first.id]
    resolve(stage, first, DecidedBy.USER)
    assert panel._card.approval == second
    qtbot.waitUntil(approve.isEnabled)


def test_what_somebody_else_decided_stays_in_view_until_one_goes_on(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    first, second = ask(stage, ApprovalKind.EDIT, 1), ask(stage, ApprovalKind.COMMAND, 2)
    panel.findChild(QPushButton, "approvals.approve").setFocus()
    resolve(stage, first, DecidedBy.AUTOMATION)
    assert panel._card.approval.id == first.id
    assert any(label.text() == "Approved by automation." for label in panel.findChildren(QLabel))
    panel._card.bar.approve()
    assert decisions(stage) == []
    press(panel, qtbot, "next")
    assert panel._card.approval == second


def test_what_somebody_else_decided_goes_when_nobody_is_at_the_card(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    first, second = ask(stage, ApprovalKind.EDIT, 1), ask(stage, ApprovalKind.COMMAND, 2)
    panel._list.setFocus()
    resolve(stage, first, DecidedBy.POLICY)
    assert panel._card.approval == second
    resolve(stage, second, DecidedBy.POLICY)
    assert panel.content.isHidden()


def test_a_question_that_arrives_does_not_take_the_keyboard(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    field = QLineEdit(panel)
    field.show()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    ask(stage, ApprovalKind.QUESTION)
    assert field.hasFocus()


def test_a_refused_decision_is_shown_in_the_panel_and_can_be_made_again(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    asked = ask(stage, ApprovalKind.EDIT)
    stage.desk.answers[commands.APPROVALS_RESOLVE.name] = ConflictError("It was decided already.", "Look at Activity.")
    press(panel, qtbot, "approve")
    assert panel.banner.words == "It was decided already.\nLook at Activity."
    assert panel.banner.isVisible()
    assert panel._card.approval == asked


def test_nothing_waiting_says_so_and_counts(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    assert panel.content.isHidden()
    with qtbot.waitSignal(panel.count_changed, check_params_cb=lambda number: number == 1):
        asked = ask(stage, ApprovalKind.EDIT)
    press(panel, qtbot, "approve")
    with qtbot.waitSignal(panel.count_changed, check_params_cb=lambda number: number == 0):
        resolve(stage, asked, DecidedBy.USER)
    assert panel.content.isHidden()


def test_shortcuts_are_told(panel: ApprovalsPanel) -> None:
    native = QKeySequence("Ctrl+Return").toString(QKeySequence.SequenceFormat.NativeText)
    assert native in panel.findChild(QPushButton, "approvals.approve").toolTip()


def test_an_agents_question_is_shown_and_not_obeyed(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    words = {"text": "<b>Which</b>\u202e?", "choices": ("R&D", "<i>none</i>\u200b")}
    asked = story.approval(ApprovalKind.QUESTION, 0, story.Clock())
    payload = asked.payload.model_copy(update=words)
    stage.feed.publish(ev.ApprovalRequested(run_id=story.RUN, approval=asked.model_copy(update={"payload": payload})))
    label = panel.findChild(QLabel, "approvals.question")
    assert (label.text(), label.textFormat()) == ("<b>Which</b>⟨U+202E⟩?", Qt.TextFormat.PlainText)
    choices = [panel.findChild(QRadioButton, f"approvals.choice.{number}") for number in (0, 1)]
    assert [choice.text() for choice in choices] == ["R&&D", "<i>none</i>⟨U+200B⟩"]  # && is how Qt writes an &
    for choice, answer in zip(choices, words["choices"], strict=True):
        choice.click()
        assert panel.findChild(QPlainTextEdit, "approvals.edit.answer").toPlainText() == answer
