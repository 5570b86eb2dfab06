"""Decisions of the card reach the registry, and the next card comes only when one has been decided."""

import pytest
import story
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot
from window_support import Stage, build_all_panels

from slop_qt.core import events as ev
from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalState, DecidedBy, StepPayload
from slop_qt.core.errors import ConflictError, StoreError
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


# Remembering ----------------------------------------------------------------------------------------------------------


def box(panel: ApprovalsPanel) -> QCheckBox:
    return panel.findChild(QCheckBox, "approvals.remember")


def test_a_ticked_box_goes_with_the_decision_and_is_empty_for_the_next(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    first, second = ask(stage, ApprovalKind.COMMAND, 1), ask(stage, ApprovalKind.COMMAND, 2)
    qtbot.mouseClick(box(panel), Qt.MouseButton.LeftButton, pos=QPoint(8, box(panel).height() // 2))
    assert box(panel).isChecked()
    press(panel, qtbot, "approve")
    assert not box(panel).isChecked()
    press(panel, qtbot, "approve")
    assert decisions(stage) == [
        ResolveApproval(id=first.id, decision="approve", remember=True),
        ResolveApproval(id=second.id, decision="approve"),
    ]


def test_a_rejection_and_an_edited_command_can_be_remembered_too(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    first, second = ask(stage, ApprovalKind.COMMAND, 1), ask(stage, ApprovalKind.COMMAND, 2)
    press(panel, qtbot, "reject")
    box(panel).click()
    qtbot.keyClicks(panel.findChild(QLineEdit, "approvals.reason"), "no more")
    press(panel, qtbot, "reject_now")
    qtbot.waitUntil(box(panel).isEnabled)
    box(panel).click()
    press(panel, qtbot, "edit")
    assert box(panel).isChecked()
    panel.findChild(QPlainTextEdit, "approvals.edit.command").setPlainText("make test")
    press(panel, qtbot, "approve")
    edited = {"command": ["make", "test"]}
    assert decisions(stage) == [
        ResolveApproval(id=first.id, decision="reject", note="no more", remember=True),
        ResolveApproval(id=second.id, decision="edit", edited=edited, remember=True),
    ]


@pytest.mark.parametrize("kind", [ApprovalKind.EDIT, ApprovalKind.SPAWN, ApprovalKind.MERGE, ApprovalKind.QUESTION])
def test_what_cannot_be_remembered_has_no_box_and_a_tick_does_not_stay_behind(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot, kind: ApprovalKind
) -> None:
    command, other = ask(stage, ApprovalKind.COMMAND, 1), ask(stage, kind, 2)
    box(panel).click()
    panel._show(other, settle=False)
    assert not box(panel).isVisible()
    panel._list.setFocus()
    qtbot.keyClick(panel._list, Qt.Key.Key_M)
    panel._show(command, settle=False)
    assert box(panel).isVisible() and not box(panel).isChecked()
    panel._show(other, settle=False)
    press(panel, qtbot, "reject")
    press(panel, qtbot, "reject_now")
    assert decisions(stage) == [ResolveApproval(id=other.id, decision="reject")]


def test_the_box_is_reached_by_keyboard_and_says_what_it_does(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    ask(stage, ApprovalKind.COMMAND)
    assert box(panel).accessibleName() == "Remember for this exact command"
    assert "In every project" in box(panel).toolTip() and "(M)" in box(panel).toolTip()
    panel._list.setFocus()
    qtbot.waitUntil(panel._list.hasFocus)
    qtbot.keyClick(panel._list, Qt.Key.Key_M)
    assert box(panel).isChecked()
    seen = []
    for _ in range(8):
        seen.append(QApplication.focusWidget().objectName())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert "approvals.remember" in seen
    qtbot.keyClick(panel, Qt.Key.Key_M, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: not box(panel).isChecked())


def test_a_decision_that_could_not_be_remembered_waits_on_with_an_empty_box(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot
) -> None:
    asked = ask(stage, ApprovalKind.COMMAND)
    stage.desk.answers[commands.APPROVALS_RESOLVE.name] = StoreError("The disk is full.", "Make room.")
    box(panel).click()
    press(panel, qtbot, "approve")
    assert panel.banner.words == "The disk is full.\nMake room."
    assert panel._card.approval == asked and not box(panel).isChecked()


# One queue ------------------------------------------------------------------------------------------------------------


def step(stage: Stage, number: int) -> Approval:
    """A turn that waits: it has no fields, as a command has."""
    changes = {"kind": ApprovalKind.STEP, "payload": StepPayload(turn=2), "title": "Turn 2", "editable": ()}
    approval = story.approval(ApprovalKind.COMMAND, number, story.Clock()).model_copy(update=changes)
    stage.feed.publish(ev.ApprovalRequested(run_id=story.RUN, approval=approval))
    return approval


@pytest.mark.parametrize("attended", [True, False])
@pytest.mark.parametrize("state", [ApprovalState.EXPIRED, ApprovalState.REJECTED])
def test_a_commands_button_never_decides_the_step_that_takes_its_place(
    stage: Stage, panel: ApprovalsPanel, qtbot: QtBot, state: ApprovalState, attended: bool
) -> None:
    command, turn = ask(stage, ApprovalKind.COMMAND, 1), step(stage, 2)
    approve = panel.findChild(QPushButton, "approvals.approve")
    (approve if attended else panel._list).setFocus()
    assert panel._card.approval == command
    resolve(stage, command, DecidedBy.POLICY, state)  # in the moment before the click
    qtbot.mouseClick(approve, Qt.MouseButton.LeftButton)
    qtbot.keyClick(panel._list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert decisions(stage) == []
    if attended:
        press(panel, qtbot, "next")
    assert panel._card.approval == turn
    press(panel, qtbot, "approve")
    assert decisions(stage) == [ResolveApproval(id=turn.id, decision="approve")]


def test_two_that_look_alike_are_told_apart(stage: Stage, panel: ApprovalsPanel, qtbot: QtBot) -> None:
    twins = [ask(stage, ApprovalKind.COMMAND, number) for number in (1, 2, 3)]
    assert len({twin.model_copy(update={"id": "", "requested_at": twins[0].requested_at}).title for twin in twins}) == 1
    place = panel._list.visualRect(panel._model.index(1)).center()
    qtbot.mouseClick(panel._list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    press(panel, qtbot, "approve")
    resolve(stage, twins[1], DecidedBy.USER)
    assert [each.id for each in decisions(stage)] == [twins[1].id]
    assert [panel._model.approval(row) for row in range(panel.count)] == [twins[0], twins[2]]


def test_closing_and_hiding_a_view_decides_nothing(stage: Stage, qtbot: QtBot) -> None:
    window = stage.build_window()
    qtbot.addWidget(window)
    build_all_panels(window)
    window.show()
    stage.feed.publish(*story.running(story.Clock()))
    asked = ask(stage, ApprovalKind.COMMAND)
    dock = window._docks.dock("approvals")
    dock.raise_()
    press(window._docks.panel("approvals"), qtbot, "edit")
    dock.close()
    dock.show()
    window.hide()
    window.show()
    press(window._docks.panel("approvals"), qtbot, "back")
    press(window._docks.panel("approvals"), qtbot, "reject")
    window._docks.reset()
    window.close()
    assert decisions(stage) == []
    assert asked.id in stage.feed.state.runs[story.RUN].approvals
    assert stage.feed.state.runs[story.RUN].pending_approvals == [asked]


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
