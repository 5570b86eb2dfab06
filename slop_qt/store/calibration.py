"""What was learnt about models' tokens, kept from one start to the next. It may be lost: then it is learnt anew."""

import logging
from pathlib import Path

from slop_qt.core.errors import StoreError
from slop_qt.store.files import read_text, write_atomically

__all__ = ["read_calibration", "write_calibration"]

_LOG = logging.getLogger(__name__)


def read_calibration(path: Path) -> str:
    """The text that was kept; empty where there is none, or, with a log line, where it cannot be read."""
    try:
        return read_text(path)
    except FileNotFoundError:
        return ""
    except StoreError as error:
        _LOG.warning("What was learnt about tokens is not used: %s", error)
        return ""


def write_calibration(path: Path, text: str) -> None:
    """Keep the text; where that is not possible there is a log line."""
    try:
        write_atomically(path, text)
    except StoreError as error:
        _LOG.warning("What was learnt about tokens is not kept: %s", error)
