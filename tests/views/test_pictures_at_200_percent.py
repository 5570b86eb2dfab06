"""The pictures again at 200%, where the sharpness of lines, icons and text is seen: in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

from pictures import FOLDER
from PySide6.QtGui import QImage

MODULES = ("test_screenshots.py", "test_tokens_pictures.py", "test_graph_pictures.py")
# Both themes of the fullest stage; of the rest one, and the largest graph: what is small or large is so in all.
CHOSEN = (
    "test_each_stage_fills_the_window and approvals"
    " or the_plan_is_edited and dark"
    " or slowed_down and light"
    " or test_the_panel_in_the_window and 1024 and light"
    " or test_graph_pictures and light and not light-12 and not light-60"
)
WIDTHS = {
    "approvals-light": 2880,
    "approvals-dark": 2880,
    "slowed-light-1024x640": 2048,
    "plan-tickets-dark": 2560,
    "tokens-window-1024x640-light": 2048,
    "graph-300-light": 2560,
    "graph-wrong-light": 2560,
}


def test_the_same_pictures_have_four_times_the_pixels() -> None:
    """The scale is the process's, and a process costs more than most pictures: one for all of them."""
    pictures = {FOLDER / f"{name}-200%.png": width for name, width in WIDTHS.items()}
    for picture in pictures:
        picture.unlink(missing_ok=True)
    modules = [str(Path(__file__).with_name(module)) for module in MODULES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", CHOSEN, *modules],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert {picture: QImage(str(picture)).width() for picture in pictures} == pictures
