"""A real backend of the `keyring` library that keeps keys in memory, and can be locked, broken or stuck."""

import threading

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

__all__ = ["MemoryKeyring"]


class MemoryKeyring(KeyringBackend):
    """Set it with keyring.set_keyring. raising is raised by every call; stuck is what every call waits for."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.calls = 0
        self.raising: Exception | None = None
        self.stuck: threading.Event | None = None
        self.threads: set[str] = set()

    def lock(self) -> None:
        """Refuse everything from now on."""
        self.raising = KeyringLocked("locked")

    def _called(self) -> None:
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        if self.stuck is not None:
            self.stuck.wait(20)
        if self.raising is not None:
            raise self.raising

    def get_password(self, service: str, username: str) -> str | None:
        self._called()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._called()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._called()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")
