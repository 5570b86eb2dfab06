"""Keeps from other people's servers what the vendors' own variables have their SDKs send with every request."""

import os
from collections.abc import Collection
from typing import Any

__all__ = ["withheld_headers"]


def withheld_headers(variable: str, *, omit: Any, key: str, also: Collection[str] = ()) -> dict[str, Any]:
    """Default headers for an SDK's client that undo those of an environment variable.

    A person sets them for the vendor, or for a proxy before it, and may have a token in them: they are not for a server
    that only speaks the vendor's API. variable has a `Name: value` in each line, and is read here because the SDK reads
    it too; omit is the SDK's word for a header that is not sent; also are headers that come from other variables. Where
    the variable has the header of the key, that is key's again.
    """
    lines = os.environ.get(variable, "").split("\n")
    names = [line.partition(":")[0].strip() for line in lines if ":" in line]
    return {name: f"Bearer {key}" if name.lower() == "authorization" else omit for name in (*names, *also)}
