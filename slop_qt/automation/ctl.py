"""`slop-qt ctl`: one call on the socket, its result as JSON on standard output."""

import json
import sys
from pathlib import Path

from slop_qt.automation.client import Client
from slop_qt.core.errors import UsageError

__all__ = ["call_once"]


def call_once(method: str, parameters: str, socket: Path | None, timeout_s: float | None) -> int:
    """Make the call and print what it answered. Returns the exit code.

    Raises:
        UsageError: the parameters are not a JSON object.
        SlopError: nobody listens, or the call failed; as the application says it.
    """
    try:
        given = json.loads(parameters)
    except json.JSONDecodeError as error:
        raise UsageError(f"The parameters are not JSON: {error}.", 'Give an object: \'{"run_id": "…"}\'.') from None
    if not isinstance(given, dict):
        raise UsageError("The parameters are not a JSON object.", 'Give an object: \'{"run_id": "…"}\'.')
    with Client(socket, timeout_s=timeout_s) as client:
        result = client.call(method, **given)
    json.dump(result, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return 0
