"""How the application looks: Fusion with one palette, one style sheet and one family of icons, light or dark."""

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from slop_qt.qt.icons import ICON_SIZE, IconSet
from slop_qt.qt.style_sheet import palette_css
from slop_qt.qt.tokens import DARK, LIGHT, Tokens

__all__ = ["Theme", "ThemeChoice"]

ThemeChoice = Literal["system", "light", "dark"]

_TEXT_PIXELS = 13
_SMALL_PIXELS = 12
_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}


class Theme(QObject):
    """The present colours, fonts and icons, for everything that paints itself. Lives in the GUI thread.

    Signals:
        changed: the colours are others now; what was painted with the old ones must be painted again.
        choice_changed: the person chose light, dark or system.
    """

    changed = Signal()
    choice_changed = Signal(str)

    def __init__(
        self, app: QApplication, icon_folder: Path, choice: ThemeChoice = "system", *, dressed: bool = True
    ) -> None:
        """dressed False leaves the style sheet away until `dress`: under one, a window takes longer to build."""
        super().__init__(app)
        self._app = app
        self._dressed = dressed
        self._icons = IconSet(icon_folder)
        self._choice: ThemeChoice = choice
        self._tokens = LIGHT
        app.setStyle("Fusion")
        if not dressed and app.styleSheet():
            app.setStyleSheet("")  # of an earlier window in this process
        app.setFont(self.font())
        app.styleHints().colorSchemeChanged.connect(self._follow_system)
        app.styleHints().setColorScheme(_SCHEMES[choice])
        self._apply()

    @property
    def tokens(self) -> Tokens:
        """The colours in use."""
        return self._tokens

    @property
    def choice(self) -> ThemeChoice:
        """What the person chose."""
        return self._choice

    def dress(self) -> None:
        """Put the style sheet on, if that was left for later: before the first window is shown."""
        if not self._dressed:
            self._dressed = True
            self._put_on()

    def retire(self) -> None:
        """Its window has gone: follow the system no longer, or it would put its style sheet on the next one's."""
        self._app.styleHints().colorSchemeChanged.disconnect(self._follow_system)
        self.deleteLater()

    def choose(self, choice: ThemeChoice) -> None:
        """Use light or dark from now on, or follow the system."""
        if choice == self._choice:
            return
        self._choice = choice
        self._app.styleHints().setColorScheme(_SCHEMES[choice])
        self._apply()
        self.choice_changed.emit(choice)

    def color(self, name: str) -> QColor:
        """The token of that name. Raises KeyError."""
        return QColor(self._tokens.color(name))

    def icon(self, name: str, color: str = "muted") -> QIcon:
        """`resources/icons/<name>.svg` in the colour of that token."""
        return self._icons.icon(name, self._tokens.color(color), self._tokens.line)

    def pixmap(self, name: str, color: str, scale: float, size: int = ICON_SIZE) -> QPixmap:
        """As `icon`, to paint with: size logical pixels, scale the device pixel ratio of what is painted on."""
        return self._icons.pixmap(name, self._tokens.color(color), size, scale)

    def app_icon(self) -> QIcon:
        """The application's own icon."""
        return self._icons.untinted("app")

    def font(self, *, small: bool = False, strong: bool = False) -> QFont:
        """The interface font, with figures of one width."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setPixelSize(_SMALL_PIXELS if small else _TEXT_PIXELS)
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def fixed_font(self) -> QFont:
        """The font of streams, diffs and commands."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(_SMALL_PIXELS)
        return font

    @Slot()
    def _follow_system(self) -> None:
        self._apply()

    def _apply(self) -> None:
        dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        if self._choice != "system":
            dark = self._choice == "dark"
        self._tokens = DARK if dark else LIGHT
        self._app.setPalette(_palette(self._tokens))
        if self._dressed:
            self._put_on()
        self.changed.emit()

    def _put_on(self) -> None:
        """Put the style sheet on, unless it is on: every widget would be styled anew."""
        sheet = palette_css(self._tokens)
        if self._app.styleSheet() != sheet:
            self._app.setStyleSheet(sheet)


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for name, color in (
        (role.Window, tokens.canvas),
        (role.WindowText, tokens.text),
        (role.Base, tokens.panel),
        (role.AlternateBase, tokens.hover),
        (role.Text, tokens.text),
        (role.PlaceholderText, tokens.muted),
        (role.Button, tokens.raised),
        (role.ButtonText, tokens.text),
        (role.BrightText, tokens.failed),
        (role.ToolTipBase, tokens.raised),
        (role.ToolTipText, tokens.text),
        (role.Highlight, tokens.accent),
        (role.HighlightedText, tokens.on_accent),
        (role.Link, tokens.accent),
        (role.LinkVisited, tokens.accent),
        (role.Accent, tokens.accent),
        (role.Light, tokens.raised),
        (role.Midlight, tokens.line),
        (role.Mid, tokens.line),
        (role.Dark, tokens.line),
        (role.Shadow, tokens.canvas),
    ):
        palette.setColor(name, QColor(color))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(tokens.idle))
    return palette
