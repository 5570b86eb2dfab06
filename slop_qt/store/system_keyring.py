"""The system's keyring, asked so that nobody waits long for it: behind it may be D-Bus, a daemon and a locked door."""

import threading
from collections.abc import Callable
from typing import Any

from slop_qt.core.errors import ConfigurationError

__all__ = ["SystemKeyring"]

_SERVICE = "slop-qt"
_OTHERWISE = "Set the key in the environment instead."


class _LateError(Exception):
    """The keyring did not answer in time."""


class SystemKeyring:
    """Keys by provider name, in whatever keyring the `keyring` library finds. For helper threads: calls may block.

    One call at a time, each for at most timeout_s seconds. One that takes longer is left to a thread of its own; until
    that has ended (a person may be typing the keyring's password), further calls fail at once.
    """

    def __init__(self, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._turn = threading.Lock()
        self._late: threading.Thread | None = None

    def read(self, provider: str) -> str | None:
        """The key, or None where there is none. Raises ConfigurationError where the keyring does not answer."""
        key = self._ask("read", lambda library: library.get_password(_SERVICE, provider))
        return key if isinstance(key, str) else None

    def write(self, provider: str, key: str) -> None:
        """Keep the key. Raises ConfigurationError where the keyring does not take it."""
        self._ask("written to", lambda library: library.set_password(_SERVICE, provider, key))

    def delete(self, provider: str) -> None:
        """Keep it no longer; nothing where there is none. Raises ConfigurationError where that fails."""

        def remove(library: Any) -> None:
            if library.get_password(_SERVICE, provider) is not None:
                library.delete_password(_SERVICE, provider)

        self._ask("written to", remove)

    def check(self) -> None:
        """Raises ConfigurationError where there is no keyring that keeps anything; does not unlock it."""
        self._ask("used", lambda _: None)

    def _ask(self, what: str, call: Callable[[Any], Any]) -> Any:
        if not self._turn.acquire(timeout=self._timeout_s):
            raise _late(what)
        try:
            return self._bounded(call)
        except _LateError:
            raise _late(what) from None
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001  # any library may be behind it; its words may have the key
            raise _translated(error, what) from None
        finally:
            self._turn.release()

    def _bounded(self, call: Callable[[Any], Any]) -> Any:
        if self._late is not None and self._late.is_alive():
            raise _LateError
        outcome: list[Any] = []
        failure: list[Exception] = []

        def work() -> None:
            try:
                import keyring

                _require_backend(keyring.get_keyring())
                outcome.append(call(keyring))
            except Exception as error:  # noqa: BLE001  # the edge of a thread: handed to whoever waits
                failure.append(error)

        thread = threading.Thread(target=work, name="keyring", daemon=True)
        thread.start()
        thread.join(self._timeout_s)
        if thread.is_alive():
            self._late = thread
            raise _LateError
        if failure:
            raise failure[0]
        return outcome[0]


def _require_backend(backend: Any) -> None:
    """Raise ConfigurationError for the library's words for nothing."""
    from keyring.backends import chainer, fail, null

    if isinstance(backend, null.Keyring):
        raise ConfigurationError("The keyring is switched off in the settings of the keyring library.", _OTHERWISE)
    nothing = isinstance(backend, chainer.ChainerBackend) and not list(backend.backends)
    if isinstance(backend, fail.Keyring) or nothing:
        raise ConfigurationError(
            "This system has no keyring.",
            f"Install and start one, such as GNOME Keyring or KWallet. {_OTHERWISE}",
        )


def _late(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The keyring could not be {what}: it did not answer in time.",
        f"If it asks for its password, give it, then try again. {_OTHERWISE}",
    )


def _translated(error: Exception, what: str) -> ConfigurationError:
    from keyring.errors import KeyringLocked

    if isinstance(error, KeyringLocked):
        return ConfigurationError(
            f"The keyring could not be {what}: it is locked.", f"Unlock it, then try again. {_OTHERWISE}"
        )
    return ConfigurationError(f"The keyring could not be {what}: it failed ({type(error).__name__}).", _OTHERWISE)
