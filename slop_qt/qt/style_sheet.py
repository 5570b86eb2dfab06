"""The one style sheet: what a palette cannot say about Qt's Fusion style, made from the tokens."""

from string import Template

from slop_qt.qt.tokens import Tokens

__all__ = ["palette_css"]

_SHEET = Template("""
QMainWindow, QDialog { background: $canvas; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMainWindow::separator { background: $canvas; width: 5px; height: 5px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px 6px; }

QMenuBar { background: $canvas; padding: 2px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $selection; }
QMenu { background: $raised; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 4px; }
QMenu::item:selected { background: $selection; color: $text; }
QMenu::item:disabled { color: $idle; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QMenu::icon { padding-left: 6px; }

QStatusBar { background: $canvas; color: $muted; border-top: 1px solid $line; }
QStatusBar::item { border: none; }

QTabBar { background: $canvas; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent;
  padding: 5px 10px 4px 10px; margin: 0; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:hover:!selected { color: $text; background: $hover; }
QTabBar::tab:focus { background: $selection; }

QPushButton { background: $raised; color: $text; border: 1px solid $line; border-radius: 5px; padding: 4px 12px;
  min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $selection; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $idle; background: $canvas; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { border-color: $text; }
QPushButton[kind="primary"]:focus { border-color: $text; }
QPushButton[kind="primary"]:disabled { background: $canvas; color: $idle; border-color: $line; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 2px 4px; }
QPushButton[kind="link"]:hover { background: $hover; }
QPushButton[kind="link"]:focus { border-color: $accent; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 4px; padding: 3px; }
QToolButton:hover { background: $hover; }
QToolButton:checked { background: $selection; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $idle; }
QToolButton[kind="segment"] { border: 1px solid $line; padding: 2px 10px; color: $muted; }
QToolButton[kind="segment"]:checked { background: $selection; color: $text; }
QToolButton[kind="segment"]:focus { border-color: $accent; }

QComboBox[kind="choice"] { background: $raised; color: $text; border: 1px solid $line; border-radius: 5px;
  padding: 3px 6px; min-height: 20px; }
QComboBox[kind="choice"]:editable { background: $panel; }
QComboBox[kind="choice"]:hover:!editable { background: $hover; }
QComboBox[kind="choice"]:focus { border-color: $accent; }
QComboBox[kind="choice"]:disabled { color: $idle; background: $canvas; }
QComboBox[kind="choice"]::drop-down { border: none; width: 20px; }
QComboBox[kind="choice"] QLineEdit { border: none; padding: 0; background: transparent; }
QComboBox[kind="choice"] QAbstractItemView { border: 1px solid $line; }
QLineEdit, QPlainTextEdit[kind="editor"] { background: $panel; border: 1px solid $line; border-radius: 5px;
  padding: 3px 6px; selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit[kind="editor"]:focus { border-color: $accent; }
QPlainTextEdit[kind="view"] { background: $panel; border: 1px solid $panel; selection-background-color: $accent;
  selection-color: $on_accent; }
QPlainTextEdit[kind="view"]:focus { border-color: $accent; }

QTextBrowser[kind="reading"] { background: $panel; border: 1px solid $panel; selection-background-color: $accent;
  selection-color: $on_accent; }
QTextBrowser[kind="reading"]:focus { border-color: $accent; }

QScrollArea[kind="reading"] { border: 1px solid $panel; }
QScrollArea[kind="reading"]:focus { border-color: $accent; }

QAbstractItemView { background: $panel; border: 1px solid $panel; outline: none; }
QListView[kind="field"] { border: 1px solid $line; border-radius: 5px; }
QTreeView:focus, QListView:focus, QTableView:focus { border-color: $accent; }
QTreeView::item, QListView::item { min-height: 26px; border: none; }
QTreeView::item:selected, QListView::item:selected, QTableView::item:selected { background: $selection; color: $text; }
QTreeView::item:hover:!selected, QListView::item:hover:!selected { background: $hover; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $muted; border: none; border-bottom: 1px solid $line;
  padding: 4px 8px; }
QTableCornerButton::section { background: $panel; border: none; }

QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $idle; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar { background: $line; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }

QFrame[kind="card"] { background: $panel; border: 1px solid $line; border-radius: 6px; }
QFrame[kind="strip"] { background: $panel; border: none; border-bottom: 1px solid $line; }
QFrame[kind="banner"] { background: $selection; border: none; border-bottom: 1px solid $line; }
QFrame[kind="banner"][tone="waiting"] { background: $hover; }
QFrame[kind="banner"][tone="failed"] { background: $removed; }
QLabel[kind="muted"] { color: $muted; font-size: 12px; }
QLabel[kind="heading"] { font-weight: 600; }
QLabel[kind="failed"] { color: $failed; font-size: 12px; }
""")


def palette_css(tokens: Tokens) -> str:
    """The style sheet in the colours of that scheme."""
    return _SHEET.substitute({name: getattr(tokens, name) for name in Tokens.__dataclass_fields__ if name != "dark"})
