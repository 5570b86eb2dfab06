"""The common frame of the dialogs: what Return and Tab do in it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot
from window_support import Stage

from slop_qt.core.approvals import Mode
from slop_qt.widgets.run_dialog import RunDialog


def test_return_in_a_field_accepts_and_tab_goes_from_the_fields_to_accept_and_cancel(
    stage: Stage, qtbot: QtBot
) -> None:
    dialog = RunDialog(stage.theme, "Finish pocketbook", ["make test"], Mode.ASK, 4)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.open()
        dialog.activateWindow()
    workers = dialog.findChild(QSpinBox, "run.workers")
    workers.setFocus()
    for name in ("run.forecast.table", "run.verify", "run.accept", "run.cancel"):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert QApplication.focusWidget().objectName() == name
    assert dialog.findChild(QPushButton, "run.accept").isDefault()
    workers.setFocus()
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(workers, Qt.Key.Key_Return)
