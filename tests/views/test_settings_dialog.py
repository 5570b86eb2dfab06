"""The settings dialog: models, keys and local servers, by clicks and keys, with answers that come when they come."""

from collections.abc import Iterator
from datetime import date

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from settings_support import CANARY, CHEAP, NO_KEYRING, STRONG, Backend, first_settings
from window_support import Stage

from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.errors import ConfigurationError, ProviderError, StoreError
from slop_qt.core.models import ModelInfo
from slop_qt.core.settings import ModelChoice, Rule
from slop_qt.mma import commands
from slop_qt.mma.command_registry import Command
from slop_qt.mma.settings_shapes import LocalServer, ModelsListed, RemoveRule, SaveSettings, TryProvider
from slop_qt.qt.roles import Role
from slop_qt.views.settings.dialog import SettingsDialog
from slop_qt.views.settings.rule_row import RuleRow
from slop_qt.views.settings.words import model_notice
from slop_qt.views.tracks.panel import TracksPanel
from slop_qt.widgets.elided_label import ElidedLabel
from slop_qt.widgets.fields import CalmBox, NameBox, SecretField
from slop_qt.widgets.notice import Notice

OLLAMA = LocalServer(
    provider="ollama", label="Ollama", base_url="http://127.0.0.1:11434/v1", models=("llama3.2:3b", "qwen3:8b")
)


@pytest.fixture
def backend(stage: Stage) -> Backend:
    return Backend(stage)


def opened(backend: Backend, qtbot: QtBot) -> SettingsDialog:
    dialog = SettingsDialog(backend.context)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)  # qtbot closes and deletes it
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.open()
        dialog.activateWindow()
    return dialog


@pytest.fixture
def dialog(backend: Backend, qtbot: QtBot) -> Iterator[SettingsDialog]:
    yield opened(backend, qtbot)


def page(dialog: SettingsDialog, number: int) -> None:
    dialog.findChild(QTabWidget, "settings.pages").setCurrentIndex(number)


