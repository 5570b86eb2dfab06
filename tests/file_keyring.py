"""A real backend of the `keyring` library that a process of its own can be given: keys in the file named by a variable.

Use it as PYTHON_KEYRING_BACKEND=tests.file_keyring.FileKeyring with KEYRING_FILE, never for keys that open anything.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend

__all__ = ["FileKeyring"]


class FileKeyring(KeyringBackend):
    """{"user": "password"} as JSON; the service is slop-qt."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(username) if service == "slop-qt" else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._all(), username: password})

    def delete_password(self, service: str, username: str) -> None:
        self._write({name: password for name, password in self._all().items() if name != username})

    def _all(self) -> dict[str, str]:
        path = Path(os.environ["KEYRING_FILE"])
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ["KEYRING_FILE"]).write_text(json.dumps(kept))
