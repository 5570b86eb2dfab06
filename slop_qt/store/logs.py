"""The log files: JSON lines that rotate and never hold a key."""

import json
import logging
from collections.abc import Callable, Iterable
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.store.files import make_private_folder
from slop_qt.store.keys import redact

__all__ = ["configure_logging"]

_FILE_BYTES = 5 * 1024 * 1024
_OLD_FILES = 3


def configure_logging(folder: Path, level: str, keys: Iterable[str]) -> Callable[[], None]:
    """Send what `logging` and `structlog` record, from `level` upwards, to `folder`/slop-qt.log as JSON lines.

    Args:
        folder: created if need be; at most 20 MB are kept in it.
        level: debug, info, warning, error or critical.
        keys: what is masked wherever it turns up in a record.

    Returns:
        A function that closes the file and puts everything back.

    Raises:
        ConfigurationError: there is no such level.
        StoreError: the file cannot be written.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ConfigurationError(
            f"There is no log level {level!r}.", "The levels are debug, info, warning, error and critical."
        )
    try:
        make_private_folder(folder)
        handler = RotatingFileHandler(
            folder / "slop-qt.log", maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        raise StoreError(f"The log in {folder} cannot be written: {error}.", "Choose another --data-dir.") from error
    handler.setFormatter(_RedactingFormatter(tuple(keys)))
    root = logging.getLogger()
    previous = root.level
    root.addHandler(handler)
    root.setLevel(number)
    _configure_structlog()

    def undo() -> None:
        root.removeHandler(handler)
        root.setLevel(previous)
        handler.close()
        structlog.reset_defaults()

    return undo


class _RedactingFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record as JSON, and masks keys in the finished line: so nothing gets past it, tracebacks included."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(
            foreign_pre_chain=_common_processors(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
        self._keys = (*keys, *(json.dumps(key)[1:-1] for key in keys))

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record), self._keys)


def _common_processors() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