def press(dialog: QWidget, qtbot: QtBot, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button.isVisible() and button.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def box(dialog: SettingsDialog, name: str) -> CalmBox:
    return dialog.findChild(CalmBox, f"settings.{name}")


def choose(dialog: SettingsDialog, name: str, what: str) -> None:
    """As a person who picks it from the list."""
    found = box(dialog, name)
    row = found.findData(what, Role.ID)
    assert row >= 0, f"{what} is not offered"
    found.setCurrentIndex(row)


def said(dialog: SettingsDialog, name: str) -> str:
    notice = dialog.findChild(Notice, f"settings.{name}.notice")
    return notice.words if notice.isVisibleTo(dialog) else ""


def all_words(dialog: QWidget) -> str:
    """Everything that the widgets have to show or to tell, on the screen or not."""
    words = []
    for widget in [dialog, *dialog.findChildren(QWidget)]:
        words += [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription(), widget.windowTitle()]
        if isinstance(widget, QLabel | QLineEdit | QAbstractButton):
            words.append(widget.text())
        if isinstance(widget, QComboBox):
            words += [widget.currentText(), *(widget.itemText(row) for row in range(widget.count()))]
    return "\n".join(words)


# Models ---------------------------------------------------------------------------------------------------------------


def test_each_tier_shows_its_provider_and_model_and_what_is_known_of_it(dialog: SettingsDialog) -> None:
    shown = [(box(dialog, f"tier{t}.provider").chosen, box(dialog, f"tier{t}.model").chosen) for t in (1, 2, 3, 4)]
    assert shown == [(each.provider, each.model) for each in (STRONG, STRONG, CHEAP, CHEAP)]
    assert said(dialog, "tier1") == "Context 200,000 tokens · answers up to 64,000 · thinking."
    assert said(dialog, "tier3").startswith("Context 1,048,576 tokens")


def test_a_provider_without_a_key_says_so_in_the_list_and_below(dialog: SettingsDialog) -> None:
    providers = box(dialog, "tier1.provider")
    beside = {providers.itemText(row): providers.itemData(row, Role.TRAILING) for row in range(providers.count())}
    assert beside == {"Anthropic": "", "Gemini": "", "OpenAI": "no key", "DeepSeek": "no key", "Ollama": ""}
    choose(dialog, "tier1.provider", "openai")
    assert said(dialog, "tier1") == "No key OpenAI wants a key: enter it on the page Keys."


def test_models_are_asked_for_once_a_provider_and_shown_with_their_limits(
    dialog: SettingsDialog, backend: Backend
) -> None:
    assert [params.provider for params in backend.params(commands.PROVIDER_MODELS)] == ["anthropic", "gemini"]
    models = box(dialog, "tier1.model")
    offered = {models.itemText(row): models.itemData(row, Role.TRAILING) for row in range(models.count())}
    assert offered["claude-opus-4-5"] == "200k context"
    assert offered["claude-3-7-sonnet"] == "200k context · retired 2026-02-19"
    spoken = models.itemData(models.findText("claude-opus-4-5"), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "claude-opus-4-5, 200k context"


def test_the_list_is_wide_enough_for_names_and_what_is_said_beside_them(dialog: SettingsDialog, qtbot: QtBot) -> None:
    models = box(dialog, "tier1.model")
    models.setFixedWidth(90)
    models.showPopup()
    qtbot.waitUntil(models.view().isVisible)
    texts = [models.itemText(row) + models.itemData(row, Role.TRAILING) for row in range(models.count())]
    assert models.view().width() > max(models.fontMetrics().horizontalAdvance(text) for text in texts) > 90
    models.hidePopup()


def test_while_models_are_fetched_it_says_so_and_a_name_can_be_typed(backend: Backend, qtbot: QtBot) -> None:
    backend.held = {commands.PROVIDER_MODELS.name}
    dialog = opened(backend, qtbot)
    assert said(dialog, "tier1") == "Asking Anthropic for its models…"
    model = dialog.findChild(NameBox, "settings.tier1.model")
    model.lineEdit().setText("")
    qtbot.keyClicks(model.lineEdit(), "claude-next")
    backend.release()
    assert model.chosen == "claude-next", "the list that came took away what was typed"
    assert said(dialog, "tier1") == "Not listed Anthropic does not list claude-next; it may know it all the same."


def test_a_model_that_is_going_away_is_warned_of(dialog: SettingsDialog) -> None:
    choose(dialog, "tier1.model", "claude-3-7-sonnet")
    assert said(dialog, "tier1").startswith("Retired It was withdrawn on 2026-02-19: choose another one.")
    choose(dialog, "tier1.model", "claude-old")
    assert said(dialog, "tier1").startswith("Deprecated Its vendor advises against it: choose another one.")


@pytest.mark.parametrize(
    ("listed", "name", "known"),
    [
        (("claude-x-20251101", "claude-x-20250101"), "claude-x", True),
        (("gpt-9-2026-01-31",), "gpt-9", True),
        (("qwen3:latest",), "qwen3", True),
        (("gpt-9-mini",), "gpt-9", False),
        (("gpt-99",), "gpt-9", False),
        (("qwen3:8b",), "qwen3", False),
    ],
)
def test_a_name_that_stands_for_a_dated_one_is_known(listed: tuple[str, ...], name: str, known: bool) -> None:
    models = tuple(
        ModelInfo(provider="p", name=each, source="provider", context_tokens=1000 + number)
        for number, each in enumerate(reversed(listed))
    )
    _, words = model_notice(ModelsListed(models=models), "P", name, date(2026, 11, 23))
    assert ("does not list" not in words) is known
    if known:
        assert words.startswith(f"Context {1000 + len(listed) - 1:,} tokens"), "the newest"


def test_a_provider_that_cannot_be_asked_says_why_and_any_name_is_taken(backend: Backend, qtbot: QtBot) -> None:
    backend.models_problem["ollama"] = ("127.0.0.1:11434 does not answer.", "Start it with: ollama serve.")
    dialog = opened(backend, qtbot)
    choose(dialog, "tier3.provider", "ollama")
    assert "127.0.0.1:11434 does not answer. Start it with: ollama serve." in said(dialog, "tier3")
    qtbot.keyClicks(dialog.findChild(NameBox, "settings.tier3.model").lineEdit(), "my-model")
    assert "127.0.0.1:11434 does not answer. Start it with: ollama serve." in said(dialog, "tier3")
    press(dialog, qtbot, "settings.accept")
    chosen = {3: ModelChoice(provider="ollama", model="my-model")}
    assert backend.params(commands.SETTINGS_SAVE) == [SaveSettings(tiers=chosen, cache_ttl="5m")]


def test_an_error_instead_of_a_list_is_said_in_its_row(backend: Backend, qtbot: QtBot) -> None:
    backend.failures[commands.PROVIDER_MODELS.name] = ConfigurationError("The address is none.", "Mend it.")
    dialog = opened(backend, qtbot)
    assert said(dialog, "tier1") == "No list The address is none. Mend it. Any name can be typed."


def test_a_tier_without_a_model_cannot_be_saved_and_it_says_which(dialog: SettingsDialog) -> None:
    choose(dialog, "tier2.provider", "ollama")
    save = dialog.findChild(QPushButton, "settings.accept")
    assert said(dialog, "tier2") == "No model Choose a model of Ollama, or type its name."
    assert not save.isEnabled()
    assert save.toolTip() == "Tier 2: choose a model first."
    choose(dialog, "tier2.model", "qwen3:8b")
    assert save.isEnabled()


def test_going_back_to_a_provider_brings_its_model_back(dialog: SettingsDialog) -> None:
    choose(dialog, "tier1.provider", "ollama")
    assert box(dialog, "tier1.model").chosen == ""
    choose(dialog, "tier1.provider", "anthropic")
    assert box(dialog, "tier1.model").chosen == "claude-opus-4-5"


def test_an_answer_for_a_provider_that_was_left_changes_nothing(backend: Backend, qtbot: QtBot) -> None:
    dialog = opened(backend, qtbot)
    backend.held = {commands.PROVIDER_MODELS.name}
    choose(dialog, "tier1.provider", "ollama")
    choose(dialog, "tier1.provider", "anthropic")
    backend.release()
    assert box(dialog, "tier1.model").findText("qwen3:8b") == -1
    assert said(dialog, "tier1").startswith("Context 200,000 tokens")


def test_a_provider_that_nobody_knows_is_shown_and_kept(backend: Backend, qtbot: QtBot) -> None:
    odd = ModelChoice(provider="work", model="m1")
    backend.shown = backend.shown.model_copy(update={"tiers": {**backend.shown.tiers, 4: odd}})
    dialog = opened(backend, qtbot)
    assert box(dialog, "tier4.provider").chosen == "work"
    press(dialog, qtbot, "settings.accept")
    assert backend.params(commands.SETTINGS_SAVE)[0].tiers == {}


def test_only_what_was_changed_is_saved_and_the_dialog_closes(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    choose(dialog, "tier1.provider", "gemini")
    choose(dialog, "tier1.model", "gemini-2.5-flash")
    choose(dialog, "cache_ttl", "1h")
    with qtbot.waitSignal(dialog.accepted):
        press(dialog, qtbot, "settings.accept")
    assert backend.params(commands.SETTINGS_SAVE) == [SaveSettings(tiers={1: CHEAP}, cache_ttl="1h")]
    assert not dialog.isVisible()


def test_an_error_of_saving_stays_in_the_dialog_to_be_copied(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    backend.failures[commands.SETTINGS_SAVE.name] = StoreError("The disk is full.", "Make room.")
    press(dialog, qtbot, "settings.accept")
    assert dialog.isVisible()
    assert dialog.findChild(QLabel, "settings.banner.text").text() == "The disk is full.\nMake room."
    qtbot.mouseClick(dialog.findChild(QAbstractButton, "settings.banner.copy"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "The disk is full.\nMake room."
    del backend.failures[commands.SETTINGS_SAVE.name]
    press(dialog, qtbot, "settings.accept")
    assert not dialog.isVisible()


def test_nothing_is_saved_twice_while_it_is_being_saved(dialog: SettingsDialog, backend: Backend) -> None:
    backend.held = {commands.SETTINGS_SAVE.name}
    dialog.accept()
    assert dialog.findChild(QPushButton, "settings.accept").text() == "Saving…"
    dialog.accept()
    backend.release()
    assert len(backend.params(commands.SETTINGS_SAVE)) == 1
    assert not dialog.isVisible()


def test_cancel_saves_nothing(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    choose(dialog, "cache_ttl", "1h")
    press(dialog, qtbot, "settings.cancel")
    assert backend.params(commands.SETTINGS_SAVE) == []
    assert not dialog.isVisible()


def test_settings_that_cannot_be_read_are_said_and_cannot_be_saved(backend: Backend, qtbot: QtBot) -> None:
    backend.failures[commands.SETTINGS_SHOW.name] = ConfigurationError("settings.toml has mistakes.", "Mend the file.")
    dialog = opened(backend, qtbot)
    assert "settings.toml has mistakes." in dialog.findChild(QLabel, "settings.banner.text").text()
    assert not dialog.findChild(QPushButton, "settings.accept").isEnabled()
    dialog.accept()
    assert backend.params(commands.SETTINGS_SAVE) == []


def test_it_says_for_whom_changes_count_and_where_they_are_kept(dialog: SettingsDialog) -> None:
    note = dialog.findChild(QLabel, "settings.note").text()
    assert "agents that start from now on" in note
    assert "~/.config/slop-qt/settings.toml" in note


def test_the_wheel_scrolls_and_chooses_nothing(dialog: SettingsDialog) -> None:
    provider = box(dialog, "tier1.provider")
    middle = QPointF(provider.rect().center())
    event = QWheelEvent(
        middle, provider.mapToGlobal(middle), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(provider, event)
    assert provider.chosen == "anthropic"


def test_a_typed_name_is_never_completed_by_itself(dialog: SettingsDialog, qtbot: QtBot) -> None:
    model = dialog.findChild(NameBox, "settings.tier1.model")
    model.lineEdit().setText("")
    qtbot.keyClicks(model.lineEdit(), "claude-opus-4")
    qtbot.keyClick(model.lineEdit(), Qt.Key.Key_Escape)
    model.lineEdit().clearFocus()
    assert model.chosen == "claude-opus-4"


# Keys -----------------------------------------------------------------------------------------------------------------


def field(dialog: SettingsDialog, provider: str) -> SecretField:
    return dialog.findChild(SecretField, f"settings.key.{provider}.field")


def keys(dialog: SettingsDialog) -> SettingsDialog:
    page(dialog, 1)
    return dialog


def test_each_provider_that_wants_a_key_says_where_it_is(dialog: SettingsDialog) -> None:
    words = all_words(keys(dialog))
    assert "from ANTHROPIC_API_KEY" in words
    assert "in the system keyring" in words
    assert "Get a key from DeepSeek, and set DEEPSEEK_API_KEY or enter it here." in words
    assert field(dialog, "ollama") is None
    for provider in ("anthropic", "gemini", "openai", "deepseek"):
        assert field(dialog, provider).text() == ""
        assert field(dialog, provider).echoMode() == QLineEdit.EchoMode.Password


def test_a_typed_key_is_tried_without_being_kept(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    keys(dialog)
    field(dialog, "openai").setText(f"  {CANARY} ")
    press(dialog, qtbot, "settings.key.openai.test")
    assert said(dialog, "key.openai") == "Works OpenAI takes the key; 9 models."
    assert backend.keyring == {}
    field(dialog, "openai").setText("wrong")
    assert "Works" not in said(dialog, "key.openai"), "what was said of another key"
    press(dialog, qtbot, "settings.key.openai.test")
    assert said(dialog, "key.openai") == "Failed OpenAI refused the key (401). Copy it again."


def test_a_key_that_is_set_is_tried_as_it_is(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    keys(dialog)
    press(dialog, qtbot, "settings.key.anthropic.test")
    assert backend.params(commands.PROVIDER_TRY) == [TryProvider(provider="anthropic")]
    assert said(dialog, "key.anthropic") == "Works Anthropic takes the key; 9 models."
    assert not dialog.findChild(QPushButton, "settings.key.openai.test").isEnabled(), "there is nothing to try"


def test_while_a_key_is_tried_its_row_waits_and_the_others_do_not(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    keys(dialog)
    backend.held = {commands.PROVIDER_TRY.name}
    field(dialog, "openai").setText(CANARY)
    press(dialog, qtbot, "settings.key.openai.test")
    assert said(dialog, "key.openai") == "Asking OpenAI…"
    for button in ("test", "save"):
        assert not dialog.findChild(QPushButton, f"settings.key.openai.{button}").isEnabled()
    assert dialog.findChild(QPushButton, "settings.key.anthropic.test").isEnabled()
    qtbot.keyClicks(field(dialog, "openai"), "more")
    assert field(dialog, "openai").text() == CANARY, "what is tried changes under the answer"
    backend.release()
    assert dialog.findChild(QPushButton, "settings.key.openai.test").isEnabled()


def test_a_saved_key_is_gone_from_the_window_and_its_provider_is_asked_again(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    choose(dialog, "tier1.provider", "openai")
    keys(dialog)
    qtbot.keyClicks(field(dialog, "openai"), CANARY)
    press(dialog, qtbot, "settings.key.openai.save")
    assert backend.keyring == {"openai": CANARY}
    assert CANARY not in all_words(dialog)
    field(dialog, "openai").undo()
    field(dialog, "openai").redo()
    assert CANARY not in all_words(dialog), "undo brought it back"
    assert "in the system keyring, and not shown again" in said(dialog, "key.openai")
    assert [params.provider for params in backend.params(commands.PROVIDER_MODELS)].count("openai") == 2
    page(dialog, 0)
    assert box(dialog, "tier1.provider").itemData(2, Role.TRAILING) == ""
    assert "No key" not in said(dialog, "tier1")


def test_a_key_is_removed_from_the_keyring(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    keys(dialog)
    press(dialog, qtbot, "settings.key.gemini.remove")
    assert [params.provider for params in backend.params(commands.SETTINGS_FORGET_KEY)] == ["gemini"]
    assert said(dialog, "key.gemini") == "Done It is no longer in the system keyring."
    assert not dialog.findChild(QPushButton, "settings.key.gemini.remove").isVisible()


def test_a_key_of_the_environment_cannot_be_removed_here_and_it_says_so(dialog: SettingsDialog) -> None:
    keys(dialog)
    assert not dialog.findChild(QPushButton, "settings.key.anthropic.remove").isEnabled()
    assert "can only be changed or removed there" in said(dialog, "key.anthropic")


def test_saving_a_key_beside_one_of_the_environment_says_which_counts(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    keys(dialog)
    field(dialog, "anthropic").setText(CANARY)
    press(dialog, qtbot, "settings.key.anthropic.save")
    assert "The one from ANTHROPIC_API_KEY goes before it." in said(dialog, "key.anthropic")


def test_without_a_keyring_nothing_can_be_saved_and_it_says_why(stage: Stage, qtbot: QtBot) -> None:
    dialog = keys(opened(Backend(stage, first_settings(NO_KEYRING)), qtbot))
    field(dialog, "openai").setText(CANARY)
    save = dialog.findChild(QPushButton, "settings.key.openai.save")
    assert not save.isEnabled()
    assert save.toolTip() == NO_KEYRING
    assert dialog.findChild(Notice, "settings.no_keyring").words == f"No keyring {NO_KEYRING}"
    assert dialog.findChild(QPushButton, "settings.key.openai.test").isEnabled()


def test_a_keyring_that_refuses_leaves_the_key_to_be_tried_again(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    keys(dialog)
    backend.failures[commands.SETTINGS_SET_KEY.name] = ConfigurationError("The keyring is locked.", "Unlock it.")
    field(dialog, "openai").setText(CANARY)
    press(dialog, qtbot, "settings.key.openai.save")
    assert said(dialog, "key.openai") == "Failed The keyring is locked. Unlock it."
    del backend.failures[commands.SETTINGS_SET_KEY.name]
    press(dialog, qtbot, "settings.key.openai.save")
    assert backend.keyring == {"openai": CANARY}


def test_return_in_a_key_field_tries_it_and_closes_nothing(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    keys(dialog)
    field(dialog, "openai").setFocus()
    qtbot.keyClicks(field(dialog, "openai"), CANARY)
    qtbot.keyClick(field(dialog, "openai"), Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert len(backend.params(commands.PROVIDER_TRY)) == 1
    assert backend.params(commands.SETTINGS_SAVE) == []


def test_a_typed_key_is_not_lost_by_saving_the_rest(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    keys(dialog)
    field(dialog, "deepseek").setText(CANARY)
    page(dialog, 0)
    press(dialog, qtbot, "settings.accept")
    assert dialog.isVisible()
    assert "A key for DeepSeek is typed and not saved." in dialog.findChild(QLabel, "settings.banner.text").text()
    assert field(dialog, "deepseek").hasFocus()
    assert backend.params(commands.SETTINGS_SAVE) == []


# Local servers --------------------------------------------------------------------------------------------------------


def test_a_found_server_is_given_to_a_tier(backend: Backend, qtbot: QtBot) -> None:
    backend.local = (OLLAMA,)
    dialog = opened(backend, qtbot)
    page(dialog, 2)
    assert said(dialog, "servers") == "Found 1 server on this machine. No key is needed."
    choose(dialog, "server.ollama.model", "qwen3:8b")
    dialog.findChild(QAction, "settings.server.ollama.tier3").trigger()
    banner = dialog.findChild(QLabel, "settings.banner.text").text()
    assert banner == "Tier 3 will ask qwen3:8b of ollama once you save."
    press(dialog, qtbot, "settings.accept")
    assert backend.params(commands.SETTINGS_SAVE)[0].tiers == {3: ModelChoice(provider="ollama", model="qwen3:8b")}


def test_a_found_server_is_given_to_all_tiers(backend: Backend, qtbot: QtBot) -> None:
    backend.local = (OLLAMA,)
    dialog = opened(backend, qtbot)
    dialog.findChild(QAction, "settings.server.ollama.all_tiers").trigger()
    press(dialog, qtbot, "settings.accept")
    first = ModelChoice(provider="ollama", model="llama3.2:3b")
    assert backend.params(commands.SETTINGS_SAVE)[0].tiers == dict.fromkeys((1, 2, 3, 4), first)


def test_where_no_server_answers_it_says_what_to_start_and_looks_again(
    dialog: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    page(dialog, 2)
    assert said(dialog, "servers").startswith("None No model server answers on this machine.")
    assert "ollama serve" in all_words(dialog)
    qtbot.mouseClick(dialog.findChild(QAbstractButton, "settings.servers.copy.0"), Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "ollama serve"
    backend.local = (OLLAMA,)
    press(dialog, qtbot, "settings.servers.look")
    assert not dialog.findChild(QWidget, "settings.servers.none").isVisible()
    qtbot.waitUntil(dialog.findChild(QWidget, "settings.server.ollama").isVisible)


def test_while_it_looks_it_says_so_and_looks_once(backend: Backend, qtbot: QtBot) -> None:
    backend.held = {commands.PROVIDER_FIND_LOCAL.name}
    dialog = opened(backend, qtbot)
    page(dialog, 2)
    assert said(dialog, "servers").startswith("Looking")
    assert not dialog.findChild(QPushButton, "settings.servers.look").isEnabled()
    backend.failures[commands.PROVIDER_FIND_LOCAL.name] = ConfigurationError("No ports here.", "Get some.")
    backend.release()
    assert said(dialog, "servers") == "Failed No ports here. Get some."
    assert dialog.findChild(QPushButton, "settings.servers.look").isEnabled()


def test_a_server_without_a_model_cannot_be_used(backend: Backend, qtbot: QtBot) -> None:
    backend.local = (OLLAMA.model_copy(update={"models": ()}),)
    dialog = opened(backend, qtbot)
    page(dialog, 2)
    assert not dialog.findChild(QPushButton, "settings.server.ollama.use").isEnabled()
    assert "no model is loaded" in all_words(dialog)


# The dialog itself ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [commands.SETTINGS_SHOW, commands.PROVIDER_MODELS, commands.PROVIDER_FIND_LOCAL, commands.PROVIDER_TRY],
    ids=lambda command: command.name,
)
@pytest.mark.parametrize("fails", [False, True])
def test_closed_in_the_middle_of_a_request_it_is_gone_and_hears_no_more(
    backend: Backend, qtbot: QtBot, command: Command, fails: bool
) -> None:
    backend.held = {command.name}
    dialog = SettingsDialog(backend.context)
    dialog.open()
    if command is commands.PROVIDER_TRY:
        page(dialog, 1)
        press(dialog, qtbot, "settings.key.anthropic.test")
    with qtbot.waitSignal(dialog.destroyed):
        dialog.reject()
    if fails:
        backend.failures[command.name] = ProviderError("Too late.")
    backend.release()


def test_everything_usable_can_be_reached_by_tab_in_reading_order(dialog: SettingsDialog, qtbot: QtBot) -> None:
    seen = []
    for _ in range(12):
        focused = QApplication.focusWidget()
        seen.append(focused.objectName())
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    tiers = [f"settings.tier{tier}.{what}" for tier in (1, 2, 3, 4) for what in ("provider", "model")]
    assert seen == [*tiers, "settings.cache_ttl", "settings.accept", "settings.cancel", "settings.pages.bar"]


def test_everything_usable_has_a_name_to_find_and_one_to_speak(backend: Backend, qtbot: QtBot) -> None:
    backend.local = (OLLAMA,)
    dialog = opened(backend, qtbot)
    usable = [
        widget
        for kind in (QAbstractButton, QComboBox, QLineEdit)
        for widget in dialog.findChildren(kind)
        if not widget.objectName().startswith("qt_") and not widget.inherits("QLineEditIconButton")
    ]
    assert [widget for widget in usable if not widget.objectName()] == []
    unspoken = [w.objectName() for w in usable if not (w.accessibleName() or getattr(w, "text", str)())]
    assert unspoken == ["settings.banner.action"], "which is there only when it has words"
    names = [widget.objectName() for widget in usable]
    assert len(names) == len(set(names)) >= 30


def test_the_menu_opens_it_over_the_window(stage: Stage, backend: Backend, qtbot: QtBot) -> None:
    window = stage.build_window(backend.context)
    qtbot.addWidget(window)
    window.show()
    action = window.findChild(QAction, "action.window.settings")
    assert action.shortcut().toString() == "Ctrl+,"
    action.trigger()
    dialog = window.findChild(QDialog, "settings")
    assert dialog.isVisible() and dialog.isModal()


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("Tier 1 cannot be asked: There is no key for Anthropic.", "Set ANTHROPIC_API_KEY."),
        ProviderError("api.anthropic.com refused the key (401).", "Set ANTHROPIC_API_KEY to a valid key."),
    ],
    ids=["no key", "a refused key"],
)
def test_where_a_key_is_missing_the_message_leads_to_the_settings(
    stage: Stage, backend: Backend, qtbot: QtBot, error: ConfigurationError
) -> None:
    window = stage.build_window(backend.context)
    qtbot.addWidget(window)
    window.show()
    window.findChild(TracksPanel).show_error(error)
    press(window, qtbot, "tracks.banner.action")
    assert window.findChild(QDialog, "settings").isVisible()


def test_a_failure_that_will_pass_offers_no_settings(stage: Stage, qtbot: QtBot) -> None:
    panel = TracksPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_error(ProviderError("The host is overloaded.", retryable=True))
    assert not panel.findChild(QPushButton, "tracks.banner.action").isVisible()


def test_the_keyboard_alone_changes_a_model(dialog: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    provider = box(dialog, "tier1.provider")
    qtbot.waitUntil(provider.hasFocus)
    qtbot.keyClick(provider, Qt.Key.Key_Down)
    assert provider.chosen == "gemini"
    qtbot.keyClick(provider, Qt.Key.Key_Tab)
    model = QApplication.focusWidget()
    qtbot.keyClicks(model, "gemini-x")
    qtbot.keyClick(model, Qt.Key.Key_Return)
    assert backend.params(commands.SETTINGS_SAVE)[0].tiers == {1: ModelChoice(provider="gemini", model="gemini-x")}


def test_the_colours_follow_the_theme_while_it_is_open(dialog: SettingsDialog, stage: Stage) -> None:
    stage.theme.dress()
    stage.theme.choose("dark")
    picture = dialog.grab().toImage()
    assert picture.pixelColor(4, picture.height() - 4).name() == stage.theme.tokens.canvas.lower()
    stage.theme.choose("light")


def test_return_before_anything_is_read_does_nothing(backend: Backend, qtbot: QtBot) -> None:
    backend.held = {commands.SETTINGS_SHOW.name}
    dialog = opened(backend, qtbot)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert backend.params(commands.SETTINGS_SAVE) == []
    QApplication.sendEvent(dialog, QEvent(QEvent.Type.ActivationChange))
    backend.release()
    assert dialog.findChild(QPushButton, "settings.accept").isEnabled()


# Rules ----------------------------------------------------------------------------------------------------------------

RULES = (
    Rule(action="allow", kind=ApprovalKind.COMMAND, subject="git status &&\nls <b>x</b>", cwd=".", shell=True),
    Rule(action="deny", kind=ApprovalKind.COMMAND, subject="rm -rf \u202ex", cwd="src", shell=False),
    Rule(action="ask", kind=ApprovalKind.MERGE),
)


@pytest.fixture
def rules(backend: Backend, qtbot: QtBot) -> SettingsDialog:
    backend.rules = RULES
    dialog = opened(backend, qtbot)
    page(dialog, 3)
    return dialog


def test_every_rule_is_shown_in_full_and_never_obeyed(rules: SettingsDialog) -> None:
    rows = rules.findChildren(RuleRow)
    assert [row.rule for row in rows] == list(RULES)
    shown = [row.findChild(ElidedLabel, f"settings.rule.{number}.subject").text for number, row in enumerate(rows)]
    assert shown == ["git status && ↵ ls <b>x</b>", "rm -rf ⟨U+202E⟩x", "Every merge"]
    tip = rows[0].findChild(ElidedLabel, "settings.rule.0.subject").toolTip()
    assert tip == "<pre>git status &amp;&amp;\nls &lt;b&gt;x&lt;/b&gt;</pre>"
    details = rows[1].findChild(ElidedLabel, "settings.rule.1.details").text
    assert details == "command  ·  in src of the worktree  ·  program with its arguments, no shell"


def test_a_rule_is_removed_at_once_and_the_keyboard_goes_on_at_the_next(
    rules: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    rules.findChild(QPushButton, "settings.rule.1.remove").setFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert backend.params(commands.RULES_REMOVE) == [RemoveRule(rule=RULES[1])]
    assert backend.rules == (RULES[0], RULES[2])
    assert QApplication.focusWidget().accessibleName() == "Remove the rule: Ask Every merge"
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert QApplication.focusWidget().accessibleName() == "Remove the rule: Allow git status && ↵ ls <b>x</b>"
    press(rules, qtbot, "settings.cancel")
    assert backend.rules == (RULES[0],), "it needs no Save"


def test_a_rule_that_cannot_be_removed_says_why_and_stays(
    rules: SettingsDialog, backend: Backend, qtbot: QtBot
) -> None:
    backend.failures[commands.RULES_REMOVE.name] = StoreError("The disk is full.", "Make room.")
    press(rules, qtbot, "settings.rule.0.remove")
    assert said(rules, "rules") == "Failed The disk is full. Make room."
    assert rules.findChild(QPushButton, "settings.rule.0.remove").isEnabled()
    del backend.failures[commands.RULES_REMOVE.name]
    press(rules, qtbot, "settings.rule.0.remove")
    assert said(rules, "rules") == "" and backend.rules == RULES[1:]


def test_while_one_is_being_removed_no_other_can_be(rules: SettingsDialog, backend: Backend, qtbot: QtBot) -> None:
    backend.held = {commands.RULES_REMOVE.name}
    press(rules, qtbot, "settings.rule.0.remove")
    assert not rules.findChild(QPushButton, "settings.rule.1.remove").isEnabled()
    backend.release()
    assert backend.rules == RULES[1:]


def test_without_rules_it_says_how_there_come_to_be_some(dialog: SettingsDialog) -> None:
    page(dialog, 3)
    assert "Remember exactly this" in said(dialog, "rules")
