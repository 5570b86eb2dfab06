"""Logs: JSON lines, no keys."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.store.logs import configure_logging
from slop_qt.store.secrets import Secrets

KEY = 'sk-ant-"canary"-0123'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    undo = configure_logging(tmp_path / "logs", "info", Secrets([KEY]))
    yield tmp_path / "logs"
    undo()


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "slop-qt.log").read_text().splitlines()]


def test_records_become_json_lines(folder: Path) -> None:
    logging.getLogger("slop_qt.a").warning("The %s is %d", "answer", 42)
    logging.getLogger("slop_qt.a").debug("not at this level")
    logging.getLogger("slop_qt.b").info("Größe\nzwei")
    first, second = lines(folder)
    assert (first["event"], first["level"], first["logger"]) == ("The answer is 42", "warning", "slop_qt.a")
    assert (second["event"], second["level"], second["logger"]) == ("Größe\nzwei", "info", "slop_qt.b")
    assert second["timestamp"].endswith("Z")


def test_no_key_gets_into_the_file_by_any_way(folder: Path) -> None:
    logging.getLogger("slop_qt").error("message %s", KEY)
    logging.getLogger("slop_qt").error("fields %s %s", {"x-api-key": KEY}, [KEY])
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        logging.getLogger("slop_qt").exception("with a traceback")
    written = (folder / "slop-qt.log").read_text()
    assert "canary" not in written
    assert written.count("[key]") >= 4
    assert all("refused [key]" in line["exception"] for line in lines(folder)[2:])


def test_undoing_leaves_logging_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    undo = configure_logging(tmp_path, "debug", Secrets())
    assert (list(root.handlers), root.level) != before
    undo()
    assert (list(root.handlers), root.level) == before


def test_an_unknown_level_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no log level 'loud'") as caught:
        configure_logging(tmp_path, "loud", Secrets())
    assert "warning" in caught.value.hint


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        configure_logging(tmp_path / "file", "info", Secrets())
