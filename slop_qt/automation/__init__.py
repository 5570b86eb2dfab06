"""The automation socket from outside: `Client` and `AsyncClient` drive a running slop_qt."""

from slop_qt.automation.async_client import AsyncClient
from slop_qt.automation.client import Client

__all__ = ["AsyncClient", "Client"]
