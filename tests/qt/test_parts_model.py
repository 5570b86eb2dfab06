"""The tables of what a request is made of and of what the next one leaves out."""

import context_story
import pytest
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from slop_qt.core.context import ContextPart, ContextReport, Trimming
from slop_qt.qt.parts_model import PARTS_COLUMNS, PartsModel, TrimmingModel
from slop_qt.qt.roles import Role

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def model() -> PartsModel:
    model = PartsModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show(context_story.report(), context_story.REASONS, anew=True)
    return model


def cells(model: PartsModel, row: int) -> list[str]:
    return [model.index(row, column).data() for column in range(model.columnCount())]


def with_tail(tokens: int) -> ContextReport:
    return context_story.report(tail=tokens)


def test_each_part_says_everything_about_itself(model: PartsModel) -> None:
    assert cells(model, 5) == ["File", "pocketbook/tables.py", "≈ 6,240", "21 %", "Cached", "The ticket declares it."]
    assert cells(model, 11)[4] == ""
    assert model.index(5, 0).data(Role.LOOK).icon == "file"
    assert model.index(5, 4).data(Role.LOOK).word == "Cached"
    row = model.row(5)
    assert row is not None
    assert row.words == (
        "File pocketbook/tables.py: ≈ 6,240 tokens, estimated, 21 % of the request. "
        "It lies in the cached prefix. The ticket declares it."
    )


def test_what_the_provider_counted_is_no_estimate(model: PartsModel) -> None:
    model.show(context_story.report(measured="provider"), (), anew=False)
    assert cells(model, 5)[2] == "6,240"
    row = model.row(5)
    assert row is not None
    assert "estimated" not in row.words


def test_reasons_may_be_missing_or_too_few(model: PartsModel) -> None:
    model.show(context_story.report(), context_story.REASONS[:2], anew=False)
    assert [cells(model, at)[5] for at in (0, 1, 2)] == [*context_story.REASONS[:2], ""]


def test_another_report_tells_only_of_the_rows_that_differ(model: PartsModel, qtbot: QtBot) -> None:
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    with qtbot.assertNotEmitted(model.modelReset):
        model.show(with_tail(3), context_story.REASONS, anew=False)
    assert changed == [len(context_story.REASONS) - 1]
    model.show(with_tail(3), context_story.REASONS, anew=False)
    assert changed == [len(context_story.REASONS) - 1]


def test_parts_that_come_and_go_are_inserted_and_removed(model: PartsModel, qtbot: QtBot) -> None:
    report = context_story.report()
    more = (*report.parts, ContextPart(kind="history", label="1 message", tokens=1, cached=False))
    with qtbot.assertNotEmitted(model.modelReset):
        model.show(report.model_copy(update={"parts": more}), (), anew=False)
        assert model.rowCount() == len(report.parts) + 1
        model.show(report.model_copy(update={"parts": report.parts[:4]}), (), anew=False)
        assert model.rowCount() == 4


def test_names_that_would_be_obeyed_are_shown(model: PartsModel) -> None:
    part = ContextPart(kind="file", label="a\u202e.py", tokens=1, cached=False)
    model.show(context_story.report().model_copy(update={"parts": (part,)}), ("b\u200bc",), anew=True)
    assert cells(model, 0)[1] == "a⟨U+202E⟩.py"
    assert cells(model, 0)[5] == "b⟨U+200B⟩c"


def test_what_is_left_out_is_an_estimate_with_its_reason() -> None:
    model = TrimmingModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.show((Trimming(label="read_file a.py", tokens=5123, reason="The oldest."),))
    assert [model.index(0, column).data() for column in range(3)] == ["read_file a.py", "≈ 5,123", "The oldest."]
    assert PARTS_COLUMNS[1] == "Part"
    model.show(())
    assert model.rowCount() == 0
