"""The log files: JSON lines that rotate and never hold a key."""

import logging
from collections.abc import Callable
from pathlib import Path

from slop_qt.core.errors import ConfigurationError, StoreError
from slop_qt.store.files import make_private_folder
from slop_qt.store.secrets import Secrets

__all__ = ["configure_logging"]

_FILE_BYTES = 5 * 1024 * 1024
_OLD_FILES = 3


def configure_logging(folder: Path, level: str, secrets: Secrets) -> Callable[[], None]:
    """Send what `logging` records, from `level` upwards, to `folder`/slop-qt.log as JSON lines.

    Args:
        folder: created if need be; at most 20 MB are kept in it.
        level: debug, info, warning, error or critical.
        secrets: what is masked wherever it turns up in a record, what is added later included.

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
    handler = _JsonLinesHandler(folder / "slop-qt.log", secrets)
    try:
        make_private_folder(folder)
        with handler.path.open("ab"):
            pass
    except OSError as error:
        raise StoreError(f"The log in {folder} cannot be written: {error}.", "Choose another --data-dir.") from error
    root = logging.getLogger()
    others = _open_logs(root)  # while one project gives way to another, both have a log
    handler.level_before = others[0].level_before if others else root.level
    root.addHandler(handler)
    root.setLevel(number)

    def undo() -> None:
        root.removeHandler(handler)
        if not _open_logs(root):
            root.setLevel(handler.level_before)
        handler.close()

    return undo


class _JsonLinesHandler(logging.Handler):
    """Opens the file and imports structlog for the first record: together they take longer than an empty window."""

    def __init__(self, path: Path, secrets: Secrets) -> None:
        super().__init__()
        self.path = path
        self.level_before = logging.NOTSET  # the root logger's, before the first of these
        self._secrets = secrets
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Called with the handler's lock held."""
        if self._file is None:
            self._file = _rotating_file(self.path)
            self._file.setFormatter(_RedactingFormatter(self._secrets))
        self._file.handle(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()


def _open_logs(root: logging.Logger) -> list[_JsonLinesHandler]:
    return [handler for handler in root.handlers if isinstance(handler, _JsonLinesHandler)]


class _RedactingFormatter(logging.Formatter):
    """Renders a record as JSON, and masks keys in the finished line: so nothing gets past it, tracebacks included."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets
        self._lines = _json_lines()

    def format(self, record: logging.LogRecord) -> str:
        return self._secrets.redact(self._lines.format(record))


def _rotating_file(path: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    return RotatingFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8")


def _json_lines() -> logging.Formatter:
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
