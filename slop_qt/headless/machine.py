"""What `slop-qt doctor` looks at on this machine, without a network: programs, the display, where things are kept."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from slop_qt.core.errors import ConfigurationError, SlopError
from slop_qt.headless.findings import Finding
from slop_qt.store.system_prompts import PromptFolder
from slop_qt.workspace.git import Git, require_version

__all__ = ["data_folder", "git", "prompts", "python", "qt", "sandbox", "settings_file"]

_QT_TIMEOUT_S = 10.0
_LEAST_FREE_BYTES = 1 << 30
_PACKAGES = "libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0"
_WINDOW_PACKAGES = (
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
)
_UNSEEN = {"offscreen", "minimal", "vnc"}
# Says how far it came: Qt ends the process where it cannot open a display.
_TRY_QT = """
import sys
import PySide6.QtCore
print("found", PySide6.__version__, PySide6.QtCore.qVersion(), flush=True)
import PySide6.QtSvg, PySide6.QtWidgets
print("loaded", flush=True)
if sys.argv[1] == "window":
    print("window", PySide6.QtWidgets.QApplication([]).platformName(), flush=True)
"""


def python() -> Finding:
    """Which Python this is."""
    return Finding("ok", f"Python {platform.python_version()}, {sys.executable}")


def git(folder: Path) -> Finding:
    """Whether git is there and new enough."""
    program = Git(folder)
    try:
        require_version(program)
        return Finding("ok", program.run("version").strip())
    except SlopError as error:
        return Finding("problem", error.message, error.hint)


def qt(environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """Whether PySide6 can be loaded, and whether a window could be seen. Tried in another process: Qt may end it."""
    display = _display(environment)
    argument = "window" if display else "none"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _TRY_QT, argument],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_QT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        said, complaint = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if late.stdout else ""
        complaint = f"it did not answer in {_QT_TIMEOUT_S:g} s"
    except OSError as error:
        said, complaint = "", str(error)
    return _qt_findings(_steps(said), complaint, display)


def sandbox(environment: Mapping[str, str]) -> Finding:
    """What commands are run in. There is no sandbox yet, whatever is installed."""
    found = shutil.which("bwrap", path=environment.get("PATH", os.defpath))
    there = f"bwrap is there ({found}), but not used yet" if found else "there is no bwrap, and it is not used yet"
    return Finding(
        "note",
        f"Commands of agents are not sandboxed: {there}.",
        "Look at each command before you approve it. Mode auto is refused without --unsandboxed.",
    )


def data_folder(folder: Path) -> Finding:
    """Whether journals and worktrees can be written, and how much room there is."""
    nearest = _nearest(folder)
    if nearest is None:
        return Finding("problem", f"The data directory {folder} cannot be made.", "Choose another one with --data-dir.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Finding(
            "problem",
            f"The data directory {folder} cannot be written to{'' if nearest == folder else f' (nor can {nearest})'}.",
            "Mend its permissions, or choose another one with --data-dir.",
        )
    free = shutil.disk_usage(nearest).free
    room = f"{free / (1 << 30):,.1f} GiB free"
    if free < _LEAST_FREE_BYTES:
        return Finding(
            "note", f"Data directory {folder}, only {room}.", "Make room, or choose another with --data-dir."
        )
    made = "" if nearest == folder else " (it is made when it is needed)"
    return Finding("ok", f"Data directory {folder}{made}, {room}.")


def settings_file(path: Path, mistake: SlopError | None) -> Finding:
    """Whether the person's settings can be read."""
    if mistake is not None:
        return Finding("problem", mistake.message, mistake.hint)
    return Finding("ok", f"Settings {path}" if path.exists() else f"Settings {path}: not there, the defaults hold.")


def prompts(folder: Path) -> Finding:
    """Whose system prompts the tiers start from."""
    try:
        own = PromptFolder(folder).load().overridden
    except ConfigurationError as error:
        return Finding("problem", error.message, error.hint)
    if not own:
        return Finding("ok", f"System prompts: those of slop_qt; {folder}/tier1.md to tier4.md would go before them.")
    files = ", ".join(f"tier {tier} from {path}" for tier, path in sorted(own.items()))
    return Finding("note", f"System prompts of your own: {files}.", "Remove a file to use slop_qt's prompt again.")


def _nearest(folder: Path) -> Path | None:
    """The folder itself or the one above it in which it would be made; None where a file is in the way."""
    for each in (folder, *folder.parents):
        try:
            if each.exists():
                return each if each.is_dir() else None
        except OSError:
            return None
    return None


def _display(environment: Mapping[str, str]) -> str:
    """Where a window would be shown; empty where nowhere."""
    chosen = environment.get("QT_QPA_PLATFORM", "")
    if chosen or sys.platform == "darwin":
        return chosen or "this Mac's screen"
    return environment.get("WAYLAND_DISPLAY") or environment.get("DISPLAY") or ""


def _steps(said: str) -> dict[str, str]:
    lines = (line.partition(" ") for line in said.splitlines())
    return {step: words for step, _, words in lines if step in {"found", "loaded", "window"}}


def _qt_findings(steps: Mapping[str, str], complaint: str, display: str) -> tuple[Finding, ...]:
    last = next((line.strip() for line in reversed(complaint.splitlines()) if line.strip()), "it ended without a word")
    if "found" not in steps:
        return (Finding("problem", f"PySide6 cannot be loaded: {last}", "Install slop_qt again, with all it needs."),)
    version, _, qt_version = steps["found"].partition(" ")
    here = f"PySide6 {version}, Qt {qt_version}"
    if "loaded" not in steps:
        todo = f"Install what it names. Debian, Ubuntu: sudo apt-get install {_PACKAGES}"
        return (Finding("problem", f"{here}: a library of the system is missing: {last}", todo),)
    return (Finding("ok", f"{here}, and the libraries of the system for it."), _window(steps, complaint, display))


def _window(steps: Mapping[str, str], complaint: str, display: str) -> Finding:
    without = "slop-qt plan, run and demo --headless work without one."
    if not display:
        return Finding(
            "note", "There is no display, so no window: neither WAYLAND_DISPLAY nor DISPLAY is set.", without
        )
    if "window" in steps:
        name = steps["window"]
        if name in _UNSEEN:
            return Finding("note", f"A window opens where nobody sees it: Qt's platform is {name}.", without)
        return Finding("ok", f"A window can be opened ({name}).")
    said = [line.strip() for line in complaint.splitlines() if "qt.qpa" in line]
    why = said[0] if said else "Qt ended without a word"
    missing = next((line for line in said if "is needed to load" in line or "could not load" in line.lower()), None)
    if missing is not None:
        todo = f"Debian, Ubuntu: sudo apt-get install {_WINDOW_PACKAGES}"
        return Finding("note", f"No window can be opened on {display}: {missing}", todo)
    return Finding("note", f"No window can be opened on {display}: {why}", f"Look at the display. {without}")
