"""Whose certificates the connections trust: read once for all providers, and anew when the files change."""

import functools
import importlib
import os
import ssl
import threading
from pathlib import Path

__all__ = ["trusted_context"]

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

_lock = threading.Lock()


def trusted_context() -> ssl.SSLContext:
    """The TLS context of all clients; do not change it. For any thread, but slow at first: a twentieth of a second.

    It is made anew where the environment names other certificates or they are not those of last time, so that whoever
    installs the company's certificate need not start again.
    """
    paths = ssl.get_default_verify_paths()
    named = tuple(os.environ.get(variable, "") for variable in _VARIABLES)
    with _lock:
        return _context(tuple((path, _version(path)) for path in (*named, paths.openssl_cafile, paths.openssl_capath)))


@functools.lru_cache(maxsize=1)
def _context(certificates: tuple[tuple[str, object], ...]) -> ssl.SSLContext:
    del certificates  # what it depends on: httpx2 looks for them itself
    context: ssl.SSLContext = importlib.import_module("httpx2").create_ssl_context()
    return context


def _version(path: str) -> object:
    """What changes with the file or folder; None where there is none."""
    if not path:
        return None
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
